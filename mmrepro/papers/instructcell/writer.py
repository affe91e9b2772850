"""Writing a cell: a conditional variational autoencoder with a zero-inflated negative binomial output."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import NegativeBinomial
from torch.nn import functional


class CountLaw(NamedTuple):
    """Parameters of a zero-inflated negative binomial, all broadcast to (n, genes).

    Attributes
    ----------
    mean
        Of the negative binomial part, in counts.
    dispersion
        Its total count r: variance is mean + mean ** 2 / r.
    dropout_logits
        Log-odds that a gene is zero whatever its mean.
    """

    mean: Tensor
    dispersion: Tensor
    dropout_logits: Tensor

    def log_prob(self, counts: Tensor) -> Tensor:
        """Return the log-probability of whole counts, elementwise."""
        nb = self._negative_binomial().log_prob(counts)
        kept = functional.logsigmoid(-self.dropout_logits) + nb
        zero = torch.logaddexp(functional.logsigmoid(self.dropout_logits), kept)
        return torch.where(counts == 0, zero, kept)

    def sample(self) -> Tensor:
        """Draw whole counts."""
        drawn: Tensor = self._negative_binomial().sample()
        kept = torch.rand_like(drawn) >= torch.sigmoid(self.dropout_logits)
        return drawn * kept

    def _negative_binomial(self) -> NegativeBinomial:
        logits = torch.log(self.mean + 1e-8) - torch.log(self.dispersion)
        return NegativeBinomial(self.dispersion, logits=logits, validate_args=False)


class CellWriter(nn.Module):
    """Write counts from a condition: what the language model's signal says.

    The paper follows scVI (Methods): the condition enters encoder and decoder, the mean is a share of the
    cell's total. The total is drawn from a log-normal law of the training cells rather than from a latent.
    """

    def __init__(
        self, genes: int, condition_size: int, latent_size: int, width: int, embedding: int = 32
    ) -> None:
        super().__init__()
        self.latent_size = latent_size
        self.condition = nn.Linear(condition_size, embedding)
        self.encode = nn.Sequential(
            nn.Linear(genes + embedding, width),
            nn.LayerNorm(width),
            nn.GELU(),
            nn.Linear(width, 2 * latent_size),
        )
        self.decode = nn.Sequential(nn.Linear(latent_size + embedding, width), nn.LayerNorm(width), nn.GELU())
        self.share, self.dropout = nn.Linear(width, genes), nn.Linear(width, genes)
        self.log_dispersion = nn.Parameter(torch.zeros(genes))
        nn.init.constant_(
            self.dropout.bias, -3.0
        )  # few dropouts to begin with: counts are mostly zero anyway

    def law(self, latent: Tensor, condition: Tensor, total: Tensor) -> CountLaw:
        """Return the law of counts for latents (n, latent), conditions (n, size) and totals (n,)."""
        hidden = self.decode(torch.cat([latent, self.condition(condition)], -1))
        mean = torch.softmax(self.share(hidden), -1) * total[:, None]
        dispersion = self.log_dispersion.exp().clamp(1e-3, 1e3).expand_as(mean)
        return CountLaw(mean, dispersion, self.dropout(hidden))

    def noise(self, cells: int) -> Tensor:
        """Draw a standard latent for each cell, (cells, latent)."""
        return torch.randn(cells, self.latent_size, device=self.log_dispersion.device)

    def loss(
        self, condition: Tensor, counts: Tensor, kl_weight: float, noise: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the negative log-likelihood, summed over genes, and the latent's divergence, each (n,)."""
        mean, log_variance = self._posterior(condition, counts)
        latent = mean + noise * (log_variance / 2).exp()
        law = self.law(latent, condition, counts.sum(1))
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(-1)
        return -law.log_prob(counts).sum(-1), kl_weight * divergence

    def _posterior(self, condition: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        embedded = torch.cat([torch.log1p(counts), self.condition(condition)], -1)
        mean, log_variance = self.encode(embedded).chunk(2, -1)
        return mean, log_variance.clamp(-8, 4)

    def latent(self, counts: Tensor) -> Tensor:
        """Return the mean latent of cells under a condition of zeros, (n, latent)."""
        return self._posterior(counts.new_zeros(len(counts), self.condition.in_features), counts)[0]

    @torch.no_grad()
    def write(self, condition: Tensor, total: Tensor) -> Tensor:
        """Write one cell for each condition, with about `total` counts; whole numbers, (n, genes)."""
        return self.law(self.noise(len(condition)), condition, total).sample()
