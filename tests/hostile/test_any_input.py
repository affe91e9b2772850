"""Whatever is given is taken as what it says, or refused in one sentence: examples are made by hypothesis."""

import ast
import copy
import json
import math
import pickle
from pathlib import PurePosixPath

import numpy as np
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from papermill.translators import PythonTranslator

from mmrepro.cli import told_in_one_line
from mmrepro.data.manifest import load_manifest
from mmrepro.data.readers import read_npz, read_pickle
from mmrepro.document import read_yaml
from mmrepro.errors import MMReproError
from mmrepro.execution.parameter import injected_parameters, settings_from
from mmrepro.papers.paper import PROFILES, load_paper, read_paper
from mmrepro.papers.settings import ChapterSettings, SettingsError, settings_class
from tests.book.specimen import PAPER
from tests.conftest import SLUG
from tests.data.conftest import Project, project  # noqa: F401

WORDS = st.text(max_size=20)
CODE = st.sampled_from(
    [
        "__import__('os').system('x')",
        "{{ x }}",
        "$(x)",
        "`x`",
        "'; x()",
        '"""\nx()\n"""',
        "\\x27",
        "еpochs",
        "−1",
    ]
)
NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from(["nan", "-inf", "1e999", "１２", "٣"]))
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS, CODE)
PLAIN = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
FINITE = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), WORDS
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
NAMES = sorted(settings_class(load_paper(SLUG)).model_fields)


def taken_or_refused(read, *given, longest=800):
    """Return what `read` makes of its argument, or None where it refuses it in one sentence."""
    try:
        return read(*given)
    except MMReproError as error:
        assert len(told_in_one_line(error)) < longest
        assert error.exit_code == 2
        return None


def places(value, place=()):
    """Yield the place of everything in nested lists and mappings."""
    yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*place, key))


@st.composite
def changed(draw, whole):
    """Replace one part of a document with anything, take it away, or put an unknown key beside it."""
    document = copy.deepcopy(whole)
    *above, last = draw(st.sampled_from([place for place in places(whole) if place]))
    holder = document
    for key in above:
        holder = holder[key]
    what = draw(st.sampled_from(["replace", "replace", "take", "add"]))
    if what == "replace":
        holder[last] = draw(PLAIN)
    elif what == "take":
        del holder[last]
    elif isinstance(holder, dict):
        holder[draw(WORDS)] = draw(PLAIN)
    return document


@given(FINITE)
def test_plain_data_come_back_from_yaml(tmp_path, content):
    path = tmp_path / "a.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=False))
    assert read_yaml(path) == content


@given(st.one_of(st.text("{}[]:,&*!|>-?#'\"% \n\tab1", max_size=40), st.binary(max_size=40)))
@example("<<: {a: 1}")
def test_any_text_is_yaml_as_its_own_reader_takes_it_or_refused(tmp_path, text):
    path = tmp_path / "a.yml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    found = taken_or_refused(read_yaml, path)
    if found is not None:
        assert repr(found) == repr(yaml.load(path.read_bytes(), yaml.CSafeLoader))


FILE = {"path": "n/a.csv", "sha256": "0" * 64, "bytes": 2, "sources": [{"url": "https://example.org/a.csv"}]}
MANIFEST = {
    "slug": "demo",
    "datasets": {
        "one": Project.entry(files=[FILE]),
        "two": Project.entry(tree={"path": "t", "sha256": "1" * 64, "bytes": 3}),
    },
}


@settings(max_examples=150)
@given(changed(MANIFEST))
def test_any_change_of_a_manifest_is_taken_or_refused(project, document):  # noqa: F811
    path = project.root / "data_manifests" / "demo.yml"
    path.write_text(yaml.safe_dump(document))
    found = taken_or_refused(load_manifest, "demo")
    for entry in found.datasets.values() if found else ():
        for unit in entry.units:
            assert is_inside(unit.path)
            assert unit.bytes >= 0
            assert len(bytes.fromhex(unit.sha256)) == 32


def is_inside(path):
    """Say in other words than the reader's whether a path stays in its folder, seen by everyone."""
    target = PurePosixPath("/folder", path)
    whole = str(target) == f"/folder/{path}" and path.isprintable()
    return whole and not {"..", "."} & set(target.parts) and not path.startswith(".") and "\\" not in path


@settings(max_examples=150)
@given(st.text("a./\\~\0\n\u202eé ", max_size=6) | st.text(max_size=30))
def test_any_path_that_a_manifest_takes_stays_in_its_folder(project, path):  # noqa: F811
    project.write(x={"files": [project.file("a", b"1") | {"path": path}]})
    found = taken_or_refused(load_manifest, "demo")
    if found:
        (unit,) = found.datasets["x"].units
        target = PurePosixPath("/folder", unit.path)
        assert target.is_relative_to("/folder") and target != PurePosixPath("/folder")
        assert ".." not in target.parts
        assert not set("\0\n\\") & set(unit.path)


@settings(max_examples=150)
@given(changed(PAPER.model_dump(mode="json")))
def test_any_change_of_a_papers_facts_is_taken_or_refused(tmp_path, document):
    path = tmp_path / "paper.yml"
    path.write_text(yaml.safe_dump(document))
    read_paper.cache_clear()
    found = taken_or_refused(read_paper, path)
    if found:
        assert set(found.profiles) == set(PROFILES)
        assert all(claim.margin >= 0 and claim.min_seeds >= 1 for claim in found.claims)
        assert len({claim.id for claim in found.claims}) == len(found.claims)


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.one_of(st.sampled_from(NAMES), st.sampled_from(["profile", "overrides"]), WORDS, CODE),
        PLAIN,
        min_size=1,
        max_size=3,
    )
)
def test_any_parameters_are_settings_or_refused(parameters):
    found = taken_or_refused(settings_from, SLUG, parameters)
    if found:
        profile, chosen = found
        assert profile in PROFILES
        asked = {**(parameters.get("overrides") or {}), **parameters}
        assert set(asked) <= {*NAMES, "profile", "overrides"}
        json.dumps(chosen.model_dump(mode="json"), allow_nan=False)


@given(st.text(max_size=12).filter(lambda name: name not in {*NAMES, "profile", "overrides"}))
def test_no_other_name_is_a_setting(name):
    with pytest.raises(SettingsError):
        settings_from(SLUG, {"overrides": {name: 1}})
    assert set(ChapterSettings.model_fields) <= set(NAMES)


@given(st.dictionaries(st.sampled_from(["profile", "seeds", "overrides", *NAMES]), PLAIN, max_size=4))
@example({"device": "'; import os; os.system('x')"})
def test_what_papermill_writes_into_a_notebook_is_read_back_and_not_run(parameters):
    source = PythonTranslator.codify(parameters)
    assert all(isinstance(each, ast.Assign | ast.Expr) for each in ast.parse(source).body)
    found = injected_parameters([source])
    assert found.keys() == parameters.keys()
    for name, value in parameters.items():
        if is_finite(value):
            assert found[name] == value


def is_finite(value):
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(is_finite, value.values()))
    return all(map(is_finite, value)) if isinstance(value, list) else True


KINDS = st.one_of(
    arrays.boolean_dtypes(), arrays.integer_dtypes(), arrays.floating_dtypes(), arrays.datetime64_dtypes(),
    arrays.unicode_string_dtypes(max_len=4), arrays.byte_string_dtypes(max_len=4),
)  # fmt: skip
SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)


@given(arrays.arrays(KINDS, SHAPES), st.sampled_from([2, 4, 5]))
def test_any_array_comes_back_from_a_pickle_and_from_an_archive(tmp_path, array, protocol):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"x": array, "y": [array.T]}, protocol))
    found, trusted = read_pickle(path), pickle.loads(path.read_bytes())
    for back, wanted in ((found["x"], trusted["x"]), (found["y"][0], trusted["y"][0])):
        assert (back.dtype, back.shape) == (wanted.dtype, wanted.shape)
        assert back.tobytes() == wanted.tobytes()
    np.savez(tmp_path / "a.npz", x=array)
    assert read_npz(tmp_path / "a.npz")["x"].tobytes() == array.tobytes()


@given(PLAIN, st.sampled_from([0, 2, 5]))
def test_plain_data_come_back_from_a_pickle(tmp_path, content, protocol):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(content, protocol))
    assert repr(read_pickle(path)) == repr(content)


@pytest.mark.parametrize("kind", ["u1", "u2", "u8", "c8", "c16"])
def test_arrays_without_signs_and_of_complex_numbers_come_back_from_a_pickle(tmp_path, kind):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(np.ones(3, kind)))
    assert read_pickle(path).dtype == np.dtype(kind)
