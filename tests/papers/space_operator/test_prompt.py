import itertools
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.modeling.captioner import Vocabulary
from mmrepro.papers.space_operator.action import read_action
from mmrepro.papers.space_operator.agents import view
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.logs import PromptRow, read_prompts
from mmrepro.papers.space_operator.prompt import (
    COAST,
    LANGUAGE,
    WORDS,
    Interpreter,
    Telemetry,
    constrained,
    guarded_line,
    guarded_telemetry,
    line,
    spelled,
    telemetry,
    told,
    understood,
)

MIRROR = os.environ.get("MMREPRO_MIRROR")
# The first prompt that the authors' model was given, as their video shows it.
FIRST = Telemetry((0.38781952, 0.51676727, 0.76324806), 1567.99, 55.5, True)
BURNS = list(itertools.product((-1, 0, 1), repeat=3))


def test_the_line_by_hand():
    assert FIRST.line() == ("prograde +0.39 +0.52 +0.76 distance 01568.0 m speed 055.5 m/s approaching")


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"prograde": (-0.001, -1.0, 0.006)}, "prograde +0.00 -1.00 +0.01 distance"),
        ({"distance": 4.96}, "distance 00005.0 m"),
        ({"distance": 1e7}, "distance 99999.9 m"),
        ({"speed": 2980.0}, "speed 999.9 m/s"),
        ({"approaching": False}, "m/s receding"),
    ],
)
def test_the_line_stays_as_long(values, part):
    line = FIRST._replace(**values).line()
    assert part in line
    assert len(spelled(line).split()) == len(spelled(FIRST.line()).split()) == 33


def test_telemetry_is_that_of_the_view():
    env = SpaceEnv()
    env.reset()
    for _ in range(40):
        seen, read = view(env.flight), telemetry(env.flight)
        ahead, right, down = (-each / seen.speed for each in seen.drift)
        assert read.prograde == pytest.approx((right, ahead, down), abs=1e-9)
        assert read[1:] == pytest.approx((seen.distance, seen.speed, seen.approaching))
        assert read.approaching == (read.prograde[1] > 0)
        env.step((1, 0, 1, 0.5))


def test_numbers_are_spelled():
    assert spelled("distance 05.0 m/s -0.3") == "distance 0 5 . 0 m/s - 0 . 3"


def test_the_vocabulary_knows_every_word():
    vocabulary = Vocabulary(WORDS)
    lines = [FIRST.line(), FIRST._replace(prograde=(-1.0, 0.0, 0.0), approaching=False).line()]
    for text in [*map(spelled, lines), *map(told, BURNS), "act"]:
        assert vocabulary.decode(vocabulary.encode([text])) == [text]


@pytest.mark.parametrize(
    ("burn", "words"),
    [((1, 0, -1), "forward none up"), ((-1, -1, 1), "backward left down"), ((0, 1, 0), "none right none")],
)
def test_burns_are_said_in_words(burn, words):
    assert told(burn) == words and understood(words) == (*burn, 0.5)


def test_the_language_has_27_burns_that_the_environment_reads():
    assert len({told(burn) for burn in BURNS}) == 27
    for burn in BURNS:
        assert understood(told((*burn, 0.5))) == (*burn, 0.5)
        read_action(understood(told(burn)))


@pytest.mark.parametrize("burn", [(0.5, 0, 0), (1, 1), (2, 0, 0)])
def test_a_burn_outside_the_language_is_refused(burn):
    with pytest.raises(MMReproError, match="must be -1, 0 or 1"):
        told(burn)


@pytest.mark.parametrize(
    "reply",
    ["Forward, None, Up.", "perform_action(forward, none, up)", "[forward none up]", " forward\nnone up"],
)
def test_a_reply_may_be_dressed(reply):
    assert understood(reply) == (1, 0, -1, 0.5)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "forward",
        "forward none",
        "forward none up up",
        "up none forward",
        "forward none sideways",
        "forward forward up",
        "I would go forward, none, up",
        "1 0 -1",
    ],
)
def test_malformed_replies_are_not_guessed(reply):
    assert understood(reply) is None


@pytest.mark.parametrize(
    ("waiting", "after"), [("hold", (1.0, 0.0, -1.0, 0.5)), ("coast", (0.0, 0.0, 0.0, 0.5))]
)
def test_malformed_replies_are_counted_and_held_or_coasted(waiting, after):
    interpreter = Interpreter(waiting)
    assert interpreter.burn("well") == COAST
    assert interpreter.burn("forward none up") == (1, 0, -1, 0.5)
    assert interpreter.burn("I cannot") == interpreter.burn("") == after
    assert interpreter.burn("none left none") == (0, -1, 0, 0.5)
    assert (interpreter.replies, interpreter.malformed) == (5, 3)


def test_another_way_of_waiting_is_refused():
    with pytest.raises(MMReproError, match="'hold' or 'coast'"):
        Interpreter("pause")


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_constrained_logits_leave_three_words(axis):
    vocabulary = Vocabulary(WORDS)
    logits = torch.randn(4, 2, len(vocabulary), generator=torch.Generator().manual_seed(0))
    masked = constrained(logits, axis, vocabulary)
    numbers = [vocabulary.number(word) for word in LANGUAGE[axis]]
    assert masked.shape == logits.shape
    assert torch.equal(masked[..., numbers], logits[..., numbers])
    assert torch.isinf(masked).sum(-1).eq(len(vocabulary) - 3).all()
    assert masked.softmax(-1)[..., numbers].sum(-1).allclose(torch.ones(4, 2))
    forbidden = logits.clone()
    forbidden[..., vocabulary.number("act")] = 100.0  # however probable, it is not said
    said = vocabulary.decode(constrained(forbidden, axis, vocabulary).argmax(-1))
    assert all(word in LANGUAGE[axis] for row in said for word in row.split())


GUARDED = PromptRow(61.28, (0.35687962, 0.41753602, 0.83564383), 1483.8, 52.45, True, 616.02)


def test_the_guarded_line_prints_the_numbers_of_the_game():
    """A row as the transcribed table has it, to its last decimal."""
    row = "61.28,0.35687962,0.41753602,0.83564383,1483.8,52.45,approaching,616.02"
    assert re.findall(r"[+-]?\d[\d.]*|approaching|receding", guarded_line(GUARDED)) == row.split(",")
    assert guarded_line(replace(GUARDED, approaching=False)) == (
        "mission time 61.28 s prograde 0.35687962 0.41753602 0.83564383 lady distance 1483.8 m "
        "speed 52.45 m/s receding guard distance 616.02 m"
    )


def test_small_numbers_of_the_guarded_line_have_no_exponent_and_no_minus_before_a_zero():
    small = replace(GUARDED, prograde=(1.234e-5, -1e-9, -1.0), speed=0.001, guard=1200.0)
    assert "prograde 0.00001234 0 -1 lady" in guarded_line(small)
    assert "speed 0 m/s" in guarded_line(small) and guarded_line(small).endswith("guard distance 1200 m")


@pytest.mark.skipif(not MIRROR, reason="MMREPRO_MIRROR is not set, so there are no real data here")
def test_the_guarded_line_prints_every_prompt_of_the_authors_run():
    path = Path(MIRROR) / "space-operator/kspdg_logs/vlm_run_20250108_transcribed.csv"
    lines = path.read_text().splitlines()[1:]
    for shown, row in zip(read_prompts(path), lines, strict=True):
        assert re.findall(r"-?\d[\d.]*|approaching|receding", guarded_line(shown)) == row.split(",")[:8]


def test_guarded_telemetry_is_that_of_the_game_before_the_first_burn():
    env = SpaceEnv("LBG1_LG0_I2", start=10.22)
    env.reset()
    seen = guarded_telemetry(env.flight)
    # Printed by the real game at this mission time.
    assert (seen.time, seen.lady, seen.guard) == pytest.approx((10.22, 2617.98, 1963.51), abs=0.03)
    assert seen.speed == pytest.approx(7.57, abs=0.01)
    assert line(env.flight) == guarded_line(seen)


def test_no_guard_no_guarded_line():
    env = SpaceEnv()
    env.reset()
    assert line(env.flight) == telemetry(env.flight).line()
    with pytest.raises(MMReproError, match="nobody guards"):
        guarded_telemetry(env.flight)
