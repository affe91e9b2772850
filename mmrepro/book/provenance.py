"""Whether a record says of paper, data and seeds what the sources say that its key was made from.

A record is judged anew when it is read, but by the claims and tiers that it holds itself: one with a wider
margin or a better tier would be as consistent.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmrepro.data.manifest import DatasetEntry, Manifest
from mmrepro.errors import MMReproError
from mmrepro.evidence.record import DataUse, RunRecord
from mmrepro.papers.paper import Paper


def refuse_foreign(record: RunRecord, paper: Paper, manifest: Manifest | None) -> None:
    """Refuse a record that is not stale and yet departs from today's sources.

    Parameters
    ----------
    manifest
        Of the chapter's data sets, where it declares any.

    Raises
    ------
    MMReproError
        Naming the chapter, what departs and from which file.
    """
    for problem in _departures(record, paper, manifest):
        raise MMReproError(
            f"The {record.profile} record of {record.slug} {problem}, though its key is that of today's "
            "sources; run the chapter again."
        )


def _departures(record: RunRecord, paper: Paper, manifest: Manifest | None) -> Iterator[str]:
    declared = {claim.id: claim for claim in paper.claims}
    if [result.id for result in record.claims] != list(declared):
        yield "does not test the claims of paper.yml, each once and in their order"
    for result in record.claims:
        if result.claim != declared.get(result.id):
            yield f"tests {result.id} otherwise than paper.yml declares it"
    if "seeds" in record.settings and record.seeds != record.settings["seeds"]:
        yield "names other seeds than its settings"
    datasets = manifest.datasets if manifest else {}
    for used in record.data:
        if manifest and not _declared(used, datasets.get(used.name)):
            yield f"uses {used.name} otherwise than the data manifest declares it"


def _declared(used: DataUse, entry: DatasetEntry | None) -> bool:
    """Say whether a data set is the declared one, or the generated sample in its place."""
    if entry is None:
        return False
    if used.tier == "synthetic":
        return True
    same_bytes = entry.sha256 is None or used.sha256 == entry.sha256  # a user's own file has no hash
    return same_bytes and (used.tier, used.licence) == (entry.tier, entry.licence)
