from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from mmrepro.papers.hmg_emo import baseline, evaluation, explorer, figures, leak
from mmrepro.papers.hmg_emo.corpus import HANDCRAFTED
from mmrepro.papers.hmg_emo.emotify import EMOTIONS, co_occurrence
from mmrepro.papers.hmg_emo.graph import degrees
from mmrepro.papers.hmg_emo.growth import growth_table
from mmrepro.papers.hmg_emo.runs import SHARES, SYSTEMS, predict, shown_items, train, train_systems, view
from mmrepro.papers.hmg_emo.scenes import control, load_scenes
from mmrepro.papers.hmg_emo.scores import mean_average_precision
from mmrepro.papers.hmg_emo.split import split_edges
from mmrepro.papers.paper import load_paper

from .conftest import tiny_corpus

PAPER = load_paper("hmg-emo")


@pytest.fixture
def known(corpus, settings):
    runs = train_systems(corpus, settings, "pairs")
    baseline.add_baselines(runs, settings)
    return runs


@pytest.fixture
def unseen(corpus, settings):
    runs = train_systems(corpus, settings, "items", [each for each in SYSTEMS if each.unseen])
    baseline.add_baselines(runs, settings)
    return runs


def test_every_system_predicts_every_held_out_answer_with_every_seed(known, settings):
    names = {system.name for system in SYSTEMS}
    assert names < set(known.predictions)
    for by_seed in known.predictions.values():
        assert tuple(by_seed) == settings.seeds
        for seed, found in by_seed.items():
            assert found.test.shape == known.labels(seed, "test").shape
            assert found.valid.shape == known.labels(seed, "valid").shape
    assert len(known.items(0)) == len(known.labels(0, "test"))
    assert set(known.missing) == {"graph, gate", "graph, mean", "graph, concat"}
    assert set(known.missing["graph, gate"][0]) == {
        (name, share) for name in known.corpus.modalities for share in SHARES
    }


def test_a_seed_repeats_itself_and_another_does_not(corpus, settings):
    split = split_edges(corpus, "pairs", 0.1, 0.2, 0)
    losses = [train(SYSTEMS[2], split, settings, seed)[1]["loss"].tolist() for seed in (4, 4, 5)]
    assert losses[0] == losses[1] != losses[2]


def test_answers_of_others_are_learnt_where_only_labels_can_tell(settings):
    """Items that look alike, each with an emotion of its own: only labelled messages can know it."""
    draw = np.random.default_rng(0)
    edges = [(user, item) for user in range(40) for item in range(12) if draw.random() < 0.7]
    truth = np.eye(4)[draw.integers(0, 4, 12)]
    made = tiny_corpus(edges, [truth[item].tolist() for _, item in edges], users=40, items=12)
    alike = {name: torch.ones_like(values) for name, values in made.items.items()}
    made = replace(made, items=alike, users=torch.ones_like(made.users))
    split = split_edges(made, "pairs", 0.1, 0.2, 0)
    plan = settings.model_copy(update={"epochs": 25, "hidden_size": 16, "patience": 25, "dropout": 0.0})
    labels = made.labels[split.rows(split.test)].double().numpy()
    found = {}
    for system in (SYSTEMS[2], SYSTEMS[-1]):
        model, _ = train(system, split, plan, 0)
        found[system.name] = mean_average_precision(labels, predict(model, split, split.test, plan))
    assert found["graph + labels, gate"] > 95
    assert found["graph, gate"] < 60


def test_predictions_do_not_depend_on_the_batches_they_are_asked_in(corpus, settings):
    split = split_edges(corpus, "pairs", 0.1, 0.2, 0)
    model, _ = train(SYSTEMS[-1], split, settings, 0)
    whole = predict(model, split, split.test, settings)
    parts = predict(model, split, split.test, settings.model_copy(update={"batch_edges": 7}))
    assert np.allclose(whole, parts, atol=1e-6)


def test_a_system_without_context_sees_none(corpus):
    split = split_edges(corpus, "pairs", 0.1, 0.2, 0)
    bare = view(SYSTEMS[-2], split)
    assert not bare.corpus.users.any() and torch.equal(bare.test, split.test)
    assert view(SYSTEMS[0], split) is split


class TestBaselines:
    def test_prior_and_item_mean_are_written_out(self, tiny):
        made = split_edges(tiny, "pairs", 0.2, 0.2, 0)
        first = {"train": tiny.pair[[0, 1]], "test": tiny.pair[[2, 3]], "valid": tiny.pair[[2]]}
        split = replace(made, **first)
        # Training: rows 0, 4 (one pair) and 1, all of item 0.
        assert baseline.prior(split).test.tolist() == [[1 / 3, 2 / 3]] * 2
        means = baseline.item_mean(split).test
        assert means == pytest.approx(np.array([[1 / 3, 2 / 3]] * 2))  # item 1 is unknown: the prior
        known = replace(split, test=tiny.pair[[0]], train=tiny.pair[[1, 2, 3]], valid=tiny.pair[[3]])
        prior = np.array([1 / 3, 1])
        assert baseline.item_mean(known).test[0] == pytest.approx((np.array([0, 1]) + 5 * prior) / 6)

    def test_classifiers_read_hand_crafted_features_and_context(self, corpus, settings):
        split = split_edges(corpus, "pairs", 0.1, 0.2, 0)
        inputs = baseline.edge_features(split)
        user, item = corpus.edges[:, 3]
        expected = torch.cat([corpus.items[HANDCRAFTED][item], corpus.users[user]])
        assert inputs[3].tolist() == pytest.approx(expected.tolist())
        assert baseline.edge_features(split, reactions=True)[3, -2:].tolist() == corpus.reaction[3].tolist()

    def test_an_emotion_that_training_never_shows_is_predicted_as_never(self, corpus, settings):
        labels = corpus.labels.clone()
        labels[:, 2] = 0
        split = split_edges(replace(corpus, labels=labels), "pairs", 0.1, 0.2, 0)
        found = baseline.fitted(split, baseline._logistic(settings, 0))
        assert not found.test[:, 2].any() and found.test[:, 1].std() > 0

    def test_the_better_one_is_chosen_on_validation(self, known):
        for seed in known.splits:
            valid = known.labels(seed, "valid")
            given = {name: known.predictions[name][seed] for name in (baseline.LOGISTIC, baseline.BOOSTING)}
            best = max(given.values(), key=lambda each: mean_average_precision(valid, each.valid))
            assert known.predictions[baseline.BEST][seed] is best


def test_what_the_claims_need_is_measured(known, unseen, corpus):
    table = pd.concat([evaluation.score_runs(known), evaluation.score_runs(unseen, evaluation.UNSEEN)])
    missing = evaluation.missing_scores(known)
    table = pd.concat([table, evaluation.worst_missing(missing)])
    for claim in PAPER.claims:
        if "emotify" in claim.datasets:
            rows = table[table["metric"] == claim.metric]
            assert set(claim.systems) <= set(rows["system"]), claim.id
    intervals = evaluation.item_intervals(known, unseen, PAPER.claims, "emotify", 20)
    assert set(intervals) == {claim.id for claim in PAPER.claims if "emotify" in claim.datasets}
    assert all(low <= high for low, high in intervals.values())
    elsewhere = {"RMSE", "explained variance", "mAP, honest", "mAP, leaky"}  # the control and the leakage lab
    assert set(PAPER.tolerances) - elsewhere <= set(table["metric"])


def test_the_worst_missing_modality_is_the_least_score(known):
    missing = evaluation.missing_scores(known)
    worst = evaluation.worst_missing(missing).set_index(["system", "seed"])["value"]
    labels = known.labels(1, "test")
    expected = min(
        mean_average_precision(labels, given)
        for (_, share), given in known.missing["graph, mean"][1].items()
        if share == 1
    )
    assert worst["graph, mean", 1] == pytest.approx(expected)
    none = missing[missing["share"] == 0].set_index(["system", "seed", "modality"])["mAP"]
    whole = mean_average_precision(labels, known.predictions["graph, mean"][1].test)
    assert none["graph, mean", 1, "tags"] == pytest.approx(whole)


def test_intervals_over_items_hold_the_difference_and_are_zero_for_equals(known):
    redrawn = evaluation.Redrawn(known, 60)
    found = redrawn.map_of("item mean")
    points = [
        mean_average_precision(known.labels(seed, "test"), each.test)
        for seed, each in known.predictions["item mean"].items()
    ]
    low, high = np.quantile(found, [0.01, 0.99])
    assert low < np.mean(points) < high
    assert (redrawn.map_of("item mean") - found == 0).all()
    worst = redrawn.worst_of("graph, gate")
    assert worst.shape == (60,)


def test_leaks_add_what_they_tell(settings):
    """Labels that nothing can predict: the honest score is the base rate, and only a leak beats it."""
    draw = np.random.default_rng(1)
    edges = [(user, user % 4) for user in range(300)]  # one answer a user: a leaked one is told to its user
    labels = (draw.random((len(edges), 3)) < 0.3).astype(float).tolist()
    made = tiny_corpus(edges, labels, users=300, items=4, modalities=("tags",))
    made = replace(
        made,
        items=made.items | {HANDCRAFTED: torch.randn(4, 3, generator=torch.Generator().manual_seed(0))},
        present=torch.ones(4, 3, dtype=torch.bool),
        reaction=made.labels[:, :2].clone(),
    )
    plan = settings.model_copy(update={"epochs": 30, "patience": 30, "hidden_size": 16, "seeds": (0,)})
    runs = train_systems(made, plan, "pairs", [leak.READER])
    baseline.add_baselines(runs, plan)
    table = leak.lab(runs, plan).set_index("leak")
    assert table["honest"].max() < 55
    assert table.loc["both of these", "leaky"] > 60
    assert table.loc["supervised edges carry messages", "leaky"] < 55
    assert table.loc["liked and disliked as inputs (logistic)", "leaky"] > 70
    assert set(table["seed"]) == {0}


def test_the_explorer_takes_the_users_own_answers_out_of_the_messages(known, settings):
    split, model = known.splits[0], known.models["graph + labels, gate"][0]
    corpus = split.corpus
    user = explorer.busiest(corpus, 3)[0]
    songs = explorer.busiest_items(corpus, 4)
    assert len({corpus.item_groups[song] for song in songs}) == 4
    found = explorer.probabilities(model, split, user, songs, settings)
    assert found.shape == (4, 9)
    labels = corpus.labels.clone()
    labels[corpus.edges[0] == user] = 1 - labels[corpus.edges[0] == user]
    lied = replace(split, corpus=replace(corpus, labels=labels))
    assert np.array_equal(found, explorer.probabilities(model, lied, user, songs, settings))
    assert not np.allclose(found, explorer.probabilities(model, split, user, songs, settings, ["tags"]))
    rows = corpus.edges[1] == songs[0]
    assert explorer.votes(corpus, songs[0]) == pytest.approx(corpus.labels[rows].numpy().mean(0))
    chart = explorer.menu([("a", found[0], found[1]), ("b", found[2], found[3])], corpus.emotions)
    assert [trace.visible for trace in chart.data] == [True, True, False, False]
    assert chart.layout.updatemenus[0].buttons[1].args[0]["visible"] == [False, False, True, True]
    shown = explorer.bars(found[0], found[1], corpus.emotions)
    assert shown.count("<tr>") == 10 and "joyful activation" in shown


def test_the_figures_draw_what_they_are_given(known, unseen, read, sample, corpus):
    answers, tracks = read
    table = pd.concat([evaluation.score_runs(known), evaluation.score_runs(unseen, evaluation.UNSEEN)])
    plot = figures.known_unseen(table, "mAP", evaluation.UNSEEN).axes[0]
    names = [label.get_text() for label in plot.get_yticklabels()]
    means = table[table["metric"] == "mAP"].groupby("system")["value"].mean()
    assert names == means.sort_values(ascending=False).index.tolist()
    panels = figures.missing_lines(evaluation.missing_scores(known)).axes
    assert [panel.get_title() for panel in panels] == [f"without {name}" for name in corpus.modalities]
    groups = [corpus.item_groups[item] for item in shown_items(corpus)]
    violins = figures.gate_violins(known.gates, groups, corpus.modalities).axes[0]
    assert len(violins.get_xticklabels()) == 4
    base = dict.fromkeys(("power", "tension"), 20.0)
    dots = pd.DataFrame({"system": ["a", "b"] * 2, "seed": 0, "emotion": ["power"] * 2 + ["tension"] * 2,
                         "AP": [30.0, 40.0, 35.0, 45.0]})  # fmt: skip
    assert figures.emotion_dots(dots, base).axes
    leaks = pd.DataFrame({"leak": ["x", "y"], "seed": 0, "honest": [40.0, 40.0], "leaky": [50.0, 39.0]})
    assert [text.get_text() for text in figures.leak_bars(leaks).axes[0].texts] == ["+10.0", "−1.0"]
    assert figures.growth_lines(growth_table([1], 1, 2, 1)).axes[0].get_xscale() == "log"
    ratings = load_scenes(sample("movie_scenes").path("movie_scenes/scenes_emotional_ratings.csv"))
    bars = figures.scene_bars(control(ratings, 0.2, (0, 1))[0]).axes[0]
    assert [label.get_text() for label in bars.get_yticklabels()] == [
        "scene mean",
        "rater mean",
        "rater + scene",
    ]
    assert figures.loss_curves(pd.concat(known.histories)).axes[0].get_xlabel() == "epoch"
    assert len(figures.gallery(tracks).axes) == 12
    assert figures.schema().axes and figures.degree_bars(*(each.numpy() for each in degrees(corpus))).axes
    assert len(figures.shares_by_genre(answers.frame, EMOTIONS).axes[0].texts) == 36
    assert len(figures.co_occurrence_map(co_occurrence(answers.frame)).axes[0].texts) == 72


def test_tables_by_emotion_have_every_emotion(known, corpus):
    table = evaluation.emotion_scores(known, ["item mean", "graph, gate"])
    assert len(table) == 2 * 2 * len(corpus.emotions)
    assert "joyful activation" in set(table["emotion"])


def test_enough_seeds_are_run_for_an_order_claim_to_be_decidable():
    orders = [claim for claim in PAPER.claims if claim.kind == "order"]
    for profile in ("cpu", "gpu"):
        assert len(orders) * 2.0 ** -len(PAPER.profiles[profile]["seeds"]) < 0.05
