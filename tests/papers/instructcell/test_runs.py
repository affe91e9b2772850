import numpy as np
import pandas as pd
import pytest
import torch

from mmrepro.papers.instructcell import conversation, corpus, evaluation, figures, plane, runs
from mmrepro.papers.instructcell.cells import normalised
from mmrepro.papers.instructcell.neighbours import Choice

from .conftest import TINY


def test_every_system_is_trained_with_every_seed(trained):
    assert {name: sorted(each) for name, each in trained.models.items()} == {
        system.name: [0, 1] for system in runs.SYSTEMS
    }
    history = pd.concat(trained.histories)
    steps = history.groupby("system")["step"].max() + 1
    # Each task gets as many examples alone as beside the others.
    assert steps["copilot"] == pytest.approx(3 * steps["annotation only"], abs=3)


def test_the_same_seed_gives_the_same_copilot(bank, official, sample, trained):
    splits = runs.split_sets(bank, 0)
    language = runs.make_language(bank, splits, trained.templates, TINY, sample)
    again, _ = runs.train(runs.COPILOT, bank, splits, trained.templates, language, TINY, seed=0)
    old = trained.models["copilot"][0].state_dict()
    assert all(torch.equal(old[name], value) for name, value in again.state_dict().items())


def test_answers_are_rows_with_scores_in_percent(trained):
    found = evaluation.answer_rows(trained)
    systems = {row["system"] for row in found["pancreas"]}
    assert systems == {system.name for system in runs.SYSTEMS}
    assert {row["system"] for row in found["pc9"]} == {"copilot", "copilot, bare signal"}
    assert all(0 <= row["value"] <= 100 for rows in found.values() for row in rows)


def test_scores_agree_with_a_table_worked_by_hand():
    gold, said = np.array(list("aaab")), np.array(["a", "a", "b", "nonsense"])
    scores = evaluation.class_scores(gold, said)
    assert scores["accuracy"] == 50
    # a: precision 1, recall 2/3, F1 0.8; b: none right, F1 0.
    assert scores["macro-F1"] == pytest.approx(40) and scores["weighted F1"] == pytest.approx(60)
    assert evaluation.recalls(gold, said) == pytest.approx({"a": 200 / 3, "b": 0})


def test_rivals_are_scored_on_the_same_cells(trained):
    rows = pd.DataFrame(evaluation.rival_rows(trained)["pancreas"])
    means = rows[rows["metric"] == "accuracy"].groupby("system")["value"].mean()
    assert means["logistic regression"] > 85 > means["majority"]


def test_wording_compares_within_a_seed(trained):
    rows = pd.DataFrame(evaluation.wording_rows(trained))
    assert set(rows["metric"]) == {"seen less unseen templates", "options less no options"}
    assert len(evaluation.by_template(trained, 0)) == 4


def test_written_cells_are_whole_and_in_range_and_nothing_of_the_test_cell_is_told(trained, bank):
    model, splits = trained.models["copilot"][0], trained.splits[0]
    wordings = trained.templates["generation"]["test"]
    first = runs.write_cells(model, bank, "pancreas", splits, wordings, seed=3)
    assert np.array_equal(first.counts, np.round(first.counts)) and (first.counts >= 0).all()
    own = bank.counts[torch.from_numpy(bank.rows("pancreas", splits["pancreas"]["train"]))].sum(1).numpy()
    assert first.counts.sum(1).mean() < 2 * own.max()
    # Other expression in the test cells' place gives the same cells.
    changed = corpus.Bank(bank.genes, bank.sets, bank.counts, torch.zeros_like(bank.expression), bank.first)
    again = runs.write_cells(model, changed, "pancreas", splits, wordings, seed=3)
    assert np.array_equal(first.counts, again.counts)


def test_totals_follow_the_training_cells_and_stay_in_their_range():
    counts = torch.tensor([[100.0], [200.0], [400.0]])
    drawn = runs.totals_like(counts, 500, np.random.default_rng(0)).numpy()
    assert drawn.min() >= 99.9 and drawn.max() <= 400.1
    assert np.median(drawn) == pytest.approx(200, rel=0.1)


def test_real_cells_of_the_type_are_the_ceiling_and_of_any_type_the_floor(trained):
    rows = pd.DataFrame(evaluation.generation_rows(trained, "pancreas"))
    means = rows[rows["metric"] == "pKNN"].groupby("system")["value"].mean()
    assert means["real cells of the type"] > means["real cells of any type"] + 30


def test_a_pooled_space_is_fitted_on_the_test_cells_of_every_written_set(trained, bank):
    pool = evaluation._pool(trained, trained.splits[0])
    sizes = [len(trained.splits[0][name]["test"]) for name in ("pancreas", "pbmc68k")]
    assert pool.shape == (sum(sizes), len(bank.genes))
    rows = evaluation.generation_rows(runs.of_seed(trained, 0), "pbmc68k", Choice("svd", "10", pooled=True))
    assert {row["seed"] for row in rows} == {0}


def test_a_fair_split_never_trains_on_the_tested_group(sample, monkeypatch):
    cells_set = corpus.load_set("gbm", sample("gbm"))
    groups = cells_set.counts.obs["patient"].to_numpy(dtype=str)
    seen = []

    def remember(train, labels, test):
        seen.append((len(train), len(test)))
        return np.full(len(test), labels[0])

    monkeypatch.setattr(evaluation.rivals, "logistic_regression", remember)
    frame, found = evaluation.split_gap(cells_set, TINY, margin=5)
    assert frame["group"].tolist() == sorted(set(groups))
    whole = seen[-len(frame) :]
    sizes = [int((groups == name).sum()) for name in sorted(set(groups))]
    assert [test for _, test in whole] == sizes
    assert all(train + test == len(groups) for train, test in seen)
    assert found.basis == "items" and found.n_seeds == 5


def test_the_figures_draw_what_they_are_given(trained, bank, sample):
    rows = pd.DataFrame(evaluation.generation_rows(runs.of_seed(trained, 0), "pancreas"))
    axes = figures.writing_points(rows).axes
    assert [text.get_text() for text in axes[0].get_yticklabels()] == list(rows["system"].unique())
    gap = pd.DataFrame({"group": ["p"], "random": [90.0], "whole": [70.0]})
    drawn = figures.gap_plot({"x": gap}).axes[0]
    assert [line.get_xydata().tolist() for line in drawn.lines] == [[[90, 0]], [[70, 0]]]
    table = plane.markers(normalised(bank.sets["pancreas"].counts), "cell_type")
    assert figures.marker_heat(table).axes[0].get_yticklabels()[0].get_text() == table.index[0]
    assert set(table.idxmax()) == set(table.index)  # each type has a gene of its own
    places = plane.places(normalised(bank.sets["pancreas"].counts), "pca")
    assert places.shape == (bank.sets["pancreas"].counts.n_obs, 2)
    curves = figures.loss_curves(trained.histories).axes
    assert len(curves[0].lines) == len(runs.SYSTEMS)


def test_menus_show_one_type_at_a_time():
    frame = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0], "type": ["a", "b"]})
    figure = figures.written_explorer(frame, frame)
    assert [button.label for button in figure.layout.updatemenus[0].buttons] == ["every type", "a", "b"]
    assert (
        list(figure.layout.updatemenus[0].buttons[1].args[0]["visible"])
        == [False] * 2 + [True] * 2 + [False] * 2
    )
    table = pd.DataFrame({"gene": ["g"], "written": [1.0], "real": [2.0]})
    bars = figures.talk([("one", table), ("two", table)])
    assert [trace.visible for trace in bars.data] == [True, True, False, False]


def test_a_conversation_shows_the_prompt_as_it_is_read(trained, bank):
    model = trained.models["copilot"][0]
    template = trained.templates["annotation"]["test"][0]
    turn = conversation.converse(model, bank, "pancreas", 5, "annotation", template)
    assert "".join(turn.pieces) == turn.prompt
    assert turn.wanted == bank.sets["pancreas"].labels[5]
    soft = conversation.soft_tokens(model, bank, np.array([0, 1]))
    assert soft.shape == (2, TINY.num_queries, TINY.hidden_size)


def test_profiles_compare_the_genes_that_mark_a_type():
    real = np.array([[9.0, 0, 1], [8.0, 1, 1], [0, 9.0, 1], [1, 8.0, 1]])
    labels = np.array(["a", "a", "b", "b"])
    found = conversation.compared_profiles(real, labels, real, labels, ("A", "B", "C"), "a")
    assert found["gene"].iloc[0] == "A" and found["gene"].iloc[-1] == "B"
    assert np.allclose(found["written"], found["real"])
