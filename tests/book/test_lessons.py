import pytest

from mmrepro.book.lessons import lessons_markdown, load_lessons, shown_by
from mmrepro.errors import MMReproError
from mmrepro.evidence.record import read_record
from mmrepro.papers.paper import load_paper, paper_slugs
from tests.conftest import HERE

from .specimen import LESSONS, PAPER, SLUG, record


def lessons(folder, text=LESSONS):
    path = folder / "lessons.yml"
    path.write_text(text)
    return load_lessons(path)


def judged(**verdicts):
    """The record of the made-up paper, its claims given these verdicts."""
    made = record()
    claims = [
        each.model_copy(update={"verdict": verdicts.get(each.id, "inconclusive")}) for each in made.claims
    ]
    return {SLUG: made.model_copy(update={"claims": claims})}


@pytest.mark.parametrize(
    ("verdict", "holding", "failing"),
    [
        ("reproduced", "seen", "not seen"),
        ("compatible", "seen", "not seen"),
        ("direction only", "seen", "not seen"),
        ("not reproduced", "not seen", "seen"),
        ("inconclusive", "undecided", "undecided"),
        ("not testable", "undecided", "undecided"),
    ],
)
def test_a_verdict_speaks_for_or_against_by_what_was_declared(tmp_path, verdict, holding, failing):
    (lesson,) = lessons(tmp_path)
    shown = shown_by(lesson, [PAPER], judged(C1=verdict, C2=verdict))
    assert [(each.result.id, each.answer) for each in shown] == [
        ("C1", holding),
        ("C2", failing),
        ("C3", "undecided"),
    ]


def test_the_page_counts_what_the_records_say(tmp_path):
    text = lessons_markdown(lessons(tmp_path), [PAPER], judged(C1="reproduced", C2="reproduced"))
    assert "| Early is not late | 1 | 1 | 1 | 1 |" in text
    assert "At work in **1 of 3** tests, not seen in 1, undecided in 1." in text
    assert "[1. toy-fusion](01_toy_fusion)" in text
    assert "12 parameters \\| no more" in text  # a bar in a sentence ends no cell


def test_without_records_there_is_nothing_to_tell(tmp_path):
    assert lessons_markdown(lessons(tmp_path), [PAPER], {}) == "No committed record yet."
    assert lessons_markdown(load_lessons(tmp_path / "none.yml"), [PAPER], {}) == "No committed record yet."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LESSONS.replace("C2", "C9"), r"'Early is not late': toy-fusion has no claim 'C9': .*C"),
        (LESSONS.replace("toy-fusion", "toy-fushion"), "names no chapter with 'toy-fushion': .*toy-fusion"),
    ],
)
def test_a_claim_that_is_not_there_is_refused(tmp_path, text, told):
    with pytest.raises(MMReproError, match=told):
        lessons_markdown(lessons(tmp_path, text), [PAPER], judged())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- title: x\n  text: y\n  tests: {}", "0.tests"),
        ("- title: x\n  tests: {a: {holds: [C1]}}", "0.text: Field required"),
        ("- title: x\n  text: y\n  tests: {a: {shows: [C1]}}", "0.tests.a.shows"),
        ("- [", "not valid YAML"),
        ("title: x", "lessons.yml"),
    ],
)
def test_a_malformed_file_is_told_with_its_entry(tmp_path, text, told):
    with pytest.raises(MMReproError, match=told):
        lessons(tmp_path, text)


def test_the_books_own_lessons_name_claims_that_are_there():
    papers = [load_paper(slug) for slug in paper_slugs()]
    records = {paper.slug: read_record(HERE / "results" / "cpu" / f"{paper.slug}.json") for paper in papers}
    for lesson in load_lessons(HERE / "book" / "lessons.yml"):
        shown = shown_by(lesson, papers, records)
        declared = [one for tests in lesson.tests.values() for one in (*tests.holds, *tests.fails)]
        assert len(shown) == len(declared) == len({(each.paper.slug, each.result.id) for each in shown})
        assert len({each.paper.slug for each in shown}) > 1  # else it is no lesson across papers
