import json

import pytest

from mmrepro import open_chapter
from mmrepro.data.store import DataUnavailableError
from mmrepro.errors import MMReproError
from mmrepro.evidence.record import committed_record, read_record, write_record
from mmrepro.evidence.verdict import Estimate
from mmrepro.execution.run import RunFiles
from mmrepro.papers.settings import SettingsError
from tests.conftest import SLUG, Checkout


class Shell:
    """An IPython shell that executed `cells`."""

    def __init__(self, *cells):
        self.user_ns = {"In": ["", *cells]}


@pytest.fixture
def chapter(checkout):
    return open_chapter(SLUG, seeds=[0, 1, 2, 3, 4])


def fill(chapter, gap=4.0):
    """Measure the pair of claim M1 on the sample."""
    chapter.data("mosi")
    for seed in chapter.settings.seeds:
        values = {"early": 70 + gap + seed / 3, "late decision": 70 + seed / 7}
        chapter.measure("accuracy", values, dataset="mosi", seed=seed)


def test_a_chapter_opens_with_the_settings_that_were_asked_for(checkout):
    made = open_chapter(SLUG, "cpu", seeds=[4], device="cpu", overrides={"epochs": 3})
    assert (made.paper.slug, made.profile) == (SLUG, "cpu")
    assert (made.settings.seeds, made.settings.device, made.settings.epochs) == ((4,), "cpu", 3)


def test_a_wrong_setting_stops_before_anything_is_loaded(checkout):
    with pytest.raises(SettingsError, match="did you mean 'epochs'"):
        open_chapter(SLUG, overrides={"epoch": 3})
    with pytest.raises(MMReproError, match="did you mean 'mosei-fusion'"):
        open_chapter("mosei")


def test_injected_parameters_override_what_the_notebook_says(checkout, monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: Shell("# Parameters\nprofile = 'cpu'\nepochs = 3\n"))
    made = open_chapter(SLUG, "smoke", seeds=[4])
    assert (made.profile, made.settings.epochs, made.settings.seeds) == ("cpu", 3, (4,))


def test_in_a_notebook_that_was_not_injected_the_arguments_count(checkout, monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: Shell(Checkout.PARAMETERS))
    assert open_chapter(SLUG, "cpu").profile == "cpu"


def test_without_any_source_the_built_in_sample_is_used_and_said(chapter, capsys):
    used = chapter.data("mosi")
    assert (used.tier, used.source) == ("synthetic", "sample")
    told = capsys.readouterr().out
    assert "MMREPRO_OFFLINE is set" in told
    assert "Using the built-in synthetic sample of mosi instead." in told
    assert chapter.data("mosi") is used
    assert capsys.readouterr().out == ""


def test_data_without_a_sample_must_be_supplied(chapter):
    with pytest.raises(DataUnavailableError, match="set MMREPRO_MOSEI_ALIGNED"):
        chapter.data("mosei_aligned")


def test_the_banner_obtains_the_data_and_warns_of_the_sample(chapter, capsys):
    text = chapter.banner().data
    assert text.count("Generated sample, not the paper's data") == len(chapter.settings.datasets)
    assert "instead" in capsys.readouterr().out


def test_a_number_on_data_that_were_not_loaded_is_refused(chapter):
    with pytest.raises(MMReproError, match="'mosi' was not loaded in this run: there are none"):
        chapter.measure("accuracy", {"early": 1.0}, dataset="mosi")
    chapter.data("mosi")
    with pytest.raises(MMReproError, match="'mosei' was not loaded in this run: did you mean 'mosi'"):
        chapter.measure("accuracy", {"early": 1.0}, dataset="mosei")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused_at_once(chapter, value):
    """A record with it could be written after hours of training and never be read."""
    with pytest.raises(MMReproError, match=rf"accuracy of early, seed 3, is {value}"):
        chapter.measure("accuracy", {"early": value}, dataset=None, seed=3)


def test_what_was_measured_is_kept_to_twelve_digits(chapter):
    chapter.measure("share", {"a": 1 / 3}, dataset=None)
    assert chapter.metrics().to_dict("records") == [
        {"dataset": None, "system": "a", "metric": "share", "seed": 0, "value": 0.333333333333}
    ]


def test_measuring_again_replaces_the_number(chapter):
    """A reader who changes a cell and runs it again wants the new number, not the mean of both."""
    for value in (1.0, 2.0):
        chapter.measure("share", {"a": value, "b": 5.0}, dataset=None)
    assert chapter.metrics()[["system", "value"]].values.tolist() == [["a", 2.0], ["b", 5.0]]


def test_rows_are_measured_one_by_one(chapter):
    rows = [{"system": "a", "metric": "share", "seed": seed, "value": seed / 2} for seed in range(2)]
    chapter.measure_rows(rows, dataset=None)
    assert chapter.metrics()["value"].tolist() == [0.0, 0.5]


def test_a_stage_is_measured(chapter):
    import numpy as np

    with chapter.stage("work"):
        np.ones(30 * 2**17).sum()  # 30 MB
    (stage,) = chapter.record().stages
    assert stage.name == "work"
    assert stage.peak_mb > 30
    assert stage.wall_s >= 0 <= stage.cpu_s
    assert stage.gpu_mb is None


@pytest.mark.parametrize(
    "use",
    [
        lambda chapter: chapter.estimate("M11", Estimate(value=1.0, basis="items")),
        lambda chapter: chapter.cluster_interval("M11", (0.0, 1.0)),
        lambda chapter: chapter.not_testable("M11", "why"),
    ],
)
def test_a_claim_that_does_not_exist_is_refused(chapter, use):
    with pytest.raises(MMReproError, match="mosei-fusion has no claim 'M11': did you mean 'M1'"):
        use(chapter)


def test_an_estimate_over_seeds_comes_from_what_was_measured_only(chapter):
    with pytest.raises(MMReproError, match="basis='items'"):
        chapter.estimate("M1", Estimate(value=1.0, interval=(0.5, 1.5), n_seeds=10))


def found(chapter, claim):
    return {result.id: result for result in chapter.record().claims}[claim]


def test_every_claim_is_decided(chapter):
    fill(chapter)
    record = chapter.record()
    assert [result.id for result in record.claims] == [claim.id for claim in chapter.paper.claims]
    m1 = found(chapter, "M1")
    assert (m1.n_seeds, m1.dataset, m1.tier) == (5, "mosi", "synthetic")
    assert m1.verdict == "inconclusive"  # ten seeds are declared
    assert m1.reason.startswith("indicative only, for the claim: 5 seeds")
    assert found(chapter, "M7").verdict == "not testable"


def test_reasons_estimates_and_clusters_reach_the_record(chapter):
    fill(chapter)
    chapter.not_testable("M2", "needs a GPU")
    chapter.estimate(
        "M3", Estimate(value=-1.0, interval=(-2.0, -0.5), p_value=0.9, n_seeds=99, basis="items")
    )
    chapter.cluster_interval("M1", (1.0, 7.0))
    assert found(chapter, "M2").reason == "needs a GPU"
    assert found(chapter, "M3").verdict == "not reproduced"
    assert found(chapter, "M1").estimate.cluster_interval == (1.0, 7.0)


def test_an_interval_over_clusters_alone_decides_nothing(chapter):
    chapter.cluster_interval("M1", (1.0, 7.0))
    assert found(chapter, "M1").verdict == "not testable"


def test_two_equal_runs_have_one_digest(chapter):
    fill(chapter)
    other = open_chapter(SLUG, seeds=[0, 1, 2, 3, 4])
    fill(other)
    assert chapter.record().digest == other.record().digest


def test_concluding_writes_a_record_that_reads_back_and_shows_the_verdicts(chapter):
    fill(chapter)
    shown = chapter.conclude().data
    record = read_record(RunFiles.of(SLUG, "smoke").record)
    assert record.digest == chapter.record().digest
    assert "No cpu record is committed yet." in shown
    assert "indicative only" in shown


def commit(chapter, checkout):
    write_record(chapter.record(), checkout.root / "results" / "cpu" / f"{SLUG}.json")


def test_the_committed_record_stands_beside_the_run(chapter, checkout):
    assert committed_record(SLUG) is None
    assert "no committed record yet" in chapter.outcome().data
    fill(chapter)
    commit(chapter, checkout)
    assert committed_record(SLUG) is not None
    assert "indicative only" in chapter.conclude().data
    for shown in (chapter.conclude().data, chapter.outcome().data):
        assert "inconclusive" in shown
        assert "STALE" not in shown
    scores = chapter.scores(["accuracy"], "mosi", "Scores").data
    assert "accuracy, committed cpu" in scores
    checkout.write("print('changed')")
    assert "STALE" in chapter.conclude().data
    assert "STALE" in chapter.outcome().data


def test_scores_without_a_committed_record_have_dashes(chapter):
    fill(chapter)
    assert "<td>–</td>" in chapter.scores(["accuracy"], "mosi", "Scores").data


def test_a_committed_record_that_was_changed_is_told_and_not_shown(chapter, checkout, capsys):
    """It says to run the chapter again, so it must not stop the run that does."""
    fill(chapter)
    commit(chapter, checkout)
    path = checkout.root / "results" / "cpu" / f"{SLUG}.json"
    content = json.loads(path.read_text())
    content["metrics"][0]["value"] = 99.0
    path.write_text(json.dumps(content))
    with pytest.raises(MMReproError, match="was changed after the run"):
        committed_record(SLUG)
    for shown in (chapter.outcome, chapter.conclude):
        assert "committed" in shown().data
        assert "was changed after the run" in capsys.readouterr().out
    scores = chapter.scores(["accuracy"], "mosi", "Scores").data
    assert "<td>–</td>" in scores and "99.00" not in scores


def test_the_key_is_that_of_the_code_that_ran(chapter, checkout):
    """A module edited while a long run trains is not the one that it loaded."""
    before = chapter.record().code.key
    checkout.write("print('edited during the run')")
    assert chapter.record().code.key == before


def test_a_chapter_whose_key_cannot_be_made_stops_at_once(checkout):
    checkout.notebook.unlink()
    with pytest.raises(MMReproError, match="has no notebook"):
        open_chapter(SLUG)
