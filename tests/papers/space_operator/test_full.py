import time
from functools import partial

import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator import full
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.flight import Rules
from mmrepro.papers.space_operator.full import ARMS, PilotSettings, compare, flown, reply_time
from mmrepro.papers.space_operator.pilot import Screen
from mmrepro.papers.space_operator.teacher import random_starts
from mmrepro.papers.space_operator.vlm import load_model
from mmrepro.training.loop import TrainingSettings
from tests.papers.space_operator.tiny import SIDE, save

METRICS = {"reply time", "reply time, p90"} | {
    f"{metric}, {told}"
    for metric in ("log10 score", "closest approach", "malformed")
    for told in ("replies at once", "late replies")
}


class Slow:
    """Burns forward after a while, faster once it is warm."""

    eye = Screen(32)

    def __init__(self, reply="forward none none", seconds=0.01):
        self.said, self.seconds, self.calls = reply, seconds, 0

    def eval(self):
        pass

    def reply(self, pictures, lines, *, free=False):
        self.calls += 1
        time.sleep(0.3 if self.calls <= 2 else self.seconds)
        return [self.said] * len(lines)


def test_a_reply_is_timed_when_it_is_warm():
    taken = reply_time(Slow(), 5, SpaceEnv)
    assert 0.01 <= taken.median <= taken.p90 < 0.2
    with pytest.raises(MMReproError, match="over 0 replies"):
        reply_time(Slow(), 0, SpaceEnv)


def test_the_time_of_a_reply_becomes_the_delay_of_the_flight(monkeypatch):
    delays = []

    class Env(SpaceEnv):
        def __init__(self, *given, **settings):
            super().__init__(*given, **settings)
            delays.append(self.reply_time)

    monkeypatch.setattr(full, "SpaceEnv", Env)
    monkeypatch.setattr(full, "reply_time", lambda *_, **__: full.ReplyTime(2.0, 3.0))
    rows = flown(Slow(seconds=0.0), random_starts(2, 0), "PE1_E1_I3")
    assert delays == [0.0, 0.0, 2.0, 2.0]
    found = {row["metric"]: row["value"] for row in rows}
    assert found.keys() == METRICS and found["reply time"] == 2.0
    assert found["log10 score, late replies"] != found["log10 score, replies at once"]


def test_malformed_replies_are_a_share():
    rows = flown(Slow("well", 0.0), random_starts(1, 0), "PE1_E1_I3", 1)
    assert [row["value"] for row in rows if row["metric"].startswith("malformed")] == [100.0, 100.0]


def test_all_arms_are_compared(tmp_path, monkeypatch):
    """A short flight of tiny weights: every arm, both ways of decoding, timed and not."""
    weights = save(tmp_path)
    prompts = tmp_path / "prompts.txt"
    prompts.write_text('PE_SYSTEM_PROMPT_NAVBALL="Catch."\nPE_USER_PROMPT="{CoT}Given {obs}?"\n')
    monkeypatch.setattr(full, "SpaceEnv", partial(SpaceEnv, rules=Rules(timeout=8.0)))
    short = PilotSettings(
        seeds=(0,),
        starts=1,
        decisions=2,
        size=SIDE,
        shots=1,
        rank=2,
        replies=2,
        most=4,
        device="cpu",
        training=TrainingSettings(epochs=1, batch_size=1, accumulate=2),
    )
    loaded = []

    def load(path, device):
        loaded.append((path, device))
        return load_model(path, device)

    torch.manual_seed(0)
    rows = compare(weights, short, prompts=prompts, load=load)
    assert {(row["system"], row["seed"]) for row in rows} == {
        (system + words, 0) for system in ARMS for words in ("", ", any words")
    }
    assert {row["metric"] for row in rows} == METRICS
    assert all(row["value"] >= 0 for row in rows)
    weighed = [row for row in rows if row["system"] in ARMS and row["metric"].startswith("malformed")]
    assert {row["value"] for row in weighed} == {0.0}
    assert loaded == [(weights, "cpu")] * len(ARMS)
    without = {row["system"] for row in compare(weights, short, load=load_model)} & ARMS.keys()
    assert without == {name for name, arm in ARMS.items() if not arm.authors}


def test_the_papers_own_scenario_is_flown_in_the_authors_words_for_it(tmp_path, monkeypatch):
    heard = []

    class Deaf(Slow):
        def __init__(self, model, senses, *, wording, **_):
            super().__init__(seconds=0.0)
            self.wording = wording

        def reply(self, pictures, lines, *, free=False):
            heard.append((self.wording.system[:6], lines[0]))
            return ["none none none"] * len(lines)

    monkeypatch.setattr(full, "Pilot", Deaf)
    monkeypatch.setattr(full, "ARMS", {"authors": full.Arm("text", authors=True)})
    monkeypatch.setattr(full, "SpaceEnv", partial(SpaceEnv, rules=Rules(timeout=8.0)))
    prompts = tmp_path / "prompts.txt"
    prompts.write_text('LBG_SYSTEM_PROMPT="Bandit."\nLBG_USER_PROMPT="{obs}{CoT}?"\n')
    plan = PilotSettings(scenario="LBG1_LG1_I2", seeds=(0,), starts=1, decisions=1, size=32, replies=1)
    rows = compare(tmp_path, plan, prompts=prompts, load=lambda *_: None)
    assert {row["system"] for row in rows} == {"authors", "authors, any words"}
    assert {start for start, _ in heard} == {"Bandit"}
    assert all("guard distance" in line for _, line in heard)
    with pytest.raises(MMReproError, match="lacks the section PE_SYSTEM_PROMPT_NAVBALL"):
        compare(tmp_path, plan.model_copy(update={"scenario": "PE1_E1_I3"}), prompts=prompts)
