"""Crates against what their specifications demand.

The MUSTs are those of Process Run Crate 0.6 (https://w3id.org/ro/wfrun/process/0.6, Requirements) and of
RO-Crate 1.3 (https://w3id.org/ro/crate/1.3, Root Data Entity).
"""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from rocrate import vocabs
from rocrate.rocrate import ROCrate

from mmrepro.book.crate import PROFILE, PROSE_LICENCE, describe_run
from mmrepro.data.croissant import TREE_HASH
from mmrepro.data.manifest import load_manifest
from mmrepro.data.tree import tree_sha256
from mmrepro.evidence.record import Code, DataUse, read_record
from mmrepro.files import sha256_bytes, sha256_file
from mmrepro.papers.paper import load_paper, paper_slugs
from mmrepro.project import results_dir, root
from tests.evidence.factory import record

SLUG = "mosei-fusion"
DAY = date(2026, 1, 31)
# Addresses of vocabularies: they are named, not described.
OUTSIDE = {"https://w3id.org/ro/crate/1.3", "http://schema.org/CompletedActionStatus"}


def describe(folder, made, stale=False):
    """Describe a folder of stand-in files as the crate of a record; return its entities by identifier."""
    paper, manifest = load_paper(made.slug), load_manifest(made.slug)
    (folder / "croissant").mkdir(exist_ok=True)
    names = [
        f"{paper.slug}.json",
        paper.notebook_name,
        *(f"croissant/{name}.json" for name in manifest.datasets),
    ]
    for name in names:
        (folder / name).write_text(f"content of {name}")
    describe_run(folder, paper, manifest, made, day=DAY, stale=stale)
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert len(entities) == len(graph), "an identifier stands there twice"
    return entities


def many(value):
    return value if isinstance(value, list) else [value]


def the(entities, kind):
    (found,) = [entity for entity in entities.values() if kind in many(entity["@type"])]
    return found


def use(**given):
    entry = load_manifest(SLUG).datasets["mosi"]
    facts = {
        "name": "mosi",
        "title": entry.title,
        "sha256": entry.sha256,
        "tier": entry.tier,
        "licence": "MIT",
    }
    return DataUse(**{**facts, **given})


@pytest.fixture(scope="module", params=paper_slugs())
def committed(request, tmp_path_factory):
    made = read_record(results_dir() / "cpu" / f"{request.param}.json")
    folder = tmp_path_factory.mktemp(request.param)
    return folder, made, describe(folder, made)


def test_the_root_has_what_ro_crate_demands(committed):
    _, _, entities = committed
    descriptor, top = entities["ro-crate-metadata.json"], entities["./"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.3"}
    assert top["@type"] == "Dataset"
    assert top["name"] and top["description"]
    assert date.fromisoformat(top["datePublished"]) == DAY
    assert entities[top["license"]["@id"]]["@type"] == "CreativeWork"


def test_the_run_has_what_the_profile_demands(committed):
    _, _, entities = committed
    profile = entities[entities["./"]["conformsTo"]["@id"]]
    assert profile["@id"] == PROFILE == "https://w3id.org/ro/wfrun/process/0.6"
    assert "CreativeWork" in profile["@type"]
    action = the(entities, "CreateAction")
    assert action["@id"].startswith("urn:uuid:")
    assert {"@id": action["@id"]} in entities["./"]["mentions"]
    tool = entities[action["instrument"]["@id"]]
    assert "SoftwareSourceCode" in tool["@type"]
    # What it says SHOULD be there and we know.
    assert tool["name"] and action["name"] and action["description"]
    assert entities[action["agent"]["@id"]]["@type"] == "Organization"
    assert datetime.fromisoformat(action["endTime"]) > datetime.fromisoformat(action["startTime"])
    assert {entities[each["@id"]]["@type"] for each in action["object"]} == {"Dataset", "PropertyValue"}
    assert [entities[each["@id"]]["@type"] for each in action["result"]] == ["File"]


def test_every_reference_leads_somewhere(committed):
    _, _, entities = committed
    named = {
        value["@id"]
        for entity in entities.values()
        for values in entity.values()
        for value in many(values)
        if isinstance(value, dict)
    }
    assert named - set(entities) == OUTSIDE


def test_every_word_is_one_of_the_vocabulary(committed):
    _, _, entities = committed
    terms = set(vocabs.RO_CRATE["@context"])
    words = {word for entity in entities.values() for word in entity if not word.startswith("@")}
    assert words <= terms
    assert {kind for entity in entities.values() for kind in many(entity["@type"])} <= terms


def test_the_library_reads_it_back_and_the_files_are_as_described(committed):
    folder, made, entities = committed
    crate = ROCrate(folder)
    assert crate.root_dataset["name"] == entities["./"]["name"]
    listed = {entity.id: entity for entity in crate.data_entities}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(listed) == there - {"ro-crate-metadata.json"}
    for name, entity in listed.items():
        assert entity["sha256"] == sha256_file(folder / name)
        assert entity["contentSize"] == str((folder / name).stat().st_size)
    assert {f"croissant/{name}.json" for name in load_manifest(made.slug).datasets} < set(listed)


def test_the_facts_are_those_of_the_record_and_the_paper(committed):
    _, made, entities = committed
    paper = load_paper(made.slug)
    action, article = the(entities, "CreateAction"), the(entities, "ScholarlyArticle")
    assert article["@id"] == entities["./"]["citation"]["@id"] == f"https://arxiv.org/abs/{paper.arxiv}"
    assert [entities[each["@id"]]["name"] for each in article["author"]] == paper.authors
    begun, ended = (datetime.fromisoformat(action[name]) for name in ("startTime", "endTime"))
    assert (begun, ended - begun) == (made.started, timedelta(seconds=made.wall_s))
    assert entities[action["instrument"]["@id"]]["version"].startswith(made.code.commit)
    packages = entities[action["instrument"]["@id"]]["softwareRequirements"]
    told = {entities[each["@id"]]["name"]: entities[each["@id"]]["softwareVersion"] for each in packages}
    assert told == made.environment.packages
    values = {
        each["name"]: each["value"] for each in entities.values() if each["@id"].startswith("#environment/")
    }
    assert values["run key"] == made.code.key
    assert values["cpu"] == made.environment.cpu
    settings = {each["name"] for each in entities.values() if each["@id"].startswith("#setting/")}
    assert settings == set(made.settings)
    for each in made.data:
        dataset = entities[f"#data/{each.name}"]
        assert (dataset["name"], dataset["keywords"]) == (each.title, each.tier)
        assert entities[dataset["identifier"]["@id"]]["value"] == each.sha256


def test_nobody_is_named_but_the_authors_and_the_project(committed):
    _, made, entities = committed
    people = {each["name"] for each in entities.values() if each["@type"] == "Person"}
    assert people == set(load_paper(made.slug).authors)
    assert the(entities, "Organization")["name"] in (root() / "CITATION.cff").read_text()


def test_settings_keep_their_values(tmp_path):
    settings = {"lr": 0.1, "epochs": 3, "on": True, "task": "mosi", "seeds": [1, 2], "limit": None}
    entities = describe(tmp_path, record(settings=settings))
    values = {name: entities[f"#setting/{name}"]["value"] for name in settings}
    assert values == {"lr": 0.1, "epochs": 3, "on": True, "task": "mosi", "seeds": "[1, 2]", "limit": "null"}


@pytest.mark.parametrize(
    ("commit", "dirty", "version"),
    [("c" * 40, False, "c" * 40), ("c" * 40, True, "c" * 40 + "-dirty"), (None, True, None)],
)
def test_the_version_is_the_commit_where_there_is_one(tmp_path, commit, dirty, version):
    made = record(code=Code(commit=commit, dirty=dirty, key="k" * 64))
    assert the(describe(tmp_path, made), "SoftwareSourceCode").get("version") == version


def test_a_stale_record_says_that_the_notebook_is_not_what_ran(tmp_path):
    tool = the(describe(tmp_path, record(), stale=True), "SoftwareSourceCode")
    assert tool["description"] == f"The sources have changed since the run, which was of commit {'c' * 40}."
    unknown = record(code=Code(commit=None, dirty=True, key="k" * 64))
    tool = the(describe(tmp_path, unknown, stale=True), "SoftwareSourceCode")
    assert tool["description"] == "The sources have changed since the run."
    assert "description" not in the(describe(tmp_path, record()), "SoftwareSourceCode")


def test_a_card_is_about_the_data_that_ran_unless_the_hashes_differ(tmp_path):
    same = describe(tmp_path, record(data=[use()]))
    assert same["croissant/mosi.json"]["about"] == {"@id": "#data/mosi"}
    assert "about" not in same["croissant/mosei_labels.json"]
    other = describe(tmp_path, record(data=[use(sha256="0" * 64)]))
    assert "about" not in other["croissant/mosi.json"]
    own = describe(tmp_path, record(data=[use(name="mosei_aligned", sha256="0" * 64)]))
    assert own["croissant/mosei_aligned.json"]["about"] == {"@id": "#data/mosei_aligned"}


def test_a_licence_is_a_reference_only_where_spdx_has_it(tmp_path):
    entities = describe(tmp_path, record(data=[use(licence="none stated")]))
    assert entities["#data/mosi"]["license"] == "none stated"
    entities = describe(tmp_path, record(data=[use(licence="CC-BY-4.0")]))
    assert entities["#data/mosi"]["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}


def test_the_notebook_has_the_licences_of_code_and_prose(tmp_path):
    tool = the(describe(tmp_path, record()), "SoftwareSourceCode")
    names = [each["@id"].rpartition("/")[2] for each in tool["license"]]
    assert names == ["BSD-3-Clause", PROSE_LICENCE]
    assert "creativecommons.org/licenses/by/4.0" in (root() / "README.md").read_text()


def test_the_same_record_gives_the_same_crate_and_another_run_another_identifier(tmp_path):
    first = describe(tmp_path, record())
    assert describe(tmp_path, record()) == first
    later = describe(tmp_path, record(started=datetime(2025, 2, 1, 12, tzinfo=UTC)))
    assert the(later, "CreateAction")["@id"] != the(first, "CreateAction")["@id"]


def test_the_hash_of_data_is_the_one_that_is_named():
    files = {"b": "2" * 64, "a": "1" * 64}
    lines = "".join(f"{path}\0{files[path]}\n" for path in sorted(files))
    assert tree_sha256(files) == sha256_bytes(lines.encode())
    assert TREE_HASH.startswith("SHA-256 over the lines 'path, NUL, SHA-256")
