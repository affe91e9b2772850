"""A false number, planted wherever a number can stand, does not reach a page unseen."""

import copy
import json
import shutil
import subprocess
import sys

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mmrepro.book.scoreboard import END, START, readme_is_current, update_readme
from mmrepro.book.staging import stage
from mmrepro.errors import MMReproError
from mmrepro.evidence.comparison import differences
from mmrepro.evidence.record import RunRecord, digest_of, judge, read_record, seal
from mmrepro.files import sha256_file
from mmrepro.papers.paper import load_paper, paper_slugs
from mmrepro.papers.settings import resolve_settings
from tests.book.conftest import house  # noqa: F401
from tests.book.specimen import PAPER, PROJECT, SLUG, handmade, record

RESULTS = {
    "benchmarks/engine.json": '"wall_s": ',
    "faults.json": '"seconds": ',
    f"cpu/{SLUG}.json": '"wall_s": 1',
}
PLOTLY = "application/vnd.plotly.v1+json"


def staged(place, is_stale=lambda made: False):
    target = place.root / "_build" / "source"
    stage("cpu", target, root=place.root, runs=place.runs, papers=[PAPER], is_stale=is_stale)
    return target


def shown():
    """Give a notebook with every kind of output that holds numbers."""
    notebook = handmade()
    words = {"mmrepro": {"alt": "A line to 72.", "caption": "A line to 72."}}
    plot = {"data": [{"x": [1, 2], "y": [0.61, 0.72]}], "layout": {"title": {"text": "72"}}}
    outputs = [
        new_output("display_data", data={"text/html": "<table><tr><td>0.72</td></tr></table>"}),
        new_output("display_data", data={PLOTLY: plot, "text/plain": "x"}, metadata=words),
        new_output("display_data", data={"image/svg+xml": "<svg><text>0.72</text></svg>"}, metadata=words),
        new_output("display_data", data={"image/png": "MC43Mg=="}, metadata=words),
        new_output("execute_result", data={"text/plain": "0.72"}, execution_count=3),
        new_output("display_data", data={"text/latex": "$0.72$"}),
        new_output("display_data", data={"text/markdown": "**0.72**"}),
        new_output("stream", name="stdout", text="accuracy 0.72"),
    ]
    notebook.cells.append(new_code_cell("everything()", id="all", execution_count=3, outputs=outputs))
    slider = {"model_module": "@jupyter-widgets/controls", "model_name": "IntSliderModel"}
    state = {"a": {**slider, "model_module_version": "2.0.0", "state": {"value": 72, "description": "n"}}}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": state}}
    return notebook


def outputs_of(notebook):
    return notebook.cells[-1].outputs


PAGE = {
    "a cell of a table": lambda page: outputs_of(page)[0].data.update({"text/html": "<b>0.99</b>"}),
    "a point of an interactive figure": lambda page: (
        outputs_of(page)[1].data[PLOTLY]["data"][0].update(y=[0.61, 0.99])
    ),
    "the title of an interactive figure": lambda page: (
        outputs_of(page)[1].data[PLOTLY]["layout"].update(title={"text": "99"})
    ),
    "a label of a drawing": lambda page: outputs_of(page)[2].data.update(
        {"image/svg+xml": "<svg><text>0.99</text></svg>"}
    ),
    "a picture": lambda page: outputs_of(page)[3].data.update({"image/png": "MC45OQ=="}),
    "a value": lambda page: outputs_of(page)[4].data.update({"text/plain": "0.99"}),
    "a formula": lambda page: outputs_of(page)[5].data.update({"text/latex": "$0.99$"}),
    "Markdown": lambda page: outputs_of(page)[6].data.update({"text/markdown": "**0.99**"}),
    "printed text": lambda page: outputs_of(page)[7].update(text="accuracy 0.99"),
    "a caption": lambda page: outputs_of(page)[1].metadata["mmrepro"].update(caption="A line to 99."),
    "what a figure shows in words": lambda page: outputs_of(page)[1].metadata["mmrepro"].update(alt="To 99."),
    "a widget": lambda page: page.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]["a"][
        "state"
    ].update(value=99),
    "an output of its own": lambda page: outputs_of(page).append(
        new_output("stream", name="stdout", text="0.99")
    ),
}


@pytest.mark.parametrize("plant", PAGE.values(), ids=PAGE)
def test_a_number_planted_in_a_page_stops_the_build(house, plant):  # noqa: F811
    files = house.keep_run(shown())
    page = nbformat.read(files.notebook, 4)
    plant(page)
    nbformat.write(page, files.notebook)
    with pytest.raises(MMReproError, match=r"toy-fusion\.ipynb was changed after the run"):
        staged(house)


def test_what_was_planted_in_is_a_page_that_could_be_built(house):  # noqa: F811
    house.keep_run(shown())
    assert "0.72" in (staged(house) / PAPER.notebook_name).read_text()


PROSE = {
    "prose": new_markdown_cell("Early fusion reaches 75.31 %.", id="all"),
    "a caption in code": new_code_cell("show(figure, alt='x', caption='It reaches 75.31 %.')", id="all"),
    "alternative text in code": new_code_cell("show(figure, alt='A line to 75.31.', caption='x')", id="all"),
}


@pytest.mark.parametrize("typed", PROSE.values(), ids=PROSE)
def test_a_result_typed_into_a_notebook_stops_the_build(house, typed):  # noqa: F811
    source = handmade()
    source.cells.append(copy.deepcopy(typed))
    run = copy.deepcopy(source)
    if typed.cell_type == "code":
        run.cells[-1].execution_count = 3
    house.keep_run(run)
    with pytest.raises(MMReproError, match=r"Chapter toy-fusion, cell 5: 75\.31.* was typed by hand"):
        staged(house)


def test_a_result_typed_into_prose_that_is_younger_than_the_run_stops_the_build(house):  # noqa: F811
    house.keep_run(handmade())
    (house.root / "notebooks").mkdir()
    for planted, told in (
        ("It reaches 75.31 %.", "typed by hand"),
        ("<script>x</script>", "act in a reader"),
    ):
        source = handmade()
        source.cells[0].source += f"\n\n{planted}"
        nbformat.write(source, house.root / "notebooks" / PAPER.notebook_name)
        with pytest.raises(MMReproError, match=told):
            staged(house)


@pytest.fixture
def published(house):  # noqa: F811
    """A checkout with a run, a committed record, and what benchmarks and faults found."""
    house.keep_run(handmade())
    for name in ("benchmarks/engine.json", "faults.json"):
        (house.root / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PROJECT / "results" / name, house.root / "results" / name)
    house.commit_record()
    manifest = {
        "slug": SLUG,
        "datasets": {
            "toy": {
                "title": "Toy", "citation": "Nobody 2025.", "licence": "CC0-1.0", "access": "open",
                "tier": "paper", "description": "Some numbers.",
                "tree": {"path": "toy", "sha256": "c" * 64, "bytes": 1},
            }
        },
    }  # fmt: skip
    (house.root / "data_manifests").mkdir()
    (house.root / "data_manifests" / f"{SLUG}.yml").write_text(yaml.safe_dump(manifest))
    return house


@pytest.fixture(autouse=True)
def own_root(request, monkeypatch):
    if "published" in request.fixturenames:
        monkeypatch.setenv("MMREPRO_ROOT", str(request.getfixturevalue("published").root))


def committed(place):
    return place.root / "results" / "cpu" / f"{SLUG}.json"


def forge(path, edit):
    """Change a record's JSON and give it the digest that fits."""
    content = json.loads(path.read_text())
    edit(content)
    content["digest"] = digest_of(content)
    path.write_text(json.dumps(content))


def judged_anew(content, **data):
    """Let a forged record's claims follow its metrics and its own idea of the claims and data."""
    found = RunRecord.model_validate({**content, **data})
    tiers = {used.name: used.tier for used in found.data}
    claims = judge([result.claim for result in found.claims], found.metrics, tiers, {})
    content["claims"] = [json.loads(claim.model_dump_json()) for claim in claims]


@pytest.mark.parametrize("name", RESULTS)
def test_a_number_changed_by_hand_in_any_result_stops_the_build(published, name):
    staged(published)
    path = published.root / "results" / name
    assert RESULTS[name] in path.read_text()
    path.write_text(path.read_text().replace(RESULTS[name], f"{RESULTS[name]}9", 1))
    with pytest.raises(MMReproError, match="is not what was measured"):
        staged(published)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_that_was_taken_away_stops_the_build(published, name):
    (published.root / "results" / name).unlink()
    with pytest.raises(MMReproError, match="is gone; restore it"):
        staged(published)


# The digest covers none of these, or was made anew: the checksums cover every byte.
WITH_A_DIGEST = {
    "seconds": lambda each: each.update(wall_s=1.0),
    "the machine": lambda each: each["environment"].update(cpu="A faster one"),
    "the key of today's sources": lambda each: each["code"].update(key="f" * 64),
    "the day": lambda each: each.update(started="2026-01-01T00:00:00Z"),
    "a metric that no claim asks for": lambda each: each["metrics"].append(
        {"dataset": "toy", "system": "early", "metric": "F1", "seed": 0, "value": 99.0}
    ),
}


@pytest.mark.parametrize("edit", WITH_A_DIGEST.values(), ids=WITH_A_DIGEST)
def test_a_record_with_a_fitting_digest_does_not_fit_its_checksum(published, edit):
    forge(committed(published), edit)
    read_record(committed(published))
    with pytest.raises(MMReproError, match="is not what was measured"):
        staged(published)


def wider_margin(each):
    each["claims"][0]["claim"]["margin"] = 9.0
    judged_anew(each)


def better_tier(each):
    each["data"][0]["tier"] = "closed-form"
    judged_anew(each)


def other_number(each):
    each["claims"][1]["claim"]["paper_value"] = 99.0
    judged_anew(each)


def without_the_negative(each):
    each["claims"].pop()


def other_data(each):
    each["data"][0]["sha256"] = "d" * 64


def more_seeds(each):
    each["settings"]["seeds"], each["seeds"] = [0, 1], list(range(100))


def verdict(each):
    each["claims"][0]["verdict"] = "compatible"


def metric(each):
    each["metrics"][0]["value"] = 99.0


CONSISTENT = {
    "a wider margin": (wider_margin, "tests C1 otherwise than paper.yml declares it"),
    "another number of the paper": (other_number, "tests C2 otherwise than paper.yml"),
    "a claim left out": (without_the_negative, "does not test the claims of paper.yml"),
    "a better tier": (better_tier, "uses toy otherwise than the data manifest declares it"),
    "other bytes of the data": (other_data, "uses toy otherwise than the data manifest declares it"),
    "more seeds": (more_seeds, "names other seeds than its settings"),
    "a verdict": (verdict, "the verdict of C1 is not what its numbers give"),
    "a metric": (metric, "the verdict of C1, C2 is not what its numbers give"),
}


@pytest.mark.parametrize("where", ["committed", "run"])
@pytest.mark.parametrize(("edit", "told"), CONSISTENT.values(), ids=CONSISTENT)
def test_a_record_whose_hashes_were_all_made_anew_departs_from_its_sources(published, where, edit, told):
    if where == "committed":
        forge(committed(published), edit)
        published.note_sums()
    else:
        files = published.keep_run(handmade())
        forge(files.record, edit)
        marker = json.loads(files.marker.read_text())
        marker["record_sha256"] = sha256_file(files.record)
        files.marker.write_text(json.dumps(marker))
    with pytest.raises(MMReproError, match=told):
        staged(published)


def test_a_record_older_than_its_sources_is_shown_as_stale(published):
    forge(committed(published), wider_margin)
    published.note_sums()
    page = (staged(published, is_stale=lambda made: True) / "scoreboard.md").read_text()
    assert "this record is stale" in page


def test_a_record_of_another_profile_is_not_published(published):
    committed(published).write_text(record("smoke", seeds=2).model_dump_json())
    published.note_sums()
    with pytest.raises(MMReproError, match="is the smoke record of toy-fusion; make the right one with"):
        staged(published)


def test_a_forgery_that_fits_everything_is_shown_by_the_next_run():
    """No checksum can tell it: whoever can change one file can change all. The scheduled re-run does."""
    true = record()
    better = [row.model_copy(update={"value": row.value + 5}) for row in true.metrics]
    claims = judge(PAPER.claims, better, {"toy": "paper"}, {})
    forged = seal({**dict(true), "metrics": better, "claims": claims})
    told = differences(true, forged, PAPER.tolerances)
    assert any("toy/accuracy/early is 71.68, committed 76.68" in problem for problem in told)
    assert any("verdict of C2: 'reproduced', committed" in problem for problem in told)


@pytest.mark.parametrize("planted", ["| 9 | 0 | 0 | 0 | 0 | 0 |", ""])
def test_a_verdict_planted_in_the_readme_is_told(house, planted):  # noqa: F811
    house.commit_record()
    readme, results = house.root / "README.md", house.root / "results"
    readme.write_text(f"# Title\n\n{START}\n{END}\n")
    update_readme(readme, [PAPER], results)
    assert readme_is_current(readme, [PAPER], results)
    shown_there = "| 2 | 0 | 0 | 0 | 0 | 1 |"
    assert shown_there in readme.read_text()
    readme.write_text(readme.read_text().replace(shown_there, planted))
    assert not readme_is_current(readme, [PAPER], results)


@pytest.mark.parametrize("name", ["scoreboard.csv", "scoreboard.json"])
def test_a_planted_export_is_replaced_by_the_computed_one(published, name):
    honest = (staged(published) / name).read_text()
    (published.root / "book" / name).write_text(honest.replace("71.68", "99.99"))
    assert (staged(published) / name).read_text() == honest


def test_a_table_typed_in_place_of_a_generated_one_stops_the_build(published):
    page = published.root / "book" / "scoreboard.md"
    text = page.read_text()
    typed = "| Claim | Verdict |\n| --- | --- |\n| C1 | reproduced |"
    page.write_text(text.replace("<!-- mmrepro:scoreboard-claims -->", typed))
    with pytest.raises(MMReproError, match="No page of book/ shows 'scoreboard-claims'"):
        staged(published)


@pytest.mark.notebook
@pytest.mark.parametrize(("committed_output", "code"), [("4\n", 0), ("5\n", 1)])
def test_an_output_planted_in_a_committed_notebook_fails_nbval(tmp_path, committed_output, code):
    kept = [new_output("stream", name="stdout", text=committed_output)]
    cell = new_code_cell(
        "print(2 + 2)", execution_count=1, outputs=kept, metadata={"tags": ["nbval-check-output"]}
    )
    kernel = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(new_notebook(cells=[cell], metadata={"kernelspec": kernel}), tmp_path / "a.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "a.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout


def test_no_run_is_committed():
    """A forged run with a marker of its own would pass; so CI makes its runs itself."""
    assert "_build/" in (PROJECT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("slug", paper_slugs())
def test_a_committed_record_was_made_with_the_settings_that_its_profile_declares(slug):
    made = read_record(PROJECT / "results" / "cpu" / f"{slug}.json")
    declared = resolve_settings(load_paper(slug), "cpu").model_dump(mode="json")
    free = {"device", "time_budget_s"}  # where it ran, and how long it might
    assert {name for name in declared if declared[name] != made.settings.get(name)} <= free


@pytest.mark.parametrize("slug", paper_slugs())
def test_no_margin_or_tolerance_hides_everything(slug):
    paper = load_paper(slug)
    limits = [*paper.tolerances.values(), *(claim.margin for claim in paper.claims)]
    values = [claim.paper_value for claim in paper.claims if claim.paper_value is not None]
    assert all(abs(number) < 1e12 for number in [*limits, *values])
