import numpy as np
import pytest

from mmrepro.papers.cg_mer.exercises import EXERCISES


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.title)
def test_the_solution_passes_its_own_check_and_an_empty_stub_does_not(exercise, capsys):
    exercise.grade(exercise.solution)
    assert capsys.readouterr().out == f"{exercise.title}: solved.\n"
    exercise.grade(lambda *_: None)
    assert "not solved yet" in capsys.readouterr().out


def test_wrong_answers_are_told_apart(capsys):
    pairs, folds, needed = EXERCISES
    pairs.grade(lambda counts: 100 * (counts**2).sum() / (counts.sum(axis=1) ** 2).sum())
    assert "a rater is no pair" in capsys.readouterr().out
    folds.grade(lambda speakers: [(np.arange(1, 5), np.array([0]))] * 3)
    assert "Speaker 'b' is on both sides" in capsys.readouterr().out
    needed.grade(lambda pilot, width: 10_000)
    assert "One person fewer would do" in capsys.readouterr().out
    needed.grade(lambda pilot, width: 3)
    assert "still wider" in capsys.readouterr().out


def test_levels_rise():
    assert [exercise.level for exercise in EXERCISES] == ["easy", "medium", "hard"]
