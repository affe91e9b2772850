"""Choosing the best of many runs: what the test that chose it says of it, and what other speakers say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmrepro.errors import MMReproError
from mmrepro.papers.mosei_fusion.evaluation import Runs

CHOSEN_ON = ("other speakers", "same speakers", "all speakers")


def winner(runs: Runs, systems: Sequence[str], chosen_on: str, draws: int = 400) -> dict[str, str | float]:
    """Choose the best run of `systems` again and again, and score it on half of the test speakers.

    Parameters
    ----------
    systems
        Every seed of each is a candidate.
    chosen_on
        Of `CHOSEN_ON`: the half that is not scored, the scored half itself, or both.
    draws
        How often the speakers are halved at random, in the same way for every `chosen_on`.

    Returns
    -------
    dict
        ``winner chosen on``; and the accuracies in percent, averaged over draws, of the ``winner`` and
        of ``all runs`` on the scored speakers.

    Raises
    ------
    MMReproError
        When `chosen_on` is unknown, or there is only one test speaker.
    """
    if chosen_on not in CHOSEN_ON:
        raise MMReproError(
            f"The winner cannot be chosen on {chosen_on!r}; take one of {', '.join(map(repr, CHOSEN_ON))}."
        )
    names, speaker = np.unique(runs.test.speakers, return_inverse=True)
    if len(names) < 2:
        raise MMReproError("All test examples are of one speaker; two are needed to choose on one of them.")
    own = np.eye(len(names))[speaker]
    candidates = [values for name in systems for values in runs.probabilities[name].values()]
    right = np.stack([values.argmax(1) == runs.test.labels for values in candidates]) @ own
    rng = np.random.default_rng(0)
    order = np.stack([rng.permutation(len(names)) for _ in range(draws)])
    scored = (order < len(names) // 2).astype(float)
    chooses = {"other speakers": 1 - scored, "same speakers": scored, "all speakers": scored * 0 + 1}
    accuracy, known = (
        100 * (half @ right.T) / (half @ own.sum(0))[:, None] for half in (scored, chooses[chosen_on])
    )
    chosen = accuracy[np.arange(draws), known.argmax(1)]
    return {
        "winner chosen on": chosen_on,
        "winner": float(chosen.mean()),
        "all runs": float(accuracy.mean()),
    }
