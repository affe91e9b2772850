"""The copilot: a T5 that reads soft tokens of a cell, answers in words, and writes cells on a signal."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mmrepro.papers.instructcell.encoder import CellEncoder
from mmrepro.papers.instructcell.prompt import Tokens
from mmrepro.papers.instructcell.writer import CellWriter
from mmrepro.training.share import drawn


class Losses(NamedTuple):
    """Parts of the loss: nats a token; nats a written cell, likelihood and divergence (zero without one).

    Attributes
    ----------
    tokens, cells
        How many tokens and written cells there are.
    """

    text: Tensor
    likelihood: Tensor
    divergence: Tensor
    tokens: Tensor
    cells: Tensor


def small_t5(vocabulary: int, hidden_size: int, num_layers: int, num_heads: int, tokens: Tokens) -> Any:
    """Make an untrained T5 of the same kind as the paper's T5-base, only smaller."""
    from transformers import T5Config, T5ForConditionalGeneration

    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=vocabulary,
            d_model=hidden_size,
            d_kv=hidden_size // num_heads,
            d_ff=2 * hidden_size,
            num_layers=num_layers,
            num_decoder_layers=1,
            num_heads=num_heads,
            dropout_rate=0.0,
            decoder_start_token_id=tokens.pad,  # type: ignore[call-arg]
            pad_token_id=tokens.pad,
            eos_token_id=tokens.end,
        )
    )


class Copilot(nn.Module):
    """One model for all tasks.

    Parameters
    ----------
    language
        A T5 for conditional generation.
    """

    def __init__(self, language: Any, encoder: CellEncoder, writer: CellWriter, tokens: Tokens) -> None:
        super().__init__()
        self.language, self.encoder, self.writer, self.tokens = language, encoder, writer, tokens

    def embed(self, ids: Tensor, expression: Tensor) -> Tensor:
        """Embed prompts (n, t); slots, where a prompt has any, are taken by its cell's soft tokens."""
        embedded: Tensor = self.language.get_input_embeddings()(ids)
        slots = ids == self.tokens.slot
        asked = slots.any(1)
        if not asked.any():
            return embedded
        soft = self.encoder(expression[asked]).flatten(0, 1).to(embedded.dtype)
        return embedded.masked_scatter(slots[..., None].expand_as(embedded), soft)

    def forward(
        self, ids: Tensor, mask: Tensor, targets: Tensor, expression: Tensor, counts: Tensor, kl_weight: float
    ) -> Losses:
        """Return the loss of a batch; a cell is written where the target holds the signal."""
        longest, most = int(mask.sum(1).max()), int((targets >= 0).sum(1).max())
        ids, mask = ids[:, :longest], mask[:, :longest]
        targets = targets[:, :most].contiguous()  # T5 asks for it
        told = self.language(
            inputs_embeds=self.embed(ids, expression),
            attention_mask=mask,
            labels=targets,
            output_hidden_states=True,
        )
        # The state of the signal once it is fed back, one place after it was the target.
        places = torch.zeros_like(targets, dtype=torch.bool)
        places[:, 1:] = targets[:, :-1] == self.tokens.signal
        writes = places.any(1)
        counted = (targets >= 0).sum(), writes.sum()
        noise = drawn(self.writer.noise, writes)
        if not writes.any():
            zero = told.loss.new_zeros(1)
            return Losses(told.loss, zero, zero, *counted)
        states = told.decoder_hidden_states[-1][places].float()
        likelihood, divergence = self.writer.loss(states, counts[writes], kl_weight, noise)
        return Losses(told.loss, likelihood, divergence, *counted)

    @torch.no_grad()
    def answer(self, ids: Tensor, mask: Tensor, expression: Tensor, longest: int = 20) -> Tensor:
        """Answer greedily; numbers of tokens, (n, u)."""
        found: Tensor = self.language.generate(
            inputs_embeds=self.embed(ids, expression),
            attention_mask=mask,
            max_new_tokens=longest,
            do_sample=False,
        )
        return found

    @torch.no_grad()
    def signal_states(self, ids: Tensor, mask: Tensor, answers: Tensor) -> tuple[Tensor, Tensor]:
        """Return the state of the signal in answers of `answer`, and which answers have one.

        Where an answer has none, its last token stands in, so that a copilot which forgets the signal is
        judged by what it would write.
        """
        hidden = self.language(
            inputs_embeds=self.language.get_input_embeddings()(ids),
            attention_mask=mask,
            decoder_input_ids=answers,
            output_hidden_states=True,
        ).decoder_hidden_states[-1]
        signalled = answers == self.tokens.signal
        last = (answers != self.tokens.pad).long().cumsum(1).argmax(1)
        places = torch.where(signalled.any(1), signalled.long().argmax(1), last)
        return hidden[torch.arange(len(answers)), places].float(), signalled.any(1)
