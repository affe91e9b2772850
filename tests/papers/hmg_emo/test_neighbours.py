import pytest
import torch
from torch_geometric.typing import WITH_PYG_LIB, WITH_TORCH_SPARSE

from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo.graph import FELT, message_graph
from mmrepro.papers.hmg_emo.growth import UNIT, Step, generated_corpus, growth_table
from mmrepro.papers.hmg_emo.neighbours import draw_incoming, neighbourhood
from mmrepro.papers.hmg_emo.split import split_edges

from .test_model import network

DRAWN = WITH_PYG_LIB or WITH_TORCH_SPARSE
SAMPLERS = ["capped", pytest.param("library", marks=pytest.mark.skipif(not DRAWN, reason="needs pyg-lib"))]


@pytest.fixture
def step(corpus):
    split = split_edges(corpus, "pairs", 0.1, 0.2, 0)
    return split.learning(split.train[:12])


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("layers", [1, 2])
def test_with_room_for_all_neighbours_the_answer_is_that_of_the_whole_graph(corpus, step, sampler, layers):
    model = network(corpus, labels=True, layers=layers)
    whole = model(message_graph(step), step.asked)
    small, asked = neighbourhood(message_graph(step), step.asked, sampler, fanout=1000, hops=layers)
    assert torch.allclose(whole, model(small, asked), atol=1e-5)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_neighbourhood_holds_message_edges_only_and_no_more_than_allowed(corpus, step, sampler):
    asked_one = step.asked[:, :1]
    graph = message_graph(step)
    graph[FELT].number = torch.arange(len(step.message))
    small, asked = neighbourhood(graph, asked_one, sampler, fanout=3, hops=1)
    assert small[FELT].edge_index.shape[1] <= 3
    numbers = small[FELT].number
    assert torch.equal(small[FELT].edge_attr, corpus.labels[step.message[numbers]])
    assert torch.equal(small["user"].x[asked[0]], corpus.users[asked_one[0]])
    assert small["item"].num_nodes < corpus.item_count


def test_none_is_the_whole_graph(step):
    graph = message_graph(step)
    found, asked = neighbourhood(graph, step.asked, "none", 3, 1)
    assert found is graph and torch.equal(asked, step.asked)


@pytest.mark.skipif(DRAWN, reason="the library can draw here")
def test_the_library_sampler_says_what_to_install(step):
    with pytest.raises(MMReproError, match=r"needs pyg-lib or torch-sparse.*or choose sampler='capped'"):
        neighbourhood(message_graph(step), step.asked, "library", 3, 1)


def test_edges_are_drawn_from_the_right_nodes_and_at_most_so_many():
    targets = torch.tensor([0, 1, 1, 2, 1, 0, 1, 1])
    for _ in range(20):
        drawn = draw_incoming(targets, torch.tensor([0, 1]), fanout=3)
        assert len(drawn.unique()) == len(drawn)
        assert {0, 5} <= set(drawn.tolist())
        assert 1 <= (targets[drawn] == 1).sum() <= 3
        assert not (targets[drawn] == 2).any()
    assert draw_incoming(targets, torch.tensor([3]), 2).tolist() == []


def test_every_neighbour_has_a_chance():
    targets = torch.zeros(6, dtype=torch.long)
    seen = {int(edge) for _ in range(60) for edge in draw_incoming(targets, torch.tensor([0]), 2)}
    assert seen == set(range(6))


def test_generated_graphs_grow_in_proportion():
    one, three = generated_corpus(1), generated_corpus(3)
    assert one.edges.shape[1] == UNIT and three.edges.shape[1] == 3 * UNIT
    assert len(three.users) == 3 * len(one.users)
    assert torch.equal(generated_corpus(1).labels, one.labels)


def test_kept_memory_follows_the_graph_or_the_batch():
    table = growth_table([1, 4, 8], whole_up_to=8, fanout=2, layers=1).set_index(["messages", "multiple"])[
        "MB"
    ]
    whole, capped = table["whole graph"], table["capped neighbourhood"]
    assert whole[8] / whole[1] == pytest.approx(8, rel=0.35)
    assert capped[8] / capped[4] < 1.25
    assert capped[8] < whole[8] / 4


def test_kept_memory_is_counted_in_bytes_of_saved_tensors():
    step = Step(generated_corpus(1), "none", 2, 1)
    assert step.kept_mb() == step.kept_mb()
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda kept: saved.append(kept) or kept, lambda kept: kept):
        step.loss().backward()
    upper = sum(each.untyped_storage().nbytes() for each in saved) / 2**20
    assert 0 < step.kept_mb() <= upper
