"""YAML of other people's making: manifests, facts of papers, lists of the book."""

import time

import pytest
import yaml

from mmrepro.data.manifest import load_manifest
from mmrepro.document import read_yaml
from mmrepro.errors import MMReproError
from mmrepro.papers.paper import read_paper
from tests.data.conftest import project  # noqa: F401

LINES = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
BOMB = "\n".join(["a0: &a0 [x, x]", *LINES])
TRAPS = {
    "aliases that grow to 9^11 lists": BOMB,
    "an alias within itself": "slug: &a [*a]",
    "a mapping within itself": "&a\nslug: x\ndatasets: *a",
    "brackets that end the parser": "slug: " + "[" * 100_000,
    "mappings that end the parser": "{a: " * 50_000,
    "a key that stands twice": "slug: one\nslug: two",
    "a key below that stands twice": "slug: one\ndatasets: {x: 1, x: 2}",
    "a list as a key": "? [a]\n: b",
    "a mapping as a key": "? {a: b}\n: c",
    "a tag that calls a function": "slug: !!python/object/apply:os.system ['touch TRACE']",
    "a tag that makes an object": "slug: !!python/object/new:pathlib.Path [TRACE]",
    "a tag that imports": "slug: !!python/name:os.system",
    "a tag that nobody knows": "slug: !ruby/object:Gem {}",
    "bytes that are none": "slug: !!binary x",
    "a date that is none": "slug: 2025-99-99",
    "a number of five thousand digits": "slug: " + "9" * 5000,
    "a control character": "slug: a\0b",
    "two documents": "slug: a\n---\nslug: b",
    "an alias of nothing": "slug: *nobody",
    "a merge with no mapping": "<<: 3",
    "five megabytes": "slug: " + "x" * 5_000_000,
    "another encoding": "slug: é".encode("latin-1"),
    "no text at all": bytes(range(256)),
}


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    content = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(content.replace(b"TRACE", str(path.with_name("trace")).encode()))
    return path


def refused(read, path):
    """Return the one sentence that `read` refuses the file with."""
    began = time.monotonic()
    with pytest.raises(MMReproError) as told:
        read(path)
    assert time.monotonic() - began < 5
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 400
    assert told.value.exit_code == 2
    assert not path.with_name("trace").exists()
    return str(told.value)


@pytest.mark.hostile(
    "YAML with alias bombs, function tags, deep nesting, repeated keys, foreign encodings or five megabytes",
    "refused in a sentence that names the file; nothing is called, the process neither dies nor waits",
)
@pytest.mark.parametrize("text", TRAPS.values(), ids=TRAPS)
@pytest.mark.parametrize("read", [read_yaml, read_paper], ids=["document", "paper.yml"])
def test_a_document_made_to_harm_is_refused(tmp_path, read, text):
    assert "demo.yml" in refused(read, write(tmp_path / "demo.yml", text))


@pytest.mark.hostile("the same traps as a data manifest", "refused in a sentence that names the manifest")
@pytest.mark.parametrize("text", TRAPS.values(), ids=TRAPS)
def test_a_manifest_made_to_harm_is_refused(project, text):  # noqa: F811
    path = write(project.root / "data_manifests" / "demo.yml", text)
    assert "data_manifests/demo.yml" in refused(lambda _: load_manifest("demo"), path)


def test_an_alias_of_text_is_plain_data(tmp_path):
    path = write(tmp_path / "a.yml", "one: &words >-\n  long words\ntwo: *words\nlist: [1, 2.5, true, null]")
    assert read_yaml(path) == yaml.safe_load(path.read_text())


def test_a_file_that_is_not_there_is_told(tmp_path):
    assert refused(read_yaml, tmp_path / "none.yml").endswith(
        "(No such file or directory); put the file there."
    )
    assert "Is a directory" in refused(read_yaml, tmp_path)
