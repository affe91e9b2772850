import pytest
from nbformat.v4 import new_markdown_cell

from mmrepro.book.page import chapter_page
from mmrepro.errors import MMReproError
from mmrepro.evidence.record import Stage

from .specimen import handmade, record


def fresh(_):
    return False


def test_heading_bears_the_mark_of_the_committed_record():
    page = chapter_page(handmade(), record("smoke", seeds=2), record(), fresh)
    assert page.cells[0].source.startswith("# \\[Re\\] Toy Fusion\n")


def test_heading_bears_the_mark_of_this_run_without_a_committed_record():
    page = chapter_page(handmade(), record("smoke", seeds=2), None, fresh)
    assert page.cells[0].source.startswith("# \\[Re?\\] Toy Fusion\n")


def test_a_notebook_without_a_heading_is_refused():
    notebook = handmade()
    notebook.cells[0].source = "No heading."
    with pytest.raises(MMReproError, match="toy-fusion has no heading"):
        chapter_page(notebook, record(), None, fresh)


def test_another_profile_is_told_at_the_top():
    banner = chapter_page(handmade(), record("smoke", seeds=2), record(), fresh).cells[0].source
    assert "This page shows a smoke run" in banner
    assert "published `cpu` result, of 2025-03-01, is on the [scoreboard](scoreboard.md)" in banner
    assert banner.index("smoke run") < banner.index("Text.")


def test_another_profile_without_a_published_result():
    banner = chapter_page(handmade(), record("gpu"), None, fresh).cells[0].source
    assert "There is no published `cpu` result yet." in banner
    assert "checks that every step works" not in banner


def test_the_published_profile_needs_no_note():
    assert "This page shows" not in chapter_page(handmade(), record(), record(), fresh).cells[0].source


def test_the_foot_names_both_records():
    foot = chapter_page(handmade(), record("smoke", seeds=2), record(), fresh).cells[-2].source
    assert "| This page (smoke) | Committed record (cpu) |" in foot
    assert "| Seeds | 0, 1 | 0, 1, 2, 3, 4 |" in foot
    assert "`0123456789abcdef`" in foot
    assert "A processor, 2 cores, device cpu, Linux" in foot
    assert "Python 3.11.7; numpy 2.1.0, torch 2.7.0" in foot
    assert "| Source changed since | no | no |" in foot
    assert "repeats" not in foot


def test_the_foot_tells_a_stale_record():
    committed = record(key="f" * 64)
    run = record()
    foot = chapter_page(handmade(), run, committed, lambda made: made.code.key == "f" * 64).cells[-2].source
    assert "| Source changed since | no | **yes: stale** |" in foot


def test_the_foot_tells_a_run_that_repeats_the_committed_record():
    assert "to the digit" in chapter_page(handmade(), record(), record(), fresh).cells[-2].source


def test_the_foot_without_a_committed_record():
    foot = chapter_page(handmade(), record(), None, fresh).cells[-2].source
    assert "No `cpu` record of this chapter is committed yet." in foot


def test_nothing_of_the_machine_stays_in_the_metadata():
    notebook = handmade()
    notebook.cells[1].metadata = {"papermill": {"duration": 1}, "tags": ["hide-input"]}
    page = chapter_page(notebook, record(), None, fresh)
    assert set(page.metadata) == {"kernelspec", "language_info"}
    assert page.cells[1].metadata == {"tags": ["hide-input"]}
    assert "papermill" in notebook.metadata  # the run itself is left alone


def test_citations_lead_to_the_references_of_their_own_chapter():
    notebook = handmade()
    notebook.cells[
        0
    ].source += "\n\nAs in {cite}`one2020,two2021` and {cite:t}`three2022`; `{cite}` itself is code."
    notebook.cells.append(new_markdown_cell("## References\n\n```{bibliography}\n:style: plain\n```"))
    before = notebook.cells[0].source
    page = chapter_page(notebook, record(), record(), fresh)
    assert (
        "{cite}`toy-fusion-one2020,toy-fusion-two2021` and {cite:t}`toy-fusion-three2022`;"
        in page.cells[0].source
    )
    assert "```{bibliography}\n:keyprefix: toy-fusion-\n:style: plain\n```" in page.cells[-3].source
    assert notebook.cells[0].source == before


def test_displayed_equations_are_numbered_in_their_order():
    notebook = handmade()
    notebook.cells.append(new_markdown_cell("With $x$,\n\n$$a = b,$$\n\nand\n\n$$\nc\n= d\n$$"))
    notebook.cells.append(new_markdown_cell("$$e$$"))
    page = chapter_page(notebook, record(), None, fresh)
    sources = "\n".join(cell.source for cell in page.cells)
    for number, equation in enumerate(["a = b,", "\nc\n= d\n", "e"], start=1):
        assert f"$${equation}$$ (toy-fusion-{number})" in sources
    assert "With $x$,\n" in sources
    assert "toy-fusion-1" not in "".join(cell.source for cell in notebook.cells)


def test_an_equation_that_has_a_label_keeps_it():
    notebook = handmade()
    prose = "$$\na\n$$ (toy-first)\n\nand, as {eq}`toy-first` has it,\n\n$$\nb\n$$\n\n$$\nc\n$$ (toy-last)"
    notebook.cells.append(new_markdown_cell(prose))
    sources = "\n".join(cell.source for cell in chapter_page(notebook, record(), None, fresh).cells)
    assert prose.replace("b\n$$", "b\n$$ (toy-fusion-1)") in sources


def test_reading_time_counts_prose_and_running_time_is_the_records():
    notebook = handmade()
    notebook.cells.append(new_markdown_cell("word " * 2300))
    text = chapter_page(notebook, record(), record(), fresh).cells[0].source
    assert f"*10 min to read; the run behind this page took {record().wall_s:.0f} s.*" in text


def test_a_long_run_is_told_in_minutes():
    long = record().model_copy(update={"wall_s": 354.0})
    assert "took 6 min.*" in chapter_page(handmade(), long, long, fresh).cells[0].source


def test_a_run_that_went_on_says_what_its_seconds_are_of():
    rest = record().model_copy(update={"resumed": True})
    page = chapter_page(handmade(), rest, record(), fresh)
    told = f"{record().wall_s:.0f} s for what a killed run before it had left to do"
    assert f"took {told}.*" in page.cells[0].source
    assert page.cells[-2].source.count(told) == 1  # the committed record is of one piece


def stages(*given):
    made = [
        Stage(name="a", wall_s=60, cpu_s=cpu, peak_mb=peak, gpu_mb=gpu_mb, gpu_j=gpu_j)
        for cpu, peak, gpu_mb, gpu_j in given
    ]
    run = record().model_copy(update={"stages": made})
    return chapter_page(handmade(), run, None, fresh).cells[-2].source


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([(10, 100, None, None), (5, 300, None, None)], "15 s of CPU, peak 300 MB, no GPU"),
        (
            [(10, 100, None, None), (5, 50, 2000, 1500.0), (5, 50, 1000, 500.0)],
            "20 s of CPU, peak 100 MB; with a GPU 120 s, peak 2000 MB, 2.0 kJ",
        ),
        ([(1, 1, 10, 5.0), (1, 1, 20, None)], "peak 20 MB, energy not measured"),
    ],
)
def test_the_foot_tells_what_the_stages_took(given, told):
    assert told in stages(*given)


def test_the_last_box_says_how_to_cite_the_chapter():
    cited = chapter_page(handmade(), record("smoke", seeds=2), record(), fresh).cells[-1].source
    assert "Cite this chapter" in cited
    assert "The mmrepro authors (2025). *Toy Fusion*. In: mmrepro 0.1.0, " in cited
    assert f"Run `{record().code.key[:16]}`." in cited
