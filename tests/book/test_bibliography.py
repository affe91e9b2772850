"""The bibliography can be read, and every chapter's citations are in it."""

import re

import pytest
from pybtex.database import parse_file

from mmrepro.papers.paper import load_paper, paper_slugs
from mmrepro.project import root


@pytest.fixture(scope="module")
def entries():
    """Read the bibliography; pybtex refuses a broken entry and a key that stands twice."""
    return parse_file(str(root() / "book" / "references.bib")).entries


def test_every_entry_says_who_what_and_when(entries):
    for key, entry in entries.items():
        assert entry.persons.get("author"), key
        assert {"title", "year"} <= set(entry.fields), key


@pytest.mark.parametrize("slug", paper_slugs())
def test_what_a_chapter_cites_is_there(entries, slug):
    text = (root() / "notebooks" / load_paper(slug).notebook_name).read_text(encoding="utf-8")
    cited = {key.strip() for keys in re.findall(r"{cite(?::\w+)?}`([^`]+)`", text) for key in keys.split(",")}
    assert cited and cited <= set(entries)
