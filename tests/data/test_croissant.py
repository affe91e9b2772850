import logging

import mlcroissant
import pytest

from mmrepro.data.croissant import croissant
from mmrepro.data.manifest import DatasetEntry, list_manifests, load_manifest
from mmrepro.errors import MMReproError

HASH, COMMIT = "0" * 64, "c" * 40
FILE = {"path": "clips/a.csv", "sha256": HASH, "bytes": 12}
TREE = {"path": "clips", "sha256": "1" * 64, "bytes": 12, "members": ["images/*.png", "labels.csv"]}
PACKAGE = {"package": "@maker/clips", "registry": "npm", "version": "1.2.3", "sha256": "2" * 64}
ENTRIES = [(slug, *item) for slug in list_manifests() for item in load_manifest(slug).datasets.items()]
UNKNOWN = {"https://schema.org/datePublished", "https://schema.org/version"}


@pytest.fixture(autouse=True)
def quiet():
    """The library logs its warnings; the tests read them."""
    logger = logging.getLogger("absl")
    before = logger.level
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(before)


def entry(**given):
    common = {
        "title": "Clips",
        "citation": "Doe.\n Clips. 2020.",
        "licence": "CC-BY-4.0",
        "access": "open",
        "tier": "paper",
        "description": "Two\n files.",
    }
    return DatasetEntry.model_validate({**common, **given})


def card(**given):
    made = croissant("toy", "clips", entry(**given))
    assert mlcroissant.Dataset(jsonld=made).metadata.issues.errors == set()
    return made


def nodes(*sources, unit=FILE):
    made = {**unit, "sources": sources}
    return card(**({"tree": made} if "members" in unit else {"files": [made]}))["distribution"]


@pytest.mark.parametrize(
    ("slug", "name", "given"), ENTRIES, ids=[f"{slug}/{name}" for slug, name, _ in ENTRIES]
)
def test_the_library_accepts_every_data_set_of_the_book(slug, name, given):
    made = croissant(slug, name, given)
    read = mlcroissant.Dataset(jsonld=made).metadata
    assert read.issues.errors == set()
    # All that it misses is what the manifests do not know.
    assert {warning.split('"')[1] for warning in read.issues.warnings} == UNKNOWN
    assert (read.name, read.cite_as) == (given.title, " ".join(given.citation.split()))
    assert not read.record_sets
    hashes = {node.sha256 for node in read.file_objects}
    assert {file.sha256 for file in given.files} <= hashes
    assert [node.id for node in read.file_sets] == ([given.tree.path] if given.tree else [])


def test_words_are_on_one_line_and_the_note_on_the_licence_is_not_lost():
    made = card(files=[FILE], licence_note="Not the\n music.")
    assert made["description"] == "Two files. Licence: Not the music."
    assert made["citeAs"] == "Doe. Clips. 2020."
    assert made["alternateName"] == "toy/clips"


@pytest.mark.parametrize(
    ("licence", "told"),
    [
        ("CC-BY-4.0", "https://spdx.org/licenses/CC-BY-4.0"),
        ("LicenseRef-Toy", "LicenseRef-Toy"),
        ("none stated", "none stated"),
        ("CC-BY-4.0 and others", "CC-BY-4.0 and others"),
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("mit", "mit"),
    ],
)
def test_only_a_licence_of_the_spdx_list_becomes_an_address(licence, told):
    assert card(files=[FILE], licence=licence)["license"] == told


def test_a_file_at_an_address():
    url = f"https://raw.githubusercontent.com/doe/clips/{COMMIT}/data/a.csv"
    (file,) = nodes({"url": url})
    assert file == {
        "@type": "cr:FileObject",
        "@id": "clips/a.csv",
        "name": "a.csv",
        "contentUrl": url,
        "contentSize": "12 B",
        "encodingFormat": "text/csv",
        "sha256": HASH,
    }
    made = card(files=[{**FILE, "sources": [{"url": url}]}])
    assert made["url"] == f"https://github.com/doe/clips/tree/{COMMIT}"
    assert "url" not in card(files=[{**FILE, "sources": [{"url": "https://example.org/a.csv"}]}])


def test_a_file_in_a_package_names_the_package_and_its_place_there():
    package, file = nodes({**PACKAGE, "members": ["package/x/a.csv"]})
    assert package["contentUrl"] == "pkg:npm/%40maker/clips@1.2.3"
    assert package["sha256"] == "2" * 64
    assert file["containedIn"] == {"@id": package["@id"]}
    assert (file["contentUrl"], file["sha256"]) == ("package/x/a.csv", HASH)


def test_a_package_that_two_files_come_from_is_listed_once():
    files = [{**FILE, "path": f"clips/{name}", "sources": [PACKAGE]} for name in ("a.csv", "b.csv")]
    assert [node["name"] for node in card(files=files)["distribution"]] == ["clips@1.2.3", "a.csv", "b.csv"]


def test_a_file_that_only_a_mirror_has_says_so():
    (file,) = nodes()
    assert file["contentUrl"] == "clips/a.csv"
    assert file["description"] == "The manifest names no address for it; a mirror holds it under this path."


def test_a_derived_file_says_from_what():
    (file,) = nodes({"recipe": "mmrepro.toy:pack", "inputs": ["raw"]})
    assert file["description"] == "Made from raw by mmrepro.toy:pack."


@pytest.mark.parametrize("sha256", ["3" * 64, None])
def test_a_tree_in_an_archive_is_in_a_file_only_if_that_has_a_hash(sha256):
    url = f"https://codeload.github.com/doe/clips/zip/{COMMIT}"
    source = {
        "archive": url,
        "bytes": 99,
        "members": ["*/x/images/*.png", "*/x/labels.csv"],
        "sha256": sha256,
    }
    *archive, tree = nodes(source, unit=TREE)
    assert tree["@type"] == "cr:FileSet"
    assert tree["identifier"]["value"] == "1" * 64
    assert tree["encodingFormat"] == ["image/png", "text/csv"]
    if sha256:
        assert archive[0]["contentUrl"] == url
        assert tree["containedIn"] == {"@id": url}
        assert tree["includes"] == source["members"]
    else:
        assert archive == []
        assert url in tree["description"]
        assert tree["includes"] == ["clips/images/*.png", "clips/labels.csv"]


def test_what_stands_before_the_files_is_told_and_nothing_is_made_up_for_those_that_have_none():
    gate = {"accept": "the terms", "where": "https://example.org/terms", "variable": "TOKEN"}
    gated = card(access="gated", gate=gate, files=[FILE])
    assert gated["conditionsOfAccess"] == "Accept the terms at https://example.org/terms."
    assert gated["url"] == gate["where"]
    own = card(access="user", variable="MMREPRO_TOY")
    assert own["conditionsOfAccess"] == "A copy of your own, which MMREPRO_TOY names."
    private = card(access="private")
    assert private["conditionsOfAccess"] == "Private."
    assert not {"distribution", "url"} & (set(own) | set(private))
    assert "conditionsOfAccess" not in card(files=[FILE])


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.json", "application/json"),
        ("a.json.gz", "application/gzip"),
        ("a.zip", "application/zip"),
        ("a.mp4", "video/mp4"),
        ("a.npz", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_format_is_that_of_the_suffix(path, kind):
    (file,) = nodes(unit={**FILE, "path": path})
    assert file["encodingFormat"] == kind


def test_what_the_format_cannot_tell_is_refused_in_a_sentence():
    with pytest.raises(MMReproError, match=r"^toy/clips is no Croissant data set: .*whitespace"):
        croissant("toy", "clips", entry(files=[{**FILE, "path": "clips/a b.csv"}]))
