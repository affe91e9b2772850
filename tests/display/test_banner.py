from pathlib import Path

import pytest

from mmrepro.data.local import LocalData
from mmrepro.display.banner import banner
from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import resolve_settings
from tests.conftest import SLUG

PAPER = load_paper(SLUG)


def local(tier, **given):
    common = {"slug": SLUG, "name": "x", "folder": Path(), "licence": "MIT", "title": "Numbers"}
    return LocalData(**{**common, "sha256": "0", "source": "cache", "files": (), "tier": tier, **given})


def shown(*data, commit=("a" * 40, False), paper=PAPER):
    settings = resolve_settings(PAPER, "smoke", seeds=[2, 3, 4])
    return banner(paper, "smoke", settings, {str(at): used for at, used in enumerate(data)}, commit)


@pytest.mark.parametrize(
    ("tier", "told"),
    [
        ("paper", None),
        ("stand-in", "not the paper's data"),
        ("synthetic", "Generated sample, not the paper's data"),
    ],
)
def test_whose_data_these_are_is_said(tier, told):
    text = shown(local(tier))
    assert f"tier <b>{tier}</b>, licence MIT" in text
    assert ("not the paper's data" in text) == (told is not None)
    assert told is None or told in text


def test_profile_seeds_and_budget_are_said():
    assert "smoke, budget 600 s, seeds 3 (2 to 4)" in shown(local("paper"))


@pytest.mark.parametrize(
    ("commit", "told"),
    [
        (("a" * 40, False), f"<td>{'a' * 10}</td>"),
        (("a" * 40, True), f"{'a' * 10} with uncommitted changes"),
        ((None, False), "not in a git checkout"),
    ],
)
def test_the_code_is_named(commit, told):
    assert told in shown(commit=commit)


def test_names_cannot_become_markup():
    paper = PAPER.model_copy(update={"authors": ["<b>A</b>"]})
    text = shown(local("paper", title="<i>T</i>", licence="<u>L</u>"), paper=paper)
    assert not {"<b>A", "<i>", "<u>"} & set(text.split("</"))
    for escaped in ("&lt;b&gt;A", "&lt;i&gt;T", "&lt;u&gt;L"):
        assert escaped in text
