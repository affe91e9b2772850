import pytest

from mmrepro.errors import MMReproError
from mmrepro.execution import key
from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import resolve_settings
from tests.conftest import SLUG
from tests.execution.conftest import PACKAGE


@pytest.fixture
def key_now(checkout, package):
    """The key of the tiny chapter, which imports `used` and its own modules."""
    checkout.write("from mmrepro import used")
    settings = resolve_settings(load_paper(SLUG), "smoke")
    return lambda **changes: key.chapter_key(SLUG, settings.model_copy(update=changes))


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


SAME = {
    "prose": lambda nb: nb["cells"][0].update(source="Other words."),
    "more prose": lambda nb: nb["cells"].append({"cell_type": "markdown", "source": "x", "metadata": {}}),
    "display tag": lambda nb: code_cells(nb)[1]["metadata"].update(tags=["hide-input"]),
    "outputs": lambda nb: code_cells(nb)[1].update(
        outputs=[{"output_type": "stream", "name": "stdout", "text": "x"}], execution_count=3
    ),
    "source as lines": lambda nb: code_cells(nb)[1].update(
        source=code_cells(nb)[1]["source"].splitlines(keepends=True)
        if isinstance(code_cells(nb)[1]["source"], str)
        else "".join(code_cells(nb)[1]["source"])
    ),
    "kernel": lambda nb: nb["metadata"]["kernelspec"].update(display_name="Another name"),
}
OTHER = {
    "code": lambda nb: code_cells(nb)[-1].update(source="chapter.conclude()\n"),
    "order": lambda nb: nb["cells"].reverse(),
    "cell left out": lambda nb: nb["cells"].pop(),
    "parameters tag": lambda nb: code_cells(nb)[0]["metadata"].update(tags=[]),
    "skipped cell": lambda nb: code_cells(nb)[2]["metadata"].update(tags=["skip-execution"]),
    "allowed failure": lambda nb: code_cells(nb)[2]["metadata"].update(tags=["raises-exception"]),
}


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME)
def test_what_cannot_change_a_result_keeps_the_key(checkout, key_now, edit):
    before = key_now()
    checkout.change(edit)
    assert key_now() == before


@pytest.mark.parametrize("edit", OTHER.values(), ids=OTHER)
def test_what_can_change_a_result_changes_the_key(checkout, key_now, edit):
    before = key_now()
    checkout.change(edit)
    assert key_now() != before


def test_settings_count_but_for_the_budget(key_now):
    assert key_now(epochs=99) != key_now()
    assert key_now(seeds=(0,)) != key_now()
    assert key_now(time_budget_s=1.0) == key_now()


def test_the_lock_counts(checkout, key_now):
    before = key_now()
    with (checkout.root / "requirements.lock").open("a") as stream:
        stream.write("# another version\n")
    assert key_now() != before


def test_the_declared_data_count(checkout, key_now):
    before = key_now()
    manifest = checkout.root / "data_manifests" / f"{SLUG}.yml"
    text = manifest.read_text()
    manifest.write_text(text.replace("title: CMU-MOSI utterance features", "title: Renamed"))
    assert key_now() == before
    for wording, other in (("sha256: cc32", "sha256: ffff"), ("tier: stand-in", "tier: synthetic")):
        manifest.write_text(text.replace(wording, other))
        assert key_now() != before


USED = [
    "__init__.py",
    "used.py",
    "late.py",
    "deep/__init__.py",
    "deep/piece.py",
    "deep/inner.py",
    "sibling.py",
]
OWN = ["papers/__init__.py", "papers/common.py"] + [
    f"papers/mosei_fusion/{name}" for name in ("__init__.py", "paper.yml", "settings.py", "model.py")
]
UNUSED = ["unused.py", "book/page.py", "book/__init__.py", "papers/other/model.py"]


@pytest.mark.parametrize("module", USED + OWN)
def test_a_module_that_the_chapter_reaches_counts(package, key_now, module):
    before = key_now()
    (package / module).write_text(f"{PACKAGE[module]}\n# changed")
    assert key_now() != before


NESTED = {
    "function": "def use():\n    {}",
    "coroutine": "async def use():\n    async with x:\n        {}",
    "method": "class Use:\n    def use(self):\n        {}",
    "branch": "if x:\n    pass\nelif y:\n    {}",
    "after a loop": "for x in y:\n    pass\nelse:\n    while x:\n        {}",
    "handler": "try:\n    pass\nexcept* ValueError:\n    {}",
    "without an error": "try:\n    pass\nexcept ValueError:\n    pass\nelse:\n    {}",
    "at last": "try:\n    pass\nfinally:\n    {}",
    "case": "match x:\n    case 1:\n        pass\n    case _:\n        {}",
}


@pytest.mark.parametrize("around", NESTED.values(), ids=NESTED)
def test_an_import_counts_wherever_in_a_file_it_stands(package, key_now, around):
    (package / "late.py").write_text(around.format("from mmrepro import unused"))
    before = key_now()
    (package / "unused.py").write_text("VALUE = 2")
    assert key_now() != before


@pytest.mark.parametrize("module", UNUSED)
def test_a_module_that_the_chapter_does_not_reach_does_not_count(package, key_now, module):
    before = key_now()
    (package / module).write_text(f"{PACKAGE[module]}\n# changed")
    assert key_now() == before


def test_every_module_of_the_mini_package_was_tried():
    assert sorted(USED + OWN + UNUSED + ["papers/other/__init__.py"]) == sorted(PACKAGE)


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline\nimport mmrepro.unused",
        "!ls\nimport mmrepro.unused",
        "if True:\n    %time import mmrepro.unused\n    import mmrepro.unused",
        "share = (7\n    % 4)\nimport mmrepro.unused",
        "text = '''\n%s of\n''' % 3\nimport mmrepro.unused",
        "import mmrepro.unused\nmmrepro?",
        "%%time\nimport mmrepro.unused",
        "import asyncio, mmrepro.unused\nawait asyncio.sleep(0)",
        "def late():\n    from mmrepro import unused",
    ],
)
def test_imports_are_found_in_every_form_of_cell(checkout, package, key_now, cell):
    checkout.write(cell)
    before = key_now()
    (package / "unused.py").write_text("VALUE = 2")
    assert key_now() != before


@pytest.mark.parametrize(
    "cell", ["%%bash\nfor name in *; do echo $name; done", "x = (", "%%html\n<b>bold</b>"]
)
def test_a_cell_that_is_no_python_still_has_a_key(checkout, key_now, cell):
    before = key_now()
    checkout.write(cell)
    assert key_now() != before


def test_the_real_package_reaches_what_a_chapter_runs(checkout):
    """`from mmrepro import open_chapter` is loaded late; its module must count nevertheless."""
    checkout.write("from mmrepro.display.figure import show")
    imports = key._imported_files(key._plain_python(checkout.OPEN), "")
    names = {path.relative_to(key.SOURCES).as_posix() for path in key._reached(imports)}
    assert {"chapter.py", "evidence/verdict.py", "data/store.py", "execution/key.py"} <= names
    assert not [name for name in names if name.startswith(("book/", "papers/mosei_fusion", "doctor"))]


def test_a_missing_notebook_is_told_in_a_sentence(checkout, key_now):
    checkout.notebook.unlink()
    with pytest.raises(MMReproError, match=r"no notebook at .*01_mosei_fusion\.ipynb"):
        key_now()
