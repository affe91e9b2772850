"""A run for programs: its record, notebook and data as a Process Run Crate (RO-Crate)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from mmrepro.book.graph import Graph
from mmrepro.data.croissant import TREE_HASH
from mmrepro.data.manifest import Manifest
from mmrepro.evidence.record import DataUse, RunRecord
from mmrepro.papers.paper import Paper
from mmrepro.project import root

# https://www.researchobject.org/workflow-run-crate/profiles/process_run_crate; 0.6 extends RO-Crate 1.3.
RO_CRATE, PROFILE_VERSION = "1.3", "0.6"
PROFILE = f"https://w3id.org/ro/wfrun/process/{PROFILE_VERSION}"
CARDS = "croissant"
PROSE_LICENCE = "CC-BY-4.0"  # that of the code is in codemeta.json
_COMPLETED = "http://schema.org/CompletedActionStatus"


def describe_run(
    folder: Path, paper: Paper, manifest: Manifest, record: RunRecord, *, day: date, stale: bool
) -> None:
    """Write the metadata that make `folder` a crate.

    The folder holds the record as ``<slug>.json``, the chapter's notebook, and in ``croissant`` a file for
    each data set of the manifest. All that is said comes from the record, the paper's file, the manifest and
    ``codemeta.json``.

    Parameters
    ----------
    day
        When the crate is made.
    stale
        Whether the sources have changed since the run.
    """
    graph = Graph(folder, RO_CRATE)
    project = json.loads((root() / "codemeta.json").read_text(encoding="utf-8"))
    licence = graph.licence(project["license"].rpartition("/")[2])
    makers = graph.entity("#makers", "Organization", name=project["author"][0]["name"])
    used = {use.name: _dataset(graph, use) for use in record.data}
    _add_cards(graph, manifest, record, used)
    notebook = _notebook(graph, paper, record, stale=stale)
    notebook["license"] = [licence, graph.licence(PROSE_LICENCE)]
    result = graph.file(f"{paper.slug}.json", "application/json", name=f"Run record of {paper.slug}")
    inputs = [*used.values(), *graph.values("setting", record.settings)]
    action = _action(graph, record, instrument=notebook, agent=makers, object=inputs, result=[result])
    profile = {"name": "Process Run Crate", "version": PROFILE_VERSION}
    about = {
        "name": f"A run of {paper.slug}: {paper.short_title}",
        "description": " ".join(paper.summary.split()),
        "datePublished": day.isoformat(),
        "license": licence,
        "conformsTo": graph.entity(PROFILE, ["CreativeWork", "Profile"], **profile),
        "citation": _article(graph, paper),
        "mentions": [action, *used.values()],
    }
    for name, value in about.items():
        graph.root[name] = value
    graph.write()


def _article(graph: Graph, paper: Paper) -> Any:
    return graph.entity(
        paper.url,
        "ScholarlyArticle",
        name=paper.title,
        author=[graph.entity(f"#author/{quote(name)}", "Person", name=name) for name in paper.authors],
        datePublished=paper.published,
        identifier=f"arXiv:{paper.arxiv}",
    )


def _dataset(graph: Graph, use: DataUse) -> Any:
    """Add a data set as the run used it; its tier is a keyword."""
    name = f"#data/{use.name}"
    digest = {"name": "SHA-256", "propertyID": TREE_HASH, "value": use.sha256}
    return graph.entity(
        name,
        "Dataset",
        name=use.title,
        identifier=graph.entity(f"{name}/sha256", "PropertyValue", **digest),
        license=graph.licence(use.licence),
        keywords=use.tier,
    )


def _add_cards(graph: Graph, manifest: Manifest, record: RunRecord, used: Mapping[str, Any]) -> None:
    """Add the Croissant files, each about the data that the run used unless the hashes differ."""
    hashes = {use.name: use.sha256 for use in record.data}
    for name, entry in manifest.datasets.items():
        card = graph.file(f"{CARDS}/{name}.json", "application/ld+json", name=entry.title)
        if name in used and entry.sha256 in (None, hashes[name]):
            card["about"] = used[name]


def _notebook(graph: Graph, paper: Paper, record: RunRecord, *, stale: bool) -> Any:
    """Add the tool that ran, with the packages that it had; ``-dirty`` is what git says of edits."""
    packages = [
        graph.entity(f"#package/{quote(name)}", "SoftwareApplication", name=name, softwareVersion=version)
        for name, version in record.environment.packages.items()
    ]
    commit = record.code.commit
    of = f", which was of commit {commit}" if commit else ""
    return graph.file(
        paper.notebook_name,
        "application/x-ipynb+json",
        "SoftwareSourceCode",
        name=f"Chapter {paper.number}: {paper.short_title}",
        version=commit and commit + ("-dirty" if record.code.dirty else ""),
        description=f"The sources have changed since the run{of}." if stale else None,
        programmingLanguage=graph.entity("#python", "ComputerLanguage", name="Python"),
        softwareRequirements=packages,
    )


def _action(graph: Graph, record: RunRecord, **properties: Any) -> Any:
    """Add the run itself; its identifier is the same in every export of the record."""
    facts = record.environment.model_dump(exclude={"packages"})
    facts |= {"run key": record.code.key, "SHA-256 of requirements.lock": record.lock}
    return graph.entity(
        uuid5(NAMESPACE_URL, f"{record.digest} {record.started.isoformat()}").urn,
        "CreateAction",
        name=f"Run of {record.slug}",
        description=f"Profile {record.profile}, seeds {', '.join(map(str, record.seeds))}.",
        startTime=record.started.isoformat(),
        endTime=(record.started + timedelta(seconds=record.wall_s)).isoformat(),
        actionStatus={"@id": _COMPLETED},
        additionalProperty=graph.values("environment", facts),
        **properties,
    )
