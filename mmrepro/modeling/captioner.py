"""A small caption decoder: a Llama from its configuration, with visual tokens in front of the words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.errors import MMReproError
from mmrepro.training.share import batch_mean

PAD, END, UNKNOWN = "<pad>", "<end>", "<unknown>"


class Vocabulary:
    """Whole words and their numbers; 0 pads, 1 ends a caption, 2 stands for an unknown word."""

    def __init__(self, words: Iterable[str]) -> None:
        from tokenizers import Tokenizer, models, pre_tokenizers

        known = dict.fromkeys([PAD, END, UNKNOWN, *words])
        numbers = {word: number for number, word in enumerate(known)}
        self._tokenizer = Tokenizer(models.WordLevel(numbers, unk_token=UNKNOWN))
        self._tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        self.pad, self.end = numbers[PAD], numbers[END]

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def encode(self, captions: Sequence[str]) -> Tensor:
        """Number the words of captions, each followed by the end mark and padded, (captions, length)."""
        rows = [torch.tensor([*one.ids, self.end]) for one in self._tokenizer.encode_batch(list(captions))]
        return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=self.pad)

    def number(self, word: str) -> int:
        """Return a word's number.

        Raises
        ------
        MMReproError
            For a word that the vocabulary lacks.
        """
        found = self._tokenizer.token_to_id(word)
        if found is None:
            raise MMReproError(
                f"The vocabulary has no word {word!r}; make it with every word of the captions."
            )
        return int(found)

    def decode(self, numbers: Tensor) -> list[str]:
        """Turn rows of numbers into captions, each up to its end mark, (captions, length)."""
        rows = [row[: row.index(self.end)] if self.end in row else row for row in numbers.tolist()]
        kept = [[number for number in row if number != self.pad] for row in rows]
        return [" ".join(str(self._tokenizer.id_to_token(number)) for number in row) for row in kept]


class DecoderSettings(BaseModel):
    """Size of the decoder.

    Attributes
    ----------
    width
        Of its states and of the visual tokens.
    depth, num_heads
        Layers, and heads of each.
    max_length
        Most visual tokens and words together.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: int = Field(default=64, ge=8)
    depth: int = Field(default=2, ge=1)
    num_heads: int = Field(default=4, ge=1)
    max_length: int = Field(default=128, ge=8)


class Captioner(nn.Module):
    """Tell in words what visual tokens show.

    A sequence is the visual tokens, then the words: first those of the prompt (at least one), then the
    caption's. Without visual tokens, (batch, 0, width), it is a language model that sees nothing.
    """

    def __init__(self, vocabulary: Vocabulary, settings: DecoderSettings) -> None:
        super().__init__()
        from transformers import LlamaConfig, LlamaForCausalLM

        if settings.width % (2 * settings.num_heads):
            raise MMReproError(
                f"{settings.num_heads} heads cannot share a width of {settings.width}; give a "
                f"multiple of {2 * settings.num_heads}."
            )
        self.vocabulary, self.settings = vocabulary, settings
        self.decoder: Any = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(vocabulary),
                hidden_size=settings.width,
                intermediate_size=2 * settings.width,
                num_hidden_layers=settings.depth,
                num_attention_heads=settings.num_heads,
                num_key_value_heads=settings.num_heads,
                max_position_embeddings=settings.max_length,
                bos_token_id=None,
                eos_token_id=vocabulary.end,
                pad_token_id=vocabulary.pad,
            )
        )

    def logits(self, visual: Tensor, words: Tensor) -> Tensor:
        """Return the logits of the word after each of `words`.

        Parameters
        ----------
        visual
            Shape (batch, tokens, width).
        words
            Numbers, shape (batch, length).

        Returns
        -------
        Tensor
            Shape (batch, length, vocabulary).
        """
        length = visual.shape[1] + words.shape[1]
        if length > self.settings.max_length:
            raise MMReproError(
                f"{visual.shape[1]} visual tokens and {words.shape[1]} words are more than max_length="
                f"{self.settings.max_length}; show fewer frames or raise it."
            )
        embedded = torch.cat([visual, self._embed(words)], dim=1)
        logits: Tensor = self.decoder(inputs_embeds=embedded, use_cache=False).logits
        return logits[:, visual.shape[1] :]

    def log_probability(self, visual: Tensor, words: Tensor, prompt_length: int = 1) -> tuple[Tensor, Tensor]:
        """Return each caption's log-probability after its prompt, and its number of words, both (batch,)."""
        logits = self.logits(visual, words)[:, prompt_length - 1 : -1]
        target = words[:, prompt_length:]
        loss = functional.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="none")
        told = target != self.vocabulary.pad
        return -(loss.view(target.shape) * told).sum(1), told.sum(1)

    def loss(self, visual: Tensor, words: Tensor, prompt_length: int = 1) -> Tensor:
        """Return the mean negative log-likelihood of a caption's word; a scalar."""
        log_probability, count = self.log_probability(visual, words, prompt_length)
        return batch_mean(-log_probability.sum() / count.sum(), count.sum())

    @torch.no_grad()
    def generate(
        self,
        visual: Tensor,
        prompt: Tensor,
        *,
        max_words: int,
        temperature: float | None = None,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> Tensor:
        """Tell captions: the most probable word each time, or sampled where a temperature is given.

        Parameters
        ----------
        prompt
            Numbers of the prompt's words, shape (batch, words).
        seed
            Of the sampling; the state of PyTorch's generator stays as it was.

        Returns
        -------
        Tensor
            Numbers of the caption's words, shape (batch, at most max_words), padded after the end mark.
        """
        sampling: dict[str, Any] = {"do_sample": False}
        if temperature is not None:
            sampling = {"do_sample": True, "temperature": temperature, "top_p": top_p, "top_k": 0}
        embedded = torch.cat([visual, self._embed(prompt)], dim=1)
        shown = torch.ones(embedded.shape[:2], dtype=torch.long, device=embedded.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            told: Tensor = self.decoder.generate(
                inputs_embeds=embedded, attention_mask=shown, max_new_tokens=max_words, **sampling
            )
        return told

    def _embed(self, words: Tensor) -> Tensor:
        embedded: Tensor = self.decoder.get_input_embeddings()(words)
        return embedded
