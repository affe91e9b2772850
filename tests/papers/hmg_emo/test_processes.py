"""Training in two processes gives what one gives, though the examples of a batch see each other."""

import sys

import pytest
import torch

from mmrepro.papers.hmg_emo.runs import SYSTEMS, train
from mmrepro.papers.hmg_emo.settings import Settings
from mmrepro.papers.hmg_emo.split import split_edges
from tests.processes import launch, trained

from .conftest import tiny_corpus


def keep(path):
    """Train a graph network, and write its losses."""
    edges = [(user, item) for user in range(12) for item in range(10) if (user + item) % 3]
    edges += edges[::5]  # some pairs have two answers
    corpus = tiny_corpus(edges, [[user % 2, item % 2] for user, item in edges], users=12, items=10)
    split = split_edges(corpus, "pairs", 0.1, 0.2, 0)
    plan = Settings(
        datasets=("emotify", "emotify_audio", "movie_scenes"),
        hidden_size=8,
        epochs=4,
        patience=4,
        dropout=0.0,
        device="cpu",
    )
    (system,) = [each for each in SYSTEMS if each.name == "graph, gate"]
    _, history = train(system, split, plan, 0)
    rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
    torch.save([history[name].tolist() for name in ("loss", "validation_loss")], f"{path}.{rank}")


@pytest.mark.loopback
def test_two_processes_follow_the_loss_curve_of_one(tmp_path):
    """What one of them predicts must carry no messages in the other, and answers count alike, not pairs."""
    (alone,) = trained("tests.papers.hmg_emo.test_processes", 1, tmp_path / "alone")
    for both in trained("tests.papers.hmg_emo.test_processes", 2, tmp_path / "both"):
        for found, expected in zip(both, alone, strict=True):
            assert found == pytest.approx(expected, rel=1e-5)


if __name__ == "__main__":
    launch(keep, int(sys.argv[1]), sys.argv[2])
