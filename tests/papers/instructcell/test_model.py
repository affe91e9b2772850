from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats

from mmrepro.papers.instructcell import copilot, encoder, prompt, writer
from mmrepro.papers.instructcell.prompt import CELL, CELL_END, SIGNAL, SLOT
from mmrepro.papers.instructcell.runs import LossWatch
from mmrepro.papers.instructcell.writer import CountLaw
from tests.sharing import assert_shares_make_the_batch

GENES = 30


def test_the_law_of_counts_is_a_mixture_of_scipys_negative_binomial_and_zero():
    rng = np.random.default_rng(0)
    mean, dispersion, dropout = rng.gamma(2, 2, 40), rng.gamma(2, 1, 40), rng.uniform(0.01, 0.9, 40)
    counts = rng.poisson(mean)
    counts[:15] = 0
    nb = stats.nbinom(dispersion, dispersion / (dispersion + mean))
    expected = np.log((1 - dropout) * nb.pmf(counts) + dropout * (counts == 0))
    law = CountLaw(*(torch.from_numpy(part) for part in (mean, dispersion, np.log(dropout / (1 - dropout)))))
    assert np.allclose(law.log_prob(torch.from_numpy(counts).double()).numpy(), expected, atol=1e-5)


def test_probabilities_add_up_to_one():
    law = CountLaw(torch.tensor(3.0), torch.tensor(1.5), torch.tensor(-1.0))
    assert law.log_prob(torch.arange(400.0)).exp().sum() == pytest.approx(1, abs=1e-4)


def test_drawn_counts_are_whole_and_follow_mean_and_zeros():
    torch.manual_seed(0)
    size = (20_000,)
    law = CountLaw(torch.full(size, 4.0), torch.full(size, 2.0), torch.full(size, 0.0))
    drawn = law.sample()
    assert torch.equal(drawn, drawn.round()) and (drawn >= 0).all()
    assert drawn.mean() == pytest.approx(0.5 * 4, rel=0.05)
    assert (drawn == 0).float().mean() == pytest.approx(
        law.log_prob(torch.zeros(1))[0].exp().item(), abs=0.02
    )


@pytest.fixture
def author():
    torch.manual_seed(0)
    return writer.CellWriter(GENES, condition_size=8, latent_size=3, width=10)


def test_the_mean_of_a_written_cell_adds_up_to_its_total(author):
    law = author.law(torch.randn(4, 3), torch.randn(4, 8), torch.tensor([10.0, 100.0, 1e3, 1e4]))
    assert torch.allclose(law.mean.sum(1), torch.tensor([10.0, 100.0, 1e3, 1e4]), rtol=1e-4)
    written = author.write(torch.randn(5, 8), torch.full((5,), 200.0))
    assert written.shape == (5, GENES) and torch.equal(written, written.round())


def test_the_divergence_of_the_prior_itself_is_zero_and_weighted(author):
    for layer in author.encode:
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.zeros_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
    counts = torch.poisson(torch.full((6, GENES), 2.0))
    likelihood, divergence = author.loss(torch.zeros(6, 8), counts, 3.0, author.noise(6))
    assert torch.allclose(divergence, torch.zeros(6)) and (likelihood > 0).all()


def test_the_latent_of_a_cell_is_the_mean_of_its_posterior(author):
    counts = torch.poisson(torch.full((3, GENES), 2.0))
    assert torch.equal(author.latent(counts), author._posterior(torch.zeros(3, 8), counts)[0])


@pytest.mark.parametrize(("kind", "slots"), [("q-former", 3), ("mlp", 1)])
def test_a_cell_becomes_soft_tokens_that_every_gene_reaches(kind, slots):
    torch.manual_seed(0)
    network = encoder.CellEncoder(GENES, 16, num_queries=3, num_values=2, kind=kind)
    expression = torch.rand(2, GENES, requires_grad=True)
    found = network(expression)
    assert found.shape == (2, slots, 16) and network.num_slots == slots
    found.square().sum().backward()
    assert (expression.grad.abs().sum(0) > 0).all()


@pytest.fixture
def small():
    torch.manual_seed(0)
    asked = f"Which type is {CELL}{SLOT}{SLOT}{CELL_END}?"
    tokens = prompt.train_tokenizer([asked, f"Beta{SIGNAL}", "Write a Beta."], 300, num_slots=2)
    network = encoder.CellEncoder(GENES, 16, num_queries=2, num_values=2)
    author = writer.CellWriter(GENES, 16, latent_size=3, width=8)
    language = copilot.small_t5(len(tokens.tokenizer), 16, 1, 2, tokens)
    return copilot.Copilot(language, network, author, tokens), asked


def test_slots_are_taken_by_the_cells_own_soft_tokens_and_words_are_left(small):
    model, asked = small
    ids, _ = model.tokens.encode([asked, "Write a Beta.", asked])
    expression = torch.rand(3, GENES)
    embedded = model.embed(ids, expression)
    plain = model.language.get_input_embeddings()(ids)
    slots = ids == model.tokens.slot
    assert torch.equal(embedded[~slots], plain[~slots])
    assert torch.allclose(embedded[0][slots[0]], model.encoder(expression)[0], atol=1e-5)
    assert torch.allclose(embedded[2][slots[2]], model.encoder(expression)[2], atol=1e-5)


def batch_of(model, asked, targets):
    ids, mask = model.tokens.encode([asked, "Write a Beta."])
    counts = torch.poisson(torch.full((2, GENES), 3.0))
    return ids, mask, model.tokens.targets(targets), torch.log1p(counts), counts


def test_only_answers_with_a_signal_are_written_and_the_loss_reaches_every_part(small):
    model, asked = small
    losses = model(*batch_of(model, asked, ["Beta", f"Beta{SIGNAL}"]), kl_weight=1.0)
    assert losses.likelihood.shape == losses.divergence.shape == (1,)
    (losses.text + losses.likelihood.mean() + losses.divergence.mean()).backward()
    for part in (model.language, model.encoder, model.writer):
        assert any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in part.parameters())
    none = model(*batch_of(model, asked, ["Beta", "Beta"]), kl_weight=1.0)
    assert none.likelihood.tolist() == none.divergence.tolist() == [0]


@pytest.mark.parametrize(
    "answers", [["Beta", f"Beta Beta{SIGNAL}", "Beta Beta"], ["Beta", "Beta Beta", "Beta"]]
)
def test_tokens_and_written_cells_are_counted_over_the_batch_where_processes_share_it(
    small, answers, monkeypatch
):
    model, asked = small
    counts = torch.poisson(torch.full((3, GENES), 3.0))
    bank = SimpleNamespace(expression=torch.log1p(counts), counts=counts)
    watch = LossWatch(bank, SimpleNamespace(kl_weight=1.0, generation_weight=0.5), torch.device("cpu"))
    ids, mask = model.tokens.encode([asked, "Write a Beta.", asked])
    batch = ids, mask, model.tokens.targets(answers), torch.arange(3), torch.zeros(3)
    assert_shares_make_the_batch(monkeypatch, watch, model, batch, (2, 3, 4))


def test_padding_of_a_prompt_changes_nothing(small):
    model, asked = small
    model.eval()
    ids, mask = model.tokens.encode([asked])
    wide = torch.nn.functional.pad(ids, (0, 5), value=model.tokens.pad)
    seen = torch.nn.functional.pad(mask, (0, 5))
    targets, counts = model.tokens.targets(["Beta"]), torch.ones(1, GENES)
    losses = [model(each, m, targets, counts, counts, 1.0).text for each, m in ((ids, mask), (wide, seen))]
    assert torch.allclose(*losses, atol=1e-6)


def test_the_state_of_the_signal_is_read_where_the_answer_has_it(small):
    model, _ = small
    model.eval()
    ids, mask = model.tokens.encode(["Write a Beta."] * 2)
    signal, end, pad = model.tokens.signal, model.tokens.end, model.tokens.pad
    answers = torch.tensor([[pad, 9, signal, end], [pad, 9, 11, end]])
    states, has = model.signal_states(ids, mask, answers)
    assert has.tolist() == [True, False] and states.shape == (2, 16)
    hidden = model.language(
        input_ids=ids, attention_mask=mask, decoder_input_ids=answers, output_hidden_states=True
    ).decoder_hidden_states[-1]
    assert torch.allclose(states[0], hidden[0, 2], atol=1e-5)
    assert torch.allclose(states[1], hidden[1, 3], atol=1e-5)


def test_training_and_writing_read_the_same_state(small):
    """The state that conditions the loss is the one that `signal_states` returns for the same answer."""
    model, _ = small
    model.eval()
    kept = {}

    def remember(condition, counts, kl_weight, noise):
        kept["condition"] = condition
        return torch.zeros(len(counts)), torch.zeros(len(counts))

    model.writer.loss = remember
    ids, mask = model.tokens.encode(["Write a Beta."])
    targets = model.tokens.targets([f"Beta{SIGNAL}"])
    counts = torch.ones(1, GENES)
    model(ids, mask, targets, counts, counts, 1.0)
    answer = torch.cat([torch.tensor([[model.tokens.pad]]), targets], 1)
    assert torch.allclose(kept["condition"], model.signal_states(ids, mask, answer)[0], atol=1e-5)
