"""What the best of many is worth, by the videos that it was chosen on and by others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmrepro.errors import MMReproError
from mmrepro.papers.tarsier2.arms import Told

CHOSEN_ON = ("held-back half", "tested half")


def best_f1(candidates: Sequence[Told], chosen_on: str, rounds: int = 400, seed: int = 0) -> float:
    """Return the F1 (%) of the best candidate on one half of the videos, over many random halves.

    Parameters
    ----------
    chosen_on
        The half by whose F1 the best is chosen: ``held-back half``, or ``tested half`` itself.
    rounds
        How many times the videos are cut into halves; `seed` draws them.

    Raises
    ------
    MMReproError
        When `chosen_on` is neither half, or there is no candidate.
    """
    if chosen_on not in CHOSEN_ON:
        raise MMReproError(f"Nothing can be chosen on {chosen_on!r}; choose on the {' or '.join(CHOSEN_ON)}.")
    if not candidates:
        raise MMReproError("There is no candidate to choose; give one at least.")
    recall, precision = (
        np.stack([getattr(told, name) for told in candidates], axis=1) for name in ("recall", "precision")
    )
    videos, rng = len(recall), np.random.default_rng(seed)
    order = np.stack([rng.permutation(videos) for _ in range(rounds)])
    halves = {"tested half": order[:, : videos // 2], "held-back half": order[:, videos // 2 :]}
    scores = {}
    for name, rows in halves.items():
        r, p = recall[rows].mean(1), precision[rows].mean(1)  # (rounds, candidates)
        scores[name] = np.divide(2 * r * p, r + p, out=np.zeros_like(r), where=r + p > 0)
    best = scores[chosen_on].argmax(1)
    return 100 * float(scores["tested half"][np.arange(rounds), best].mean())
