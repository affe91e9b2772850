import numpy as np
import pandas as pd
import pytest

from mmrepro.papers.paper import load_paper
from mmrepro.papers.trimod_mner import evaluation, explorer, figures, published
from mmrepro.papers.trimod_mner.model import GatedView, TaggerConfig
from mmrepro.papers.trimod_mner.runs import (
    SWAPPED,
    SYSTEMS,
    System,
    answer,
    config_of,
    train,
    train_systems,
)
from mmrepro.papers.trimod_mner.spans import surfaces
from mmrepro.papers.trimod_mner.tweets import Tweet


@pytest.fixture
def runs(parts, encoder, settings):
    return train_systems(parts, encoder, settings)


def test_every_system_answers_every_tweet_with_every_seed(runs, settings):
    assert set(runs.answers) == {system.name for system in SYSTEMS} | {SWAPPED}
    for by_seed in runs.answers.values():
        assert tuple(by_seed) == settings.seeds
        for answers in by_seed.values():
            assert [len(tags) for tags in answers] == [len(tweet.words) for tweet in runs.test.tweets]
    assert len(pd.concat(runs.histories)) == len(SYSTEMS) * 2 * settings.epochs


def test_every_size_and_switch_of_the_settings_reaches_the_tagger(settings):
    asked = {"hidden_size": 24, "num_heads": 3, "dropout": 0.25, "attention_dropout": 0.5, "use_gates": False}
    config = config_of(settings.model_copy(update={**asked, "use_characters": True}))
    assert config == TaggerConfig(**asked, use_characters=True)
    view = GatedView(8, config)
    assert (view.drop.p, view.attention.dropout, view.attention.num_heads) == (0.25, 0.5, 3)


def test_a_seed_repeats_itself_and_another_does_not(parts, encoder, settings):
    histories = [train(SYSTEMS[3], parts, encoder, settings, seed)[1] for seed in (4, 4, 5)]
    assert histories[0]["loss"].tolist() == histories[1]["loss"].tolist()
    assert histories[0]["loss"].tolist() != histories[2]["loss"].tolist()


def test_a_caption_that_tells_is_learnt_and_a_shuffled_one_is_not(splits, settings, encoder):
    """Tweets whose only word is the same, with a caption that alone decides the tag."""
    from mmrepro.papers.trimod_mner.corpus import build_parts

    made, captions = {}, {}
    for name, count in (("train", 64), ("valid", 32), ("test", 32)):
        kinds = np.random.default_rng(len(name)).integers(0, 2, count)
        made[name] = [Tweet(str(i), ("it",), ("B-PER" if kind else "B-LOC",)) for i, kind in enumerate(kinds)]
        captions[name] = [["man"] if kind else ["city"] for kind in kinds]
    parts = build_parts(made, encoder, captions)
    plan = settings.model_copy(update={"epochs": 8, "dropout": 0.1})
    found = {}
    for name, given in (("right", parts), ("other", {k: part.shuffled(0) for k, part in parts.items()})):
        model, _ = train(System("x", ("image",)), given, encoder, plan, 0)
        gold = [tweet.tags for tweet in given["test"].tweets]
        found[name] = np.mean([a == b for a, b in zip(answer(model, given["test"]), gold, strict=True)])
    assert found["right"] == 1
    assert found["other"] < 0.8


def test_scores_are_those_of_a_hand_worked_case():
    tweets = [
        Tweet("1", ("Ada", "#", "Mock"), ("B-PER", "O", "B-LOC")),
        Tweet("2", ("Bob", "here"), ("B-PER", "O")),
    ]
    answers = [("B-PER", "O", "O"), ("B-PER", "B-LOC")]
    found = evaluation.score_answers(tweets, answers, {"ada"})
    assert found["F1"] == pytest.approx(200 * 2 / 6)
    assert found["F1 with hashtag"] == pytest.approx(200 * 1 / 3)
    assert found["PER F1"] == 100
    assert (found["seen recall"], found["unseen recall"]) == (100, 50)


def test_the_interval_of_f1_holds_the_difference_and_is_zero_for_equals():
    generator = np.random.default_rng(0)
    gold = generator.integers(1, 4, 300)
    right = generator.binomial(gold, 0.7)
    one, other = np.stack([right, gold, gold], 1), np.stack([right // 2, gold, gold], 1)
    low, high = evaluation.f1_interval(one, other)
    assert low < 100 * (right.sum() - (right // 2).sum()) / gold.sum() < high
    assert evaluation.f1_interval(one, one) == (0, 0)
    # Against the plain way: draw rows, add up, divide.
    draws = [generator.integers(0, 300, 300) for _ in range(2000)]
    plain = [100 * (right[d].sum() - (right // 2)[d].sum()) / gold[d].sum() for d in draws]
    assert (low, high) == pytest.approx(np.quantile(plain, [0.025, 0.975]), abs=0.6)


def test_every_order_claim_gets_an_interval_over_tweets(runs, parts):
    claims = load_paper("trimod-mner").claims
    found = evaluation.tweet_intervals(runs, claims, "twitter2017")
    assert set(found) == {claim.id for claim in claims if claim.kind == "order"}
    table = evaluation.scores(runs, parts["train"].tweets)
    measured = set(table["metric"])
    assert {claim.metric for claim in claims if claim.kind == "order"} <= measured
    assert set(load_paper("trimod-mner").tolerances) <= measured
    assert surfaces(parts["train"].tweets)
    differences = evaluation.paired_differences(table)
    by_seed = table[(table["metric"] == "F1") & (table["seed"] == 1)].set_index("system")["value"]
    row = differences[(differences["system"] == "all three") & (differences["seed"] == 1)]
    assert row["difference"].item() == pytest.approx(by_seed["all three"] - by_seed["text"])


def test_the_published_log_is_read_and_its_noise_measured(sample):
    curves = published.load_curves(sample("umt_log"))
    assert set(curves["dataset"]) == {"twitter2015", "twitter2017"}
    table = pd.DataFrame(
        {"dataset": "a", "split": "test", "epoch": range(1, 9), "f1": [10, 50, 70, 71, 73, 72, 74, 73.5]}
    )
    assert published.epoch_noise(table, "a") == pytest.approx(2)


def test_the_explorer_changes_only_what_it_is_told(runs, parts):
    model, part = runs.models["all three"], parts["test"]
    found = explorer.conditions(model, part)
    assert found["all three"] == runs.answers["all three"][0]
    for row in explorer.moved(found):
        assert any(found[name][row] != found["all three"][row] for name in found)
    typed = explorer.one_tweet(part, 2, model, False, True, "a stage")
    assert (len(typed.hashtags[0]), len(typed.images[0])) == (0, 2)
    assert len(explorer.one_tweet(part, 2, model, True, False, "ignored").images[0]) == 0
    weights = explorer.caption_attention(model, part, 0)
    assert weights.shape == (len(part.tweets[0].words), len(part.images[0]))
    assert np.allclose(weights.sum(1), 1, atol=1e-4)
    shown = explorer.marked(("@ada", "<b>"), ("B-PER", "O"))
    assert "@user" in shown and "&lt;b&gt;" in shown and "PER" in shown and "@ada" not in shown


def test_the_figures_draw_what_they_are_given(runs, parts, sample):
    table = evaluation.scores(runs, parts["train"].tweets)
    order = [system.name for system in SYSTEMS[1:]]
    strip = figures.seed_strip(evaluation.paired_differences(table), 1.5, order).axes[0]
    assert [label.get_text() for label in strip.get_yticklabels()] == order
    bars = figures.metric_bars(table, ["PER F1", "LOC F1"], ["text", "all three"], "F1 (%)").axes[0]
    assert [label.get_text() for label in bars.get_xticklabels()] == ["PER F1", "LOC F1"]
    chart = figures.curves(pd.concat(runs.histories), published.load_curves(sample("umt_log")), "twitter2017")
    assert [trace.name for trace in chart.data] == ["UMT, published log", *(each.name for each in SYSTEMS)]
    assert chart.data[1].x[0] == 1
    facts = pd.DataFrame({"split": ["a", "b"], "entities, strict": [100, 50], "entities, lenient": [103, 50]})
    assert figures.dumbbell(facts).axes[0].lines[1].get_xdata().tolist() == pytest.approx([3, 0])
    words = ["Ada", "here"]
    grid = figures.before_after([("x", words, {"one": ("B-PER", "O"), "two": ("O", "O")})])
    assert [list(row) for row in grid.data[0].z] == [[1, 0], [0, 0]]  # words as rows
    assert list(grid.data[0].x) == ["one", "two"]
    assert list(grid.layout.yaxis.ticktext) == words
    assert figures.attention_map(np.eye(2), words, words).axes[0].get_xlabel() == "word of the caption"
    assert figures.diagram().axes


def test_enough_seeds_are_run_for_an_order_claim_to_be_decidable():
    paper = load_paper("trimod-mner")
    orders = [claim for claim in paper.claims if claim.kind == "order"]
    for profile in ("cpu", "gpu"):
        assert len(orders) * 2.0 ** -len(paper.profiles[profile]["seeds"]) < 0.05
