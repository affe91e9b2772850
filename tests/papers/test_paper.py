import copy
import math

import pytest
import yaml

from mmrepro import project
from mmrepro.data.manifest import load_manifest
from mmrepro.errors import MMReproError
from mmrepro.papers.paper import PROFILES, load_paper, paper_slugs, read_paper
from mmrepro.papers.settings import resolve_settings

WHOLE = {
    "slug": "two-words",
    "number": 7,
    "arxiv": "2501.00001",
    "title": "T",
    "short_title": "t",
    "authors": ["A"],
    "published": "2025-01-01",
    "year": 2025,
    "summary": "s",
    "claims": [
        {
            "id": "C1",
            "kind": "order",
            "sentence": "A beats B.",
            "metric": "accuracy",
            "systems": ["a", "b"],
            "source": "table 1",
        }
    ],
    "reported": [{"system": "a", "metric": "accuracy", "value": 9.5, "unit": "%", "source": "table 1"}],
    "profiles": {"smoke": {}, "cpu": {}, "gpu": {}},
}


@pytest.fixture
def read(tmp_path):
    """Write a paper.yml and read it; each call is a file of its own, for what was read is kept."""
    count = iter(range(9))

    def made(content):
        path = tmp_path / f"{next(count)}" / "paper.yml"
        path.parent.mkdir()
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
        return read_paper(path)

    return made


def changed(edit):
    content = copy.deepcopy(WHOLE)
    edit(content)
    return content


def test_a_whole_file_is_read(read):
    paper = read(WHOLE)
    assert (paper.notebook_name, paper.module_name) == ("07_two_words.ipynb", "two_words")
    assert paper.url == "https://arxiv.org/abs/2501.00001"
    assert paper.value_of("a") == 9.5


def test_a_number_that_was_not_reported_is_refused_with_the_nearest(read):
    with pytest.raises(MMReproError, match="reports no a/acuracy: did you mean 'a/accuracy'"):
        read(WHOLE).value_of("a", "acuracy")


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda c: c.update(titel="T"), r"titel is unknown; did you mean 'title'"),
        (lambda c: c["claims"][0].update(sytems=1), r"claims\.0\.sytems is unknown; did you mean 'systems'"),
        (
            lambda c: c["reported"][0].update(place=1),
            r"reported\.0\.place is unknown; valid names are .*source",
        ),
        (lambda c: c.update(number="seven"), r"number: input should be a valid integer.*\(it is 'seven'\)"),
        (lambda c: c.update(number=0), r"number: input should be greater than or equal to 1 \(it is 0\)"),
        (lambda c: c.update(arxiv=2501.1), r"arxiv: input should be a valid string \(it is 2501\.1\)"),
        (lambda c: c.pop("title"), r"title: field required"),
        (lambda c: c["claims"].append(c["claims"][0]), r"claims names C1 twice; every id stands once"),
        (lambda c: c["profiles"].pop("gpu"), r"profiles lacks gpu"),
        (lambda c: c["profiles"].update(tpu={}), r"profiles\.tpu.*'smoke', 'cpu' or 'gpu'"),
        (lambda c: c.update(claims=[]), r"claims: .*at least 1 item"),
        (
            lambda c: c["claims"][0].update(margin=math.inf),
            r"claims\.0\.margin: .*finite number \(it is inf\)",
        ),
        (
            lambda c: c["reported"][0].update(value=math.nan),
            r"reported\.0\.value: .*finite number \(it is nan\)",
        ),
        (lambda c: c.update(tolerances={"accuracy": math.inf}), r"tolerances\.accuracy: .*finite number"),
        (
            lambda c: c.update(tolerances={"accuracy": -1}),
            r"tolerances\.accuracy: .*greater than or equal to 0",
        ),
        (lambda c: c["claims"][0].update(kind="value"), r"claims\.0: systems must name 1 for kind 'value'"),
    ],
)
def test_a_mistake_is_told_with_file_key_and_way_out(read, edit, told):
    with pytest.raises(MMReproError, match=rf"paper\.yml: .*{told}") as caught:
        read(changed(edit))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("slug: [", r"paper\.yml, line \d: not valid YAML: "),
        ("", r"paper\.yml: the file: input should be a valid dictionary"),
        ("- a\n- b", r"paper\.yml: the file: input should be a valid dictionary"),
        ("slug: a\nslug: b", r"paper\.yml.*slug.* twice"),
        ("profiles: {smoke: {epochs: 1, epochs: 2}}", r"paper\.yml.*epochs.* twice"),
    ],
)
def test_what_is_no_paper_file_is_told(read, text, told):
    with pytest.raises(MMReproError, match=told) as caught:
        read(text)
    assert "\n" not in str(caught.value)


def test_an_unknown_chapter_is_refused_with_the_nearest():
    with pytest.raises(
        MMReproError, match="No chapter is called 'mosei-fussion': did you mean 'mosei-fusion'"
    ):
        load_paper("mosei-fussion")


@pytest.mark.hostile("a chapter's name that is a path", "no chapter is called so; no file is read")
@pytest.mark.parametrize("slug", ["../papers/mosei_fusion", "/etc", "", "."])
def test_a_name_is_no_path(slug):
    with pytest.raises(MMReproError, match="No chapter is called"):
        load_paper(slug)


def test_chapters_stand_in_the_order_of_their_numbers():
    numbers = [load_paper(slug).number for slug in paper_slugs()]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("slug", paper_slugs())
class TestEveryChapter:
    def test_its_profiles_are_valid_settings(self, slug):
        for profile in PROFILES:
            assert resolve_settings(load_paper(slug), profile).seeds

    def test_its_data_sets_are_in_its_manifest(self, slug):
        paper, known = load_paper(slug), set(load_manifest(slug).datasets)
        assert {name for claim in paper.claims for name in claim.datasets} <= known
        for profile in PROFILES:
            assert set(resolve_settings(paper, profile).datasets) <= known

    def test_its_notebook_is_there(self, slug):
        assert (project.root() / "notebooks" / load_paper(slug).notebook_name).is_file()

    def test_its_name_is_that_of_its_folder(self, slug):
        assert load_paper(slug).slug == slug

    def test_the_cpu_profile_has_the_seeds_that_its_claims_ask_for(self, slug):
        paper = load_paper(slug)
        seeds = len(resolve_settings(paper, "cpu").seeds)
        assert max(claim.min_seeds for claim in paper.claims) <= seeds
