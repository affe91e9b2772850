import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output

from mmrepro.book.staging import stage
from mmrepro.errors import MMReproError

from .specimen import PAPER, SLUG, handmade


def staged(house, profile="cpu"):
    target = house.root / "_build" / "source"
    stage(
        profile,
        target,
        root=house.root,
        runs=house.runs,
        papers=[PAPER],
        is_stale=lambda made: made.profile == "smoke",
    )
    return target


def test_every_page_lies_in_one_folder(house):
    house.keep_run(handmade())
    target = staged(house)
    assert {path.name for path in target.iterdir()} >= {
        "_config.yml",
        "_toc.yml",
        "index.md",
        "01_toy_fusion.ipynb",
        "references.bib",
        "style",
    }
    assert nbformat.read(target / "01_toy_fusion.ipynb", 4).cells[0].source.startswith("# \\[Re")


def test_prose_is_that_of_the_notebook_which_may_be_younger_than_the_run(house):
    house.keep_run(handmade())
    source = handmade()
    source.cells[0].source = "# Toy Fusion\n\nOther words."
    (house.root / "notebooks").mkdir()
    nbformat.write(source, house.root / "notebooks" / PAPER.notebook_name)
    page = nbformat.read(staged(house) / PAPER.notebook_name, 4)
    assert page.cells[0].source.endswith("Other words.")
    assert [len(cell.outputs) for cell in page.cells if cell.cell_type == "code"] == [1, 1, 0]


def test_generated_parts_are_filled_in(house):
    house.keep_run(handmade())
    house.commit_record()
    (house.root / "CHANGELOG.md").write_text("# Changelog\n\n## 0.1.0\n\nFirst.\n")
    target = staged(house)
    pages = {path.stem: path.read_text() for path in target.glob("*.md")}
    assert not any("<!-- mmrepro:" in text for text in pages.values())
    assert "2 reproduced</span>" in pages["index"]
    assert "| 3 | 4.97 s |" in pages["verdicts"]
    assert "## 0.1.0" in pages["changelog"]
    assert "# Changelog" not in pages["changelog"]
    assert "Early fusion beats late fusion." in pages["scoreboard"]


def test_a_card_shows_a_figure_of_its_chapters_run(house):
    notebook = handmade()
    shown = new_output("display_data", {"image/svg+xml": "<svg/>"}, metadata={"mmrepro": {"alt": "A\nline."}})
    notebook.cells.append(
        new_code_cell("show()", execution_count=4, metadata={"tags": ["cover"]}, outputs=[shown])
    )
    house.keep_run(notebook)
    target = staged(house)
    assert f":img-top: covers/{SLUG}.svg\n:img-alt: A line." in (target / "index.md").read_text()
    assert (target / "covers" / f"{SLUG}.svg").read_text() == "<svg/>"


def test_without_a_record_the_pages_say_so(house):
    house.keep_run(handmade())
    target = staged(house)
    assert "No committed record yet" in (target / "scoreboard.md").read_text()
    assert "No committed record yet." in (target / "index.md").read_text()
    assert "No release yet." in (target / "changelog.md").read_text()


def test_staging_starts_from_scratch(house):
    house.keep_run(handmade())
    target = staged(house)
    (target / "left_over.md").write_text("# Old\n")
    assert not (staged(house) / "left_over.md").exists()


def test_a_chapter_without_a_run_is_refused(house):
    with pytest.raises(MMReproError, match="No complete run of toy-fusion"):
        staged(house)


def test_a_run_changed_afterwards_is_refused(house):
    files = house.keep_run(handmade())
    files.notebook.write_text(files.notebook.read_text().replace("A line rises", "A line falls"))
    with pytest.raises(MMReproError, match="was changed after the run"):
        staged(house)


def test_a_failed_run_is_refused_and_the_old_stage_kept(house):
    house.keep_run(handmade())
    target = staged(house)
    broken = handmade()
    broken.cells[1].outputs = [new_output("error", ename="ZeroDivisionError", evalue="division by zero")]
    house.keep_run(broken)
    with pytest.raises(MMReproError, match="cell 2 ended with ZeroDivisionError"):
        staged(house)
    assert (target / "index.md").is_file()


def test_a_chapter_missing_from_the_contents_is_refused(house):
    house.keep_run(handmade())
    contents = house.root / "_toc.yml"
    contents.write_text(contents.read_text().replace("      - file: 01_toy_fusion\n", ""))
    with pytest.raises(MMReproError, match=r"lists no 01_toy_fusion.ipynb; add `- file: 01_toy_fusion`"):
        staged(house)


def test_an_unknown_part_is_refused(house):
    house.keep_run(handmade())
    (house.root / "book" / "index.md").write_text("# A\n\n<!-- mmrepro:chapter-card -->\n")
    with pytest.raises(MMReproError, match="asks for 'chapter-card': did you mean 'chapter-cards'"):
        staged(house)


def test_an_unknown_profile_is_refused(house):
    with pytest.raises(MMReproError, match="No profile is called 'cpy': did you mean 'cpu'"):
        staged(house, "cpy")
