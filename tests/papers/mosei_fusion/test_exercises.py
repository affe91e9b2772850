import torch

from mmrepro.papers.mosei_fusion.exercises import EXERCISES


def test_wrong_answers_are_told_apart(capsys):
    share, product, gate = EXERCISES
    share.grade(lambda labels: 25.0)
    assert "half is the most frequent class" in capsys.readouterr().out
    product.grade(lambda probabilities: probabilities.mean(0))
    assert "geometric mean" in capsys.readouterr().out

    class Mean(torch.nn.Module):
        def __init__(self, hidden_size, num_modalities):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(num_modalities))

        def forward(self, tokens):
            return (tokens * self.weight[:, None]).sum(1)

    gate.grade(Mean)
    assert "add up to 1" in capsys.readouterr().out
