import importlib.util
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from click.testing import CliRunner
from rocrate.rocrate import ROCrate

from mmrepro import cli
from mmrepro.book import crate, export_commands
from mmrepro.data.manifest import load_manifest
from mmrepro.errors import MMReproError
from mmrepro.evidence.record import write_record
from tests.conftest import HERE, SLUG
from tests.evidence.factory import record


def export(*arguments):
    return CliRunner().invoke(cli.root, ["export", *map(str, arguments)])


def refusal(*arguments):
    """The sentence with which an export is refused; `main` ends with its exit code."""
    outcome = export(*arguments)
    assert isinstance(outcome.exception, MMReproError), outcome.output
    assert outcome.exception.exit_code == 2
    assert outcome.output == ""
    return str(outcome.exception)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.fixture
def committed(checkout):
    shutil.copy(HERE / "codemeta.json", checkout.root)
    path = checkout.root / "results" / "cpu" / f"{SLUG}.json"
    write_record(record(), path)
    return path


@pytest.fixture
def there(tmp_path):
    return tmp_path / "exported"


def test_a_chapter_is_its_record_its_notebook_and_a_card_for_each_data_set(committed, checkout, there):
    outcome = export(there, SLUG)
    assert (outcome.exit_code, outcome.output) == (0, f"{there / SLUG}\n")
    found = contents(there / SLUG)
    assert found.pop(f"{SLUG}.json") == committed.read_bytes()
    assert found.pop(checkout.notebook.name) == checkout.notebook.read_bytes()
    assert ROCrate(there / SLUG).root_dataset["conformsTo"].id == crate.PROFILE
    del found["ro-crate-metadata.json"]
    datasets = load_manifest(SLUG).datasets
    assert set(found) == {f"croissant/{name}.json" for name in datasets}
    for name, entry in datasets.items():
        assert json.loads(found[f"croissant/{name}.json"])["name"] == entry.title
    assert [path.name for path in there.iterdir()] == [SLUG]


def test_a_chapter_of_the_book_is_exported_with_the_data_that_its_run_used(there):
    assert export(there, "piip").exit_code == 0
    made = ROCrate(there / "piip")
    (action,) = [each for each in made.contextual_entities if each.type == "CreateAction"]
    assert action["instrument"].id == "05_piip.ipynb"
    assert {each.id for each in action["object"] if each.type == "Dataset"} == {
        "#data/bccd",
        "#data/ucmerced",
    }


def test_a_chapter_whose_sources_have_changed_says_so(committed, there):
    export(there, SLUG)
    notebook = ROCrate(there / SLUG).get("01_mosei_fusion.ipynb")
    assert notebook["description"].startswith("The sources have changed since the run")


def test_an_earlier_export_is_replaced(committed, there):
    export(there, SLUG)
    write_record(record(wall_s=9.0), committed)
    assert export(there, SLUG).exit_code == 0
    assert (there / SLUG / f"{SLUG}.json").read_bytes() == committed.read_bytes()
    assert [path.name for path in there.iterdir()] == [SLUG]


def test_naming_no_chapter_means_all_and_all_must_have_a_record(committed, there):
    sentence = refusal(there)
    assert sentence.startswith("No committed cpu record of cg-mer, ")
    assert SLUG not in sentence
    assert sentence.endswith("`mmrepro run cg-mer --profile cpu --publish` makes one.")
    assert not there.exists()


def test_an_unknown_chapter_is_refused_before_anything_is_written(committed, there):
    assert "did you mean 'mosei-fusion'" in refusal(there, SLUG, "mosei-fussion")
    assert not there.exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda target: (target / "notes.txt").write_text("mine"),
        lambda target: (target / "ro-crate-metadata.json").unlink(),
        lambda target: (target / "ro-crate-metadata.json").write_text("{"),
        lambda target: (target / "ro-crate-metadata.json").write_text("[]"),
        lambda target: (target / "ro-crate-metadata.json").write_text('{"@graph": [{"@id": "./"}]}'),
        lambda target: (target / "ro-crate-metadata.json").write_text(
            '{"@graph": [{"@id": "./", "hasPart": [{"@id": "theirs.txt"}]}]}'
        ),
    ],
    ids=["a file more", "no metadata", "broken metadata", "a list", "lists nothing", "another crate"],
)
def test_what_is_not_only_an_earlier_export_is_left_alone(committed, there, spoil):
    export(there, SLUG)
    spoil(there / SLUG)
    before = contents(there)
    sentence = refusal(there, SLUG)
    assert sentence == f"{there / SLUG} is not only an earlier export; move it away or name another DIR."
    assert contents(there) == before


def test_a_file_in_the_place_of_a_chapter_is_left_alone(committed, there):
    there.mkdir()
    (there / SLUG).write_text("mine")
    assert "is not only an earlier export" in refusal(there, SLUG)
    assert (there / SLUG).read_text() == "mine"


def test_an_export_that_fails_leaves_the_earlier_one(committed, there, monkeypatch):
    export(there, SLUG)
    before = contents(there)

    def fail(*_, **__):
        raise MMReproError("No more.")

    monkeypatch.setattr(crate, "describe_run", fail)
    assert refusal(there, SLUG) == "No more."
    assert contents(there) == before
    assert [path.name for path in there.iterdir()] == [SLUG]


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(committed, tmp_path):
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "below"
    sentence = f"Cannot export into {place} (Not a directory: {place}); name a DIR that can be written."
    assert refusal(place, SLUG) == sentence
    outcome = export(tmp_path / "file", SLUG)
    assert outcome.exit_code == 2
    assert "is a file" in outcome.output


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (["rocrate"], "An export needs rocrate; install it with `pip install -e '.[export]'`."),
        (["mlcroissant"], "An export needs mlcroissant; install it with `pip install -e '.[corpus]'`."),
        (
            ["rocrate", "mlcroissant"],
            "An export needs rocrate and mlcroissant; install it with `pip install -e '.[export,corpus]'`.",
        ),
    ],
)
def test_a_missing_library_is_named_before_anything_is_written(
    committed, there, monkeypatch, missing, sentence
):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else find(name))
    assert refusal(there, SLUG) == sentence
    assert not there.exists()


def test_exports_at_once_end_with_one_whole_export(tmp_path, monkeypatch):
    def fill(folder, *_):
        folder.mkdir()
        for name in "abc":
            (folder / name).write_text(name)

    monkeypatch.setattr(export_commands, "_fill", fill)
    target = tmp_path / "toy"

    def put(_):
        export_commands._export_chapter(target, None, None, date(2026, 1, 31))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(200)))
    assert {name: content.decode() for name, content in contents(target).items()} == {
        name: name for name in "abc"
    }
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]


def test_the_help_waits_for_no_library():
    code = (
        "import sys\nfrom mmrepro.cli import root\ntry:\n    root(['export', '--help'])\nexcept SystemExit:\n"
        "    print(sorted({'rocrate', 'mlcroissant', 'pandas', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
