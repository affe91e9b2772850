"""The modality transformer and four ways to join modalities (arXiv 2501.08085, abstract)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class EncoderConfig:
    """Size of every encoder; the paper states none of these numbers."""

    hidden_size: int = 64
    num_layers: int = 1
    num_heads: int = 4
    dropout: float = 0.3


class ModalityEncoder(nn.Module):
    """Project one modality, run a transformer encoder over its steps, average the steps.

    An example that was pooled beforehand is a sequence of one step. Steps that are zero throughout
    are padding and are left out of attention and average.
    """

    def __init__(self, input_size: int, config: EncoderConfig) -> None:
        super().__init__()
        self.project = nn.Linear(input_size, config.hidden_size)
        layer = nn.TransformerEncoderLayer(
            config.hidden_size,
            config.num_heads,
            dim_feedforward=2 * config.hidden_size,
            dropout=config.dropout,
            batch_first=True,
        )
        self.encoder = nn.TransformerEncoder(layer, config.num_layers, enable_nested_tensor=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """Encode (batch, dim) or (batch, steps, dim) as (batch, hidden_size)."""
        steps = inputs.unsqueeze(1) if inputs.dim() == 2 else inputs
        padding = steps.abs().sum(-1) == 0
        padding = padding & ~padding.all(dim=1, keepdim=True)  # attention over nothing is NaN
        hidden = self.project(steps)
        if steps.shape[1] > 1:
            hidden = hidden + sinusoidal_positions(steps.shape[1], hidden.shape[-1]).to(hidden)
        hidden = self.encoder(hidden, src_key_padding_mask=padding if steps.shape[1] > 1 else None)
        weight = (~padding).unsqueeze(-1).to(hidden)
        pooled: Tensor = (hidden * weight).sum(1) / weight.sum(1)
        return pooled


def sinusoidal_positions(steps: int, size: int) -> Tensor:
    """Return the positions of Vaswani et al. (2017, section 3.5), shape (steps, size), size even."""
    rate = torch.exp(torch.arange(0, size, 2) * (-math.log(10_000.0) / size))
    angle = torch.arange(steps).unsqueeze(1) * rate
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


class LateDecision(nn.Module):
    """Late fusion of decisions: one classifier a modality, their probabilities averaged."""

    def __init__(self, dims: Sequence[int], num_classes: int, config: EncoderConfig) -> None:
        super().__init__()
        self.encoders = nn.ModuleList([ModalityEncoder(dim, config) for dim in dims])
        self.heads = nn.ModuleList([nn.Linear(config.hidden_size, num_classes) for _ in dims])

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return log-probabilities (batch, num_classes); as logits they give the same softmax."""
        parts = zip(self.encoders, self.heads, inputs, strict=True)
        decisions = torch.stack([head(encoder(x)).softmax(-1) for encoder, head, x in parts])
        return decisions.mean(0).clamp_min(1e-6).log()


class LateRepresentation(nn.Module):
    """Late fusion of representations: encode each modality, concatenate, classify once."""

    def __init__(self, dims: Sequence[int], num_classes: int, config: EncoderConfig) -> None:
        super().__init__()
        self.encoders = nn.ModuleList([ModalityEncoder(dim, config) for dim in dims])
        self.head = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(config.hidden_size * len(dims), num_classes)
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return logits (batch, num_classes)."""
        encoded = [encoder(x) for encoder, x in zip(self.encoders, inputs, strict=True)]
        logits: Tensor = self.head(torch.cat(encoded, dim=-1))
        return logits


class EarlyFusion(nn.Module):
    """Early fusion: concatenate the raw features, then one encoder; with one modality, unimodal."""

    def __init__(self, dims: Sequence[int], num_classes: int, config: EncoderConfig) -> None:
        super().__init__()
        self.encoder = ModalityEncoder(sum(dims), config)
        self.head = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(config.hidden_size, num_classes))

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return logits (batch, num_classes)."""
        logits: Tensor = self.head(self.encoder(torch.cat(list(inputs), dim=-1)))
        return logits


class AttentionFusion(nn.Module):
    """Encode each modality, let the three tokens attend to one another, classify."""

    def __init__(self, dims: Sequence[int], num_classes: int, config: EncoderConfig) -> None:
        super().__init__()
        self.encoders = nn.ModuleList([ModalityEncoder(dim, config) for dim in dims])
        self.attention = nn.MultiheadAttention(
            config.hidden_size, config.num_heads, dropout=config.dropout, batch_first=True
        )
        self.norm = nn.LayerNorm(config.hidden_size)
        self.head = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(config.hidden_size * len(dims), num_classes)
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return logits (batch, num_classes)."""
        tokens = self._tokens(inputs)
        attended, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        logits: Tensor = self.head(self.norm(tokens + attended).flatten(1))
        return logits

    @torch.inference_mode()
    def attention_map(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the weights (batch, query, key) between modalities, averaged over heads."""
        tokens = self._tokens(inputs)
        weights: Tensor = self.attention(tokens, tokens, tokens, need_weights=True)[1]
        return weights

    def _tokens(self, inputs: Sequence[Tensor]) -> Tensor:
        encoded = [encoder(x) for encoder, x in zip(self.encoders, inputs, strict=True)]
        return torch.stack(encoded, dim=1)


JOINS: dict[str, type[nn.Module]] = {
    "late decision": LateDecision,
    "late representation": LateRepresentation,
    "early": EarlyFusion,
    "attention": AttentionFusion,
}


def parameter_count(model: nn.Module) -> int:
    """Count the trainable parameters."""
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
