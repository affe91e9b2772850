"""What the tweets themselves tell before any model: counts, stray tags, repeats, unseen entities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from mmrepro.papers.trimod_mner.hashtags import find_hashtags
from mmrepro.papers.trimod_mner.spans import lenient_spans, strict_spans, surface, surfaces
from mmrepro.papers.trimod_mner.tweets import TYPES, Tweet, stray_tags

Splits = Mapping[str, Sequence[Tweet]]


def gold_counts(tweets: Sequence[Tweet]) -> dict[str, int]:
    """Count gold entities strictly (begun by ``B-``) and leniently (a stray ``I-`` begins one too)."""
    return {
        "strict": sum(len(strict_spans(tweet.tags)) for tweet in tweets),
        "lenient": sum(len(lenient_spans(tweet.tags)) for tweet in tweets),
    }


def split_facts(splits: Splits) -> pd.DataFrame:
    """Tabulate each split: tweets, entities by both counts, stray tags, tweets with a hashtag (%)."""
    rows = []
    for name, tweets in splits.items():
        tagged = sum(any(True for _ in find_hashtags(tweet.words)) for tweet in tweets)
        counts = gold_counts(tweets)
        rows.append(
            {
                "split": name,
                "tweets": len(tweets),
                "entities, strict": counts["strict"],
                "entities, lenient": counts["lenient"],
                "stray I- tags": stray_tags(tweets),
                "with hashtag (%)": 100 * tagged / len(tweets),
            }
        )
    return pd.DataFrame(rows)


def type_counts(splits: Splits, name: str) -> pd.DataFrame:
    """Count entities by type and split: data set, split, type, entities."""
    rows = []
    for split, tweets in splits.items():
        found = Counter(span.kind for tweet in tweets for span in strict_spans(tweet.tags))
        rows += [{"data set": name, "split": split, "type": kind, "entities": found[kind]} for kind in TYPES]
    return pd.DataFrame(rows)


def overlap(splits: Splits) -> dict[str, float]:
    """Measure what the test split shares with the training split.

    Returns
    -------
    dict
        ``repeated tweets`` and ``shared images`` (counts), ``seen entities`` (% of test entities whose
        surface occurs as an entity in training), and ``hashtags that are entities`` (% of training
        hashtags whose word is inside an entity).
    """
    train, test = splits["train"], splits["test"]
    texts, images = {tweet.words for tweet in train}, {tweet.image for tweet in train}
    known = surfaces(train)
    entities = [surface(tweet, span) for tweet in test for span in strict_spans(tweet.tags)]
    hashtags = [tweet.tags[each.place] != "O" for tweet in train for each in find_hashtags(tweet.words)]
    return {
        "repeated tweets": float(sum(tweet.words in texts for tweet in test)),
        "shared images": float(sum(tweet.image in images for tweet in test)),
        "seen entities (%)": _share([entity in known for entity in entities]),
        "hashtags that are entities (%)": _share(hashtags),
    }


def _share(answers: Sequence[bool]) -> float:
    return 100 * sum(answers) / len(answers) if answers else 0.0
