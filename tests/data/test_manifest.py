import re

import pytest
import yaml

from mmrepro.data import manifest, store
from mmrepro.data.tree import tree_sha256
from mmrepro.errors import MMReproError
from mmrepro.files import sha256_bytes

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def error_of(project, **datasets):
    project.write(**datasets)
    with pytest.raises(MMReproError) as caught:
        manifest.load_manifest("demo")
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.startswith("data_manifests/demo.yml: ")
    return sentence


def test_a_manifest_is_read(project):
    project.write(numbers={"files": [project.file("n/a.csv", b"1\n", {"url": "https://example.org/a.csv"})]})
    entry = manifest.load_manifest("demo").datasets["numbers"]
    assert entry.bytes == 2
    assert entry.files[0].sources[0].kind == "url"
    assert manifest.list_manifests() == ["demo"]


def test_declared_hashes_need_no_files(project):
    a, b = project.file("b.csv", b"1"), project.file("a.csv", b"2")
    project.write(pair={"files": [a, b]}, own={"access": "user", "variable": "OWN_FILE"})
    lines = f"a.csv\0{b['sha256']}\nb.csv\0{a['sha256']}\n"
    assert store.declared_hashes("demo") == {"pair": sha256_bytes(lines.encode())}


def test_unknown_names_get_the_nearest(project):
    project.write(numbers={"files": [project.file("a", b"1")]})
    with pytest.raises(MMReproError, match="no data manifest 'demos'; did you mean 'demo'"):
        manifest.load_manifest("demos")
    with pytest.raises(MMReproError, match="no data set 'number'; did you mean 'numbers'"):
        store.locate("demo", "number")


def test_select_takes_manifests_and_single_data_sets(project):
    file = project.file
    project.write(one={"files": [file("a", b"1")]}, two={"files": [file("b", b"2")]})
    assert manifest.select([]) == manifest.select(["demo"]) == [("demo", "one"), ("demo", "two")]
    assert manifest.select(["demo/two", "demo/two"]) == [("demo", "two")]
    with pytest.raises(MMReproError, match="no data set 'tow'; did you mean 'two'"):
        manifest.select(["demo/tow"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"licens": "MIT"}, "datasets.x.licens: unknown key; did you mean 'licence' or"),
        (
            {"access": "opne"},
            "datasets.x.access: should be 'open', 'gated', 'private' or 'user' (it is 'opne')",
        ),
        ({"tier": "best"}, "datasets.x.tier: should be 'paper', 'closed-form', 'stand-in' or 'synthetic'"),
        ({"title": " "}, "datasets.x.title: "),
        ({"files": []}, "datasets.x: access 'open' needs either 'files' or 'tree'"),
        ({"access": "private"}, "datasets.x: access 'private' has neither 'files' nor 'tree'"),
        ({"access": "gated"}, "datasets.x: 'gate' goes with access 'gated', and only with it"),
        ({"variable": "X_FILE"}, "datasets.x: 'variable' goes with access 'user', and only with it"),
    ],
)
def test_errors_in_a_data_set(project, change, expected):
    given = {"files": [project.file("a", b"1")], **change}
    assert expected in error_of(project, x=given)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"sha": "0"}, "files.0.sha: unknown key; did you mean 'sha256'?"),
        ({"sha256": "xyz"}, "files.0.sha256: "),
        ({"bytes": -1}, "files.0.bytes: "),
        ({"path": "../a"}, "files.0.path: must be a relative path"),
        ({"path": "/a"}, "files.0.path: must be a relative path"),
        ({"sources": [{"uri": "https://x.org"}]}, "must hold one of the keys url, archive, package, recipe"),
        ({"sources": ["https://x.org/a"]}, "sources.0: must hold one of the keys url, archive"),
        (
            {"sources": [{"url": "ftp://x.org/a"}]},
            "files.0.sources.0.url: must begin with https:// or http://",
        ),
        (
            {"sources": [{"url": "https://x.org/a", "sha": 1}]},
            "files.0.sources.0.sha: unknown key; valid names are url.",
        ),
        (
            {"sources": [{"url": "https://raw.githubusercontent.com/a/b/main/c"}]},
            "files.0.sources.0.url: must be pinned to a 40-digit commit",
        ),
    ],
)
def test_errors_in_a_file(project, change, expected):
    expected = f"datasets.x.{expected}" if expected.startswith("files") else expected
    assert expected in error_of(project, x={"files": [{**project.file("a", b"1"), **change}]})


def test_missing_keys_are_named_and_counted(project):
    sentence = error_of(project, x={"files": [{"path": "a", "sha256": "0" * 64}]}, y={"tree": {"path": "t"}})
    assert "datasets.x.files.0.bytes: Field required. (2 more)" in sentence


def test_a_tree_does_not_come_from_one_file(project):
    tree = {"path": "t", "sha256": "0" * 64, "bytes": 1, "sources": [{"url": "https://x.org/t"}]}
    assert "datasets.x.tree.sources: a tree cannot come from 'url'" in error_of(project, x={"tree": tree})


def test_data_sets_do_not_overlap(project):
    tree = {"path": "t", "sha256": "0" * 64, "bytes": 1}
    sentence = error_of(project, x={"tree": tree}, y={"files": [project.file("t/a", b"1")]})
    assert "datasets.y: the path 't/a' overlaps 't'" in sentence


def test_recipes_use_what_is_declared_above(project):
    file = project.file("b", b"1", {"recipe": "mmrepro.module:build", "inputs": ["later"]})
    later = {"files": [project.file("a", b"1")]}
    sentence = error_of(project, x={"files": [file]}, later=later)
    assert "datasets.x: the inputs of a recipe must be declared above it" in sentence


def test_pinned_github_urls_are_accepted(project):
    urls = [
        f"https://raw.githubusercontent.com/a/b/{COMMIT}/c",
        f"https://github.com/a/b/archive/{COMMIT}.zip",
    ]
    project.write(x={"files": [project.file("a", b"1", *({"url": url} for url in urls))]})
    assert len(manifest.load_manifest("demo").datasets["x"].files[0].sources) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("slug: [", "data_manifests/demo.yml, line 2: not valid YAML"),
        ("- a\n", "data_manifests/demo.yml: must hold the keys slug, datasets."),
        ("slug: demo\ndatasets: {}\ndataset: 1\n", "datasets: "),
        ("slug: demo\ndatasets: {A B: {}}\n", "datasets.A B"),
    ],
)
def test_files_that_are_no_manifests(project, text, expected):
    (project.root / "data_manifests" / "demo.yml").write_text(text)
    with pytest.raises(MMReproError, match=re.escape(expected)):
        manifest.load_manifest("demo")


def test_the_slug_is_the_file_name(project):
    project.write(x={"files": [project.file("a", b"1")]})
    path = project.root / "data_manifests" / "demo.yml"
    path.rename(path.with_name("other.yml"))
    with pytest.raises(MMReproError, match=r"data_manifests/other\.yml: slug: must be 'other'"):
        manifest.load_manifest("other")


def test_unknown_top_level_key(project):
    project.write(x={"files": [project.file("a", b"1")]})
    path = project.root / "data_manifests" / "demo.yml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "dataset": {}}))
    with pytest.raises(MMReproError, match="dataset: unknown key; did you mean 'datasets'"):
        manifest.load_manifest("demo")


def test_every_committed_manifest_is_valid(monkeypatch):
    monkeypatch.delenv("MMREPRO_ROOT", raising=False)
    assert "mosei-fusion" in manifest.list_manifests()
    for slug in manifest.list_manifests():
        manifest.load_manifest(slug)


def test_the_tree_hash_is_as_documented():
    assert tree_sha256({"b": "2" * 64, "a": "1" * 64}) == sha256_bytes(
        f"a\0{'1' * 64}\nb\0{'2' * 64}\n".encode()
    )


def test_select_keeps_all_manifests_that_are_named(project):
    project.write(one={"files": [project.file("a", b"1")]})
    project.write("other", two={"files": [project.file("b", b"2")]})
    assert manifest.select(["demo", "other/two"]) == [("demo", "one"), ("other", "two")]
    assert manifest.select([]) == [("demo", "one"), ("other", "two")]


def test_one_problem_is_told_and_the_others_are_counted(project):
    file = project.file("a", b"1")
    assert error_of(project, x={"files": [file], "title": " ", "tier": "best"}).endswith(" (1 more)")
    assert "more)" not in error_of(project, x={"files": [file], "title": " "})


def test_a_key_that_nobody_knows_is_told_with_those_of_its_place(project):
    gate = {"accept": "x", "where": "https://example.org", "variable": "TOKEN", "wheer": "x"}
    tree = {"path": "t", "sha256": "0" * 64, "bytes": 1, "pth": "t"}
    file = project.file("a", b"1")
    assert error_of(project, x={"files": [file], "access": "gated", "gate": gate}).startswith(
        "data_manifests/demo.yml: datasets.x.gate.wheer: unknown key; did you mean 'where'"
    )
    assert error_of(project, x={"tree": tree}).startswith(
        "data_manifests/demo.yml: datasets.x.tree.pth: unknown key; did you mean 'path'"
    )
    assert "datasets.x.filez: unknown key; did you mean 'files'" in error_of(project, x={"filez": []})


def test_broken_yaml_is_told_by_the_manifests_short_name(project):
    (project.root / "data_manifests" / "demo.yml").write_text("a: [")
    with pytest.raises(MMReproError, match=r"^data_manifests/demo\.yml, line \d: not valid YAML"):
        manifest.load_manifest("demo")
