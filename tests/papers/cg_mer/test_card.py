import pytest

from mmrepro.data.croissant import croissant
from mmrepro.data.manifest import load_manifest
from mmrepro.errors import MMReproError
from mmrepro.papers.cg_mer import card

MANIFEST = load_manifest("cg-mer")


@pytest.mark.parametrize("name", list(MANIFEST.datasets))
def test_every_card_is_valid_and_lacks_only_what_nobody_told(name):
    warnings = card.validate(croissant(MANIFEST.slug, name, MANIFEST.datasets[name]))
    assert all("version" in each or "datePublished" in each for each in warnings)


def test_a_card_without_its_hash_is_refused():
    broken = croissant("cg-mer", "cremad", MANIFEST.datasets["cremad"])
    del broken["distribution"][0]["sha256"]
    with pytest.raises(MMReproError, match="no valid Croissant file"):
        card.validate(broken)


def test_the_table_has_every_data_set():
    table = card.card_table(MANIFEST)
    assert table["data set"].tolist() == [entry.title for entry in MANIFEST.datasets.values()]
    assert table["MB"].isna().sum() == 1  # the corpus that nobody can fetch
