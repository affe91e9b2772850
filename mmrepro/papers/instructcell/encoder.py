"""A cell as soft tokens: a network over its genes, then queries that look at what it found."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Kind = Literal["q-former", "mlp"]


class CellEncoder(nn.Module):
    """Turn expression (n, genes) into soft tokens (n, slots, hidden_size).

    The paper's: an MLP with a skip connection whose output is cut into `num_values` vectors, at which
    `num_queries` learnt queries of a Q-Former look (Methods; `SCQFormer` in the released code). Kind ``mlp``
    is its ablation: the vectors are joined into a single soft token.
    """

    def __init__(
        self,
        genes: int,
        hidden_size: int,
        num_queries: int,
        num_values: int,
        num_heads: int = 4,
        num_layers: int = 1,
        dropout: float = 0.0,
        kind: Kind = "q-former",
    ) -> None:
        super().__init__()
        from transformers import Blip2QFormerConfig, Blip2QFormerModel

        self.kind, self.num_values = kind, num_values
        self.num_slots = num_queries if kind == "q-former" else 1
        width = num_values * hidden_size
        self.first, self.second = nn.Linear(genes, width), nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)
        if kind == "mlp":
            self.join = nn.Linear(width, hidden_size)
            return
        self.queries = nn.Parameter(0.02 * torch.randn(1, num_queries, hidden_size))
        self.former = Blip2QFormerModel(
            Blip2QFormerConfig(
                hidden_size=hidden_size,
                encoder_hidden_size=hidden_size,
                num_hidden_layers=num_layers,
                num_attention_heads=num_heads,
                intermediate_size=2 * hidden_size,
                cross_attention_frequency=1,
                hidden_dropout_prob=dropout,
                attention_probs_dropout_prob=dropout,
            )
        )

    def forward(self, expression: Tensor) -> Tensor:
        """Encode ln(1 + counts per 10,000), shape (n, genes)."""
        hidden = self.drop(functional.gelu(self.first(expression)))
        hidden = hidden + functional.gelu(self.second(hidden))
        if self.kind == "mlp":
            joined: Tensor = self.join(hidden)[:, None]
            return joined
        values = hidden.view(len(hidden), self.num_values, -1)
        queries = self.queries.expand(len(hidden), -1, -1)
        seen: Tensor = self.former(query_embeds=queries, encoder_hidden_states=values).last_hidden_state
        return seen
