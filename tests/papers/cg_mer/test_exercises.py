import numpy as np

from mmrepro.papers.cg_mer.exercises import EXERCISES


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
