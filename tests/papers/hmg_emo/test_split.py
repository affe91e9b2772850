import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo.split import Partition, split_edges

from .conftest import tiny_corpus


def test_an_edge_that_is_predicted_and_carries_messages_is_refused(tiny):
    with pytest.raises(
        MMReproError, match=r"1 edges are predicted and carry messages at once.*user 1 to item 0"
    ):
        Partition(tiny, torch.tensor([1, 2]), torch.tensor([1, 3]))


def test_so_is_another_answer_of_the_same_pair(tiny):
    with pytest.raises(MMReproError, match="user 0 to item 0"):
        Partition(tiny, torch.tensor([0, 2]), torch.tensor([4]))


@pytest.mark.parametrize("unseen", ["pairs", "items"])
def test_every_split_parts_pairs_and_every_step_takes_all_but_its_own(corpus, unseen):
    split = split_edges(corpus, unseen, 0.1, 0.2, seed=3)
    parts = [split.train, split.valid, split.test]
    assert torch.cat(parts).sort().values.tolist() == list(range(int(corpus.pair.max()) + 1))
    batch = split.train[:20]
    step = split.learning(batch)
    assert set(corpus.pair[step.supervised].tolist()) == set(batch.tolist())
    assert len(step.message) + len(step.supervised) == len(split.rows(split.train))
    asked = split.asking(split.test)
    assert asked.message.tolist() == split.rows(split.train).tolist()
    assert asked.supervised.tolist() == split.rows(split.test).tolist()
    assert (asked.answers == corpus.labels[asked.supervised]).all()


def test_repeated_answers_never_stand_on_two_sides(corpus):
    same = corpus.pair.unique(return_counts=True)
    assert (same[1] > 1).any()
    for seed in range(5):
        split = split_edges(corpus, "pairs", 0.2, 0.3, seed)
        sides = [
            set(corpus.pair[split.rows(part)].tolist()) for part in (split.train, split.valid, split.test)
        ]
        assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_unseen_items_are_in_no_training_edge(corpus):
    split = split_edges(corpus, "items", 0.1, 0.2, seed=0)
    items = [
        set(corpus.edges[1, split.rows(part)].tolist()) for part in (split.train, split.valid, split.test)
    ]
    assert not (items[0] & items[1] or items[0] & items[2] or items[1] & items[2])
    assert len(items[2]) == pytest.approx(0.2 * corpus.item_count, abs=1)


def test_a_seed_repeats_itself_and_another_does_not(corpus):
    tests = [split_edges(corpus, "pairs", 0.1, 0.2, seed).test.tolist() for seed in (4, 4, 5)]
    assert tests[0] == tests[1] != tests[2]


def test_shares_are_kept(corpus):
    split = split_edges(corpus, "pairs", 0.1, 0.2, 0)
    count = int(corpus.pair.max()) + 1
    assert len(split.test) == pytest.approx(0.2 * count, abs=1)
    assert len(split.valid) == pytest.approx(0.1 * count, abs=1)


def test_a_part_without_pairs_is_refused():
    small = tiny_corpus([(0, 0), (1, 1)], [[1, 0], [0, 1]])
    with pytest.raises(MMReproError, match="validation part has no pair"):
        split_edges(small, "pairs", 0.1, 0.4, 0)
