import numpy as np
import pandas as pd
import pytest

from mmrepro.papers.facetrack_mm import arms, encoder, evaluation, explorer, figures, runs
from mmrepro.papers.facetrack_mm.scene import Clips, Event, draw_clips
from mmrepro.training.parallel import workers


@pytest.fixture(scope="module")
def frozen(settings):
    return encoder.pretrain(settings).encoder


@pytest.fixture(scope="module")
def trained(settings, frozen):
    with workers(1) as each:
        return runs.run_seeds(settings, frozen, each)


def test_every_system_tells_every_test_clip(trained, settings):
    assert [run.seed for run in trained] == [0, 1]
    for run in trained:
        assert set(run.told) == {*(arm.name for arm in arms.ARMS), arms.CONSTANT}
        assert {len(told["describe"]) for told in run.told.values()} == {settings.test_clips}
        assert run.followed.shape == (settings.test_clips, 9, 4)


def test_a_seed_is_the_same_in_a_process_of_its_own(trained, settings, frozen):
    with workers(2) as each:
        again = runs.run_seeds(settings, frozen, each)
    assert [run.told for run in again] == [run.told for run in trained]


def test_training_and_test_clips_of_a_seed_differ_and_so_do_seeds(settings):
    train, test = runs.clips_of(settings, 0)
    assert (len(train), len(test)) == (settings.train_clips, settings.test_clips)
    assert not np.array_equal(train.frames[:8], test.frames)
    assert not np.array_equal(runs.clips_of(settings, 1)[1].frames, test.frames)


def test_every_clip_is_asked_all_three_instructions(clips):
    texts = runs.instruction_texts(clips)
    assert len(texts) == 3 * len(clips)
    events = [event.expression for event in clips.scripts[0][0]]
    assert texts[:3] == [
        (0, f"describe {clips.captions()[0]}"), (0, f"first {events[0]}"), (0, f"last {events[-1]}")
    ]  # fmt: skip


def script(*names):
    return tuple(Event(name, 2 * place, 2 * place) for place, name in enumerate(names))


def clips_that_tell(*scripts):
    count = len(scripts)
    return Clips(
        np.zeros((count, 9, 96, 96), np.uint8), np.full((count, 9, 3, 4), np.nan),
        [[each] for each in scripts], np.array(["drift"] * count),
    )  # fmt: skip


def test_the_constant_caption_is_the_most_frequent_events_in_their_usual_order():
    told = clips_that_tell(
        script("smiles", "frowns"), script("smiles", "frowns"), script("raises-brows", "smiles", "frowns")
    )
    assert arms.constant_caption(told) == "smiles then frowns"


@pytest.mark.parametrize(
    ("told", "recall", "precision", "tem"),
    [
        (["smiles", "frowns", "opens-mouth"], 1, 1, 1),
        (["opens-mouth", "frowns", "smiles"], 1, 1, 1 / 3),
        (["smiles"], 1 / 3, 1, 0.5),
        (["smiles", "smiles", "smiles"], 1 / 3, 1 / 3, 1 / 3),
        (["closes-eyes", "smiles"], 1 / 3, 0.5, 0.4),
        ([], 0, 0, 0),
    ],
)
def test_exact_scores_as_worked_by_hand(told, recall, precision, tem):
    found = evaluation.exact_scores(["smiles", "frowns", "opens-mouth"], told)
    assert found == pytest.approx((recall, precision, tem))


def test_summaries_are_f1_of_means_and_mean_tem():
    scores = pd.DataFrame(
        {
            "system": ["a", "a"],
            "seed": [0, 0],
            "recall": [1.0, 0.0],
            "precision": [0.5, 0.0],
            "tem": [0.4, 0.2],
        }
    )
    found = {row["metric"]: row["value"] for row in evaluation.summary_rows(scores)}
    assert found["TEM"] == pytest.approx(30)
    assert found["AutoDQ-F1"] == pytest.approx(100 * 2 * 0.5 * 0.25 / 0.75)


def test_clip_scores_know_their_clip(trained):
    scores = evaluation.clip_scores(trained[0])
    assert len(scores) == len(trained[0].told) * len(trained[0].clips)
    one = scores[(scores["system"] == arms.FACE.name) & (scores["clip"] == 3)].iloc[0]
    assert one["persons"] == trained[0].clips.persons[3]
    assert one["motion"] == trained[0].clips.motions[3]


def test_answers_are_compared_with_the_first_and_the_last_event(trained):
    run = trained[0]
    right = {"describe": run.clips.captions(), "first": [s[0][0].expression for s in run.clips.scripts],
             "last": [s[0][-1].expression for s in run.clips.scripts]}  # fmt: skip
    perfect = runs.SeedRun(0, run.clips, run.followed, {"perfect": right}, run.history)
    assert [row["value"] for row in evaluation.answer_rows(perfect)] == [100, 100]
    scores = evaluation.clip_scores(perfect)
    assert scores[["recall", "precision", "tem"]].min().min() == 1


def test_gains_are_paired_within_a_seed_and_apart_by_persons():
    scores = pd.DataFrame(
        [
            {"seed": 0, "system": system, "persons": persons, "tem": tem}
            for persons, pair in ((1, (0.5, 0.4)), (2, (0.9, 0.3)), (3, (0.7, 0.5)))
            for system, tem in zip(("a", "b"), pair, strict=True)
        ]
    )
    found = {row["system"]: row["value"] for row in evaluation.gain_rows(scores, "a", "b")}
    assert found == {"one person": pytest.approx(10), "several persons": pytest.approx(40)}


def test_what_tracking_costs_is_true_less_detected():
    rows = [{"system": arms.TRUE_FACE.name, "seed": 3, "metric": "TEM", "value": 80.0},
            {"system": arms.FACE.name, "seed": 3, "metric": "TEM", "value": 71.0}]  # fmt: skip
    assert evaluation.tracking_rows(rows) == [
        {"system": arms.FACE.name, "seed": 3, "metric": "TEM lost to tracking", "value": 9.0}
    ]


def test_events_light_up_as_matched_missed_or_invented():
    true, told = explorer.judged_events(["smiles", "frowns", "blinks"], ["frowns", "jumps"])
    assert true == ["missed", "matched", "missed"]
    assert told == ["matched", "invented"]
    assert explorer.judged_events(["smiles"], []) == (["missed"], [])
    assert explorer.judged_events(["a", "b"], ["b", "a"])[1].count("invented") == 1


def test_the_explorer_shows_one_frame_at_a_time(trained):
    figure = explorer.clip_explorer(trained[0], arms.FACE.name, [0, 1])
    assert len(figure.data) == 2 * 2 * 9
    assert [trace.visible for trace in figure.data[:4]] == [True, True, False, False]
    steps = figure.layout.sliders[0].steps
    assert len(steps) == 18
    assert sum(steps[5].args[0]["visible"]) == 2


def test_figures_draw_what_they_are_given(trained, clips):
    rows = pd.DataFrame(
        [row for run in trained for row in evaluation.summary_rows(evaluation.clip_scores(run))]
    )
    tokens = {arm.name: arm.tokens(9) for arm in arms.ARMS}
    strip = figures.system_strip(rows, ["TEM", "AutoDQ-F1"], tokens)
    labels = [text.get_text() for text in strip.axes[0].get_yticklabels()]
    means = rows[rows["metric"] == "TEM"].groupby("system")["value"].mean().sort_values(ascending=False)
    assert [label.rsplit(" (", 1)[0] for label in labels] == list(means.index)
    gallery = figures.clip_gallery(draw_clips(3, 9, seed=0), [0, 2])
    assert len(gallery.axes) == 18
