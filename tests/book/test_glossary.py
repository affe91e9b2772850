"""The glossary is in order, and every term that a page or a chapter names is in it."""

import re

import pytest

from .specimen import PROJECT

PAGES = [*sorted((PROJECT / "book").glob("*.md")), *sorted((PROJECT / "notebooks").glob("*.ipynb"))]
GLOSSARY = (PROJECT / "book" / "glossary.md").read_text()
ENTRIES = re.findall(
    r"((?:^\S.*\n)+)((?:^  .*\n|^\n(?=  ))+)", GLOSSARY.partition("{glossary}\n")[2], re.MULTILINE
)


def test_terms_are_in_order_and_stand_once():
    first = [terms.splitlines()[0].lower() for terms, _ in ENTRIES]
    assert len(first) > 20
    assert first == sorted(set(first))


def test_a_definition_starts_with_a_paragraph_that_stands_by_itself():
    for terms, definition in ENTRIES:
        shown = definition.strip().partition("\n\n")[0]
        assert shown[-1] in ".?", terms
        assert not re.search(r"\]\(|\{\w+\}`|\$", shown), f"{terms} would show its markup when pointed at"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_terms_that_a_page_names_are_there(path):
    known = {term.lower() for terms, _ in ENTRIES for term in terms.splitlines()}
    named = re.findall(r"\{term\}`(?:[^`<]*<)?([^`>]+)>?`", path.read_text(encoding="utf-8"))
    assert {re.sub(r"\s+", " ", name).lower() for name in named} <= known


def test_chapters_use_the_glossary():
    chapters = [path for path in PAGES if path.suffix == ".ipynb"]
    assert [path.name for path in chapters if "{term}`" not in path.read_text(encoding="utf-8")] == []
