"""A new run beside the committed record: the same within the declared tolerances, or not."""

from __future__ import annotations

from collections.abc import Mapping

from mmrepro.evidence.record import RunRecord

_KEYS = ["dataset", "metric", "system"]


def differences(new: RunRecord, committed: RunRecord, tolerances: Mapping[str, float]) -> list[str]:
    """Tell, a sentence each, where `new` departs from `committed`.

    Means over seeds are compared, each metric within its tolerance (0 when none is declared, which
    only a deterministic metric can meet), and every verdict.
    """
    ours, theirs = (
        record.metrics_frame().fillna({"dataset": "closed form"}).groupby(_KEYS)["value"].mean()
        for record in (new, committed)
    )
    found = [f"{'/'.join(key)} is missing from the new run" for key in theirs.index.difference(ours.index)]
    found += [
        f"{'/'.join(key)} is not in the committed record" for key in ours.index.difference(theirs.index)
    ]
    for key in ours.index.intersection(theirs.index):
        dataset, metric, system = key
        allowed = tolerances.get(metric, 0.0) + 1e-9
        if abs(ours[key] - theirs[key]) > allowed:
            found.append(
                f"{dataset}/{metric}/{system} is {ours[key]:.6g}, committed {theirs[key]:.6g}, "
                f"tolerance {tolerances.get(metric, 0.0):g}"
            )
    before = {result.id: result.verdict for result in committed.claims}
    after = {result.id: result.verdict for result in new.claims}
    found += [
        f"verdict of {claim}: {after.get(claim, 'missing')!r}, committed {before.get(claim, 'missing')!r}"
        for claim in sorted(before.keys() | after.keys())
        if before.get(claim) != after.get(claim)
    ]
    return found
