"""Spoils bytes at random, the same way for the same seed.

Readers of these bytes are libraries in C: what they do wrong may end the process, which another one watches,
and no smaller example would come of it. So a seed serves better than hypothesis, and `--times` goes on.
"""

import random


def spoilt(content, seed):
    """Change, drop, insert or cut a few bytes of `content`."""
    rng, body = random.Random(seed), bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 10])):
        place, kind = rng.randrange(len(body)), rng.random()
        if kind < 0.6:
            body[place] = rng.choice([0, 57, 128, 255, rng.randrange(256)])
        elif kind < 0.75:
            del body[place : place + rng.randrange(1, 20)]
        elif kind < 0.9:
            body[place:place] = rng.randbytes(rng.randrange(1, 8))
        else:
            del body[place + 1 :]
        body = body or bytearray(b"\0")
    return bytes(body)
