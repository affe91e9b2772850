import numpy as np

from mmrepro.papers.hmg_emo.exercises import EXERCISES


def test_wrong_answers_are_told_apart(capsys):
    mean, leak, gate = EXERCISES
    mean.grade(lambda items, labels, count: np.zeros((3, 2)))
    assert "Item 0 was answered twice" in capsys.readouterr().out
    leak.grade(lambda pairs, message, supervised: [])
    assert "the answer is [2]" in capsys.readouterr().out

    def naive(scores, present):
        raised = np.exp(np.asarray(scores))
        return raised / raised.sum(1, keepdims=True)

    gate.grade(naive)
    assert "The third modality is missing" in capsys.readouterr().out
