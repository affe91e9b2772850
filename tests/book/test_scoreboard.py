import subprocess
import sys

import pytest

from mmrepro.book.scoreboard import (
    END,
    START,
    claims_markdown,
    published_records,
    readme_is_current,
    readme_scoreboard,
    scoreboard_markdown,
    scoreboard_rows,
    update_readme,
)
from mmrepro.display.table import our_value
from mmrepro.errors import MMReproError

from .specimen import PAPER, SLUG, record


def rows():
    return scoreboard_rows([PAPER], {SLUG: record()})


def test_chapters_count_their_verdicts():
    board = scoreboard_markdown(rows(), lambda paper: f"there/{paper.notebook_name}")
    header, _, chapter = board.splitlines()
    assert header.startswith("| Chapter | Mark | Reproduced | Compatible | Direction only | Inconclusive |")
    assert chapter == (
        "| [Toy Fusion](there/01_toy_fusion.ipynb)<br>[arXiv:2501.00001](https://arxiv.org/abs/2501.00001) "
        "| [Re] | 2 | 0 | 0 | 0 | 0 | 1 |"
    )


def test_a_chapter_without_a_record_shows_dashes():
    other = PAPER.model_copy(update={"slug": "other", "number": 2})
    board = scoreboard_markdown(scoreboard_rows([other, PAPER], {SLUG: record()}), lambda paper: "x")
    assert board.splitlines()[2].startswith("| [Toy Fusion]")
    assert board.splitlines()[3].endswith("| – | – | – | – | – | – | – |")


def test_no_record_at_all_is_said_in_a_sentence():
    empty = scoreboard_rows([PAPER], {})
    assert scoreboard_markdown(empty, lambda paper: "x").startswith("No committed record yet")
    assert claims_markdown(empty, lambda made: False).startswith("No committed record yet")


def test_claims_show_the_papers_number_and_ours():
    board = claims_markdown(rows(), lambda made: False)
    assert "### 1. Toy Fusion" in board
    assert "| **C1** Early fusion beats late fusion. | 5.64 points<br><small>Table 1</small> |" in board
    assert "71.68 [71.58, 71.78] %" in board
    assert '<span class="mm-verdict mm-reproduced">reproduced</span>' in board
    assert "12 parameters \\| no more." in board
    assert "| 5 seeds | paper |" in board
    assert "stale" not in board


def test_what_was_not_tested_had_no_data():
    made = record()
    untested = made.claims[0].model_copy(update={"verdict": "not testable", "value": None})
    rows = scoreboard_rows([PAPER], {SLUG: made.model_copy(update={"claims": [untested]})})
    (line,) = [line for line in claims_markdown(rows, lambda made: False).splitlines() if "**C1**" in line]
    assert [cell.strip() for cell in line.split("|")][5] == "–"


def test_a_stale_record_is_told():
    assert "this record is stale" in claims_markdown(rows(), lambda made: True)


def test_numbers_are_as_precise_as_the_papers():
    result = record().claims[0].model_copy(update={"value": -0.1234, "interval": (-0.2, 0.5)})
    assert our_value(result) == "−0.12 [−0.20, 0.50] points"
    assert our_value(result.model_copy(update={"paper_value": 0.106})) == "−0.123 [−0.200, 0.500] points"
    assert our_value(result.model_copy(update={"paper_value": None})) == "−0.12 [−0.20, 0.50] points"
    assert our_value(result.model_copy(update={"value": 12.0, "interval": None})) == "12 points"
    assert our_value(result.model_copy(update={"value": None})) == "–"


@pytest.mark.parametrize(
    ("basis", "count", "told"),
    [("seeds", 1, "1 seed"), ("items", 4662, "4662 items"), ("exact", 1, "exact")],
)
def test_the_sample_is_named(basis, count, told):
    made = record()
    first = made.claims[0]
    estimate = first.estimate.model_copy(update={"basis": basis})
    changed = first.model_copy(update={"estimate": estimate, "n_seeds": count})
    board = claims_markdown(
        scoreboard_rows([PAPER], {SLUG: made.model_copy(update={"claims": [changed]})}), lambda made: False
    )
    assert f"| {told} |" in board


def test_records_are_read_and_checked(house):
    assert published_records([PAPER], house.root / "results") == {}
    house.commit_record()
    assert published_records([PAPER], house.root / "results") == {SLUG: record()}
    path = house.root / "results" / "cpu" / f"{SLUG}.json"
    path.write_text(path.read_text().replace('"value": 71.6', '"value": 99.6', 1))
    with pytest.raises(MMReproError, match="was changed after the run"):
        published_records([PAPER], house.root / "results")


def test_the_readme_is_brought_up_to_date(house):
    readme = house.root / "README.md"
    readme.write_text(f"# Title\n\n{START}\n{END}\n\nMore.\n")
    results = house.root / "results"
    house.commit_record()
    assert not readme_is_current(readme, [PAPER], results)
    assert update_readme(readme, [PAPER], results)
    assert not update_readme(readme, [PAPER], results)
    assert readme_is_current(readme, [PAPER], results)
    assert readme.read_text().startswith(f"# Title\n\n{START}\n\n| Chapter |")
    assert readme.read_text().endswith(f"{END}\n\nMore.\n")


def test_a_readme_without_a_place_is_refused(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n")
    with pytest.raises(MMReproError, match="has no place for the scoreboard"):
        update_readme(readme, [PAPER], tmp_path)


def test_the_readme_covers_the_projects_own_chapters():
    assert readme_scoreboard()


def test_importing_it_loads_neither_torch_nor_sphinx():
    program = "import sys, mmrepro.book.scoreboard; print(sorted({'torch', 'sphinx'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
