"""A small book with a run, a committed record and what benchmarks and faults found."""

import shutil

import pytest
import yaml

from mmrepro.book.staging import stage
from tests.book.conftest import house  # noqa: F401
from tests.book.specimen import PAPER, PROJECT, SLUG, handmade


def staged(place, is_stale=lambda made: False):
    target = place.root / "_build" / "source"
    stage("cpu", target, root=place.root, runs=place.runs, papers=[PAPER], is_stale=is_stale)
    return target


@pytest.fixture
def published(house):  # noqa: F811
    """A checkout with a run, a committed record, and what benchmarks and faults found."""
    house.keep_run(handmade())
    for name in ("benchmarks/engine.json", "faults.json"):
        (house.root / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PROJECT / "results" / name, house.root / "results" / name)
    house.commit_record()
    manifest = {
        "slug": SLUG,
        "datasets": {
            "toy": {
                "title": "Toy", "citation": "Nobody 2025.", "licence": "CC0-1.0", "access": "open",
                "tier": "paper", "description": "Some numbers.",
                "tree": {"path": "toy", "sha256": "c" * 64, "bytes": 1},
            }
        },
    }  # fmt: skip
    (house.root / "data_manifests").mkdir()
    (house.root / "data_manifests" / f"{SLUG}.yml").write_text(yaml.safe_dump(manifest))
    return house


@pytest.fixture(autouse=True)
def own_root(request, monkeypatch):
    if "published" in request.fixturenames:
        monkeypatch.setenv("MMREPRO_ROOT", str(request.getfixturevalue("published").root))
