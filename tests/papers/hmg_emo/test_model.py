import math
from dataclasses import replace

import pytest
import torch
from torch_geometric.nn.conv import GATv2Conv, TransformerConv

from mmrepro.papers.hmg_emo import fusion
from mmrepro.papers.hmg_emo.graph import FELT, FELT_BY, message_graph
from mmrepro.papers.hmg_emo.model import EmotionNetwork, MessageLayer, NetworkConfig, parameter_count
from mmrepro.papers.hmg_emo.split import Partition, split_edges


def network(corpus, **changes):
    torch.manual_seed(0)
    config = NetworkConfig(corpus.modalities, **{"hidden_size": 8, "dropout": 0.0, **changes})
    return EmotionNetwork(corpus, config).eval()


def step_of(corpus, seed=0):
    split = split_edges(corpus, "pairs", 0.1, 0.2, seed)
    return split.asking(split.test)


def test_the_graph_holds_the_message_edges_and_no_other(corpus):
    step = step_of(corpus)
    graph = message_graph(step)
    assert graph[FELT].edge_index.tolist() == corpus.edges[:, step.message].tolist()
    assert graph[FELT].edge_attr.tolist() == corpus.labels[step.message].tolist()
    assert graph[FELT_BY].edge_index.tolist() == corpus.edges[:, step.message].flip(0).tolist()
    assert graph["user"].num_nodes == len(corpus.users) and graph["item"].num_nodes == corpus.item_count


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("kind", ["gate", "mean", "concat"])
def test_shapes_and_gradients(corpus, kind, labels):
    step = step_of(corpus)
    model = network(corpus, fusion=kind, labels=labels).train()
    scores = model(message_graph(step), step.asked)
    assert scores.shape == (len(step.supervised), 9)
    scores.square().mean().backward()
    without = [name for name, weight in model.named_parameters() if weight.grad is None]
    assert without == []


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_test_labels_cannot_reach_a_prediction(corpus, layers):
    step = step_of(corpus)
    model = network(corpus, labels=True, layers=layers)
    before = model(message_graph(step), step.asked)
    labels = corpus.labels.clone()
    labels[step.supervised] = 1 - labels[step.supervised]
    other = Partition(replace(corpus, labels=labels), step.message, step.supervised)
    assert torch.equal(before, model(message_graph(other), other.asked))


def test_a_supervised_edge_cannot_see_its_own_label_but_others_labels_are_heard(corpus):
    split = split_edges(corpus, "pairs", 0.1, 0.2, 0)
    step = split.learning(split.train[:30])
    model = network(corpus, labels=True)

    def scores_with(rows):
        labels = corpus.labels.clone()
        labels[rows] = 1 - labels[rows]
        changed = Partition(replace(corpus, labels=labels), step.message, step.supervised)
        return model(message_graph(changed), changed.asked)

    before = model(message_graph(step), step.asked)
    for row in step.supervised[:5]:
        assert torch.equal(before, scores_with(row))
    item = corpus.edges[1, step.supervised[0]]
    neighbours = step.message[corpus.edges[1, step.message] == item]
    assert not torch.allclose(before[0], scores_with(neighbours)[0])


def test_without_labels_no_label_is_heard_and_without_layers_no_edge(corpus):
    step = step_of(corpus)
    silent, alone = network(corpus), network(corpus, layers=0)
    flipped = Partition(replace(corpus, labels=1 - corpus.labels), step.message, step.supervised)
    fewer = Partition(corpus, step.message[:5], step.supervised)
    assert torch.equal(*(silent(message_graph(each), step.asked) for each in (step, flipped)))
    assert not torch.equal(*(silent(message_graph(each), step.asked) for each in (step, fewer)))
    assert torch.equal(*(alone(message_graph(each), step.asked) for each in (step, fewer)))


def test_the_order_of_messages_does_not_matter(corpus):
    step = step_of(corpus)
    model = network(corpus, labels=True, layers=2)
    mixed = Partition(corpus, step.message[torch.randperm(len(step.message))], step.supervised)
    found = [model(message_graph(each), step.asked) for each in (step, mixed)]
    assert torch.allclose(*found, atol=1e-5)


def test_one_round_is_attention_written_out(tiny):
    """The library's layer inside the round against its formula, for an item with three messages."""
    torch.manual_seed(1)
    config = NetworkConfig(tiny.modalities, hidden_size=8, num_heads=2, dropout=0.0, labels=True)
    layer = MessageLayer([FELT, FELT_BY, *tiny.links], config, 2).eval()
    graph = message_graph(Partition(tiny, torch.arange(5), torch.zeros(0, dtype=torch.long)))
    states = {name: torch.randn(graph[name].num_nodes, 8) for name in graph.node_types}
    found = layer(states, graph)["item"][0]
    conv = layer.relations.convs[FELT]
    rows = (tiny.edges[1] == 0).nonzero().squeeze(1)
    told = conv.lin_edge(tiny.labels[rows])
    keys = conv.lin_key(states["user"][tiny.edges[0, rows]]) + told
    values = conv.lin_value(states["user"][tiny.edges[0, rows]]) + told
    query = conv.lin_query(states["item"][0])
    heads = [slice(0, 4), slice(4, 8)]
    weights = [torch.softmax(keys[:, each] @ query[each] / math.sqrt(4), 0) for each in heads]
    heard = torch.cat([weight @ values[:, each] for weight, each in zip(weights, heads, strict=True)])
    expected = layer.norms["item"](states["item"][0] + torch.relu(heard))
    assert torch.allclose(found, expected, atol=1e-5)


def test_the_trap_of_edge_features():
    ends, x = torch.tensor([[0], [1]]), torch.randn(2, 4)
    deaf, hears = GATv2Conv(4, 4, edge_dim=3, add_self_loops=False), TransformerConv(4, 4, edge_dim=3)
    for layer, same in ((deaf, True), (hears, False)):
        heard = [layer(x, ends, edge_attr=torch.full((1, 3), value)) for value in (0.0, 1.0)]
        assert torch.equal(*heard) == same


class TestFusion:
    states = torch.randn(6, 3, 4, generator=torch.Generator().manual_seed(2))
    present = torch.tensor([[1, 1, 1], [1, 0, 1], [0, 0, 1], [0, 0, 0], [1, 1, 0], [1, 1, 1]]).bool()

    @pytest.mark.parametrize("kind", ["gate", "mean", "concat"])
    def test_a_missing_modality_cannot_be_read(self, kind):
        join = fusion.make_fusion(kind, 4, 3)
        noise = self.states + 100 * torch.randn(6, 3, 4) * ~self.present.unsqueeze(-1)
        assert torch.allclose(join(self.states, self.present), join(noise, self.present), atol=1e-5)

    def test_weights_add_up_to_one_and_are_zero_where_nothing_is(self):
        gate = fusion.GatedFusion(4, 3)
        weights = gate.weights(self.states, self.present)
        assert torch.allclose(weights.sum(1), torch.ones(6))
        some = self.present.any(1)
        assert (weights[some][~self.present[some]] == 0).all()
        assert torch.equal(gate(self.states, self.present)[3], torch.zeros(4))

    def test_a_gate_that_scores_alike_is_the_mean(self):
        gate = fusion.GatedFusion(4, 3)
        torch.nn.init.zeros_(gate.score[2].weight)
        mean = fusion.MeanFusion()
        assert torch.allclose(gate(self.states, self.present), mean(self.states, self.present), atol=1e-6)
        whole = self.present.all(1)
        assert torch.allclose(mean(self.states, self.present)[whole], self.states[whole].mean(1))


def test_a_missing_modality_of_an_item_changes_no_other_items_first_state(corpus):
    step = step_of(corpus)
    model = network(corpus)
    present = corpus.present.clone()
    present[2, corpus.column("tags")] = False
    less = Partition(replace(corpus, present=present), step.message, step.supervised)
    before, after = (model.first_states(message_graph(each))["item"] for each in (step, less))
    changed = (before != after).any(1).nonzero().squeeze(1).tolist()
    assert changed == [2]


def test_only_a_gated_network_has_weights(corpus):
    weights = network(corpus).gates(corpus.items, corpus.present)
    assert weights.shape == (corpus.item_count, 3)
    with pytest.raises(TypeError, match="MeanFusion has no weights"):
        network(corpus, fusion="mean").gates(corpus.items, corpus.present)


def test_labels_on_messages_cost_one_projection_a_direction(corpus):
    plain, told = (parameter_count(network(corpus, labels=labels, layers=1)) for labels in (False, True))
    assert told - plain == 2 * 9 * 8
