"""A real vision-language model of the Qwen2-VL class: it replies freely, or weighs given answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmrepro.errors import MMReproError
from mmrepro.modeling.qwen2_vl import load_qwen2_vl
from mmrepro.training.batches import Batch, Tensors
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator
from mmrepro.training.seed import seed_everything

Image = NDArray[np.uint8]
Turn = dict[str, Any]
_FILES = ("config.json", "preprocessor_config.json|processor_config.json", "tokenizer_config.json")


class Chat(NamedTuple):
    """What is said before the model replies.

    Attributes
    ----------
    turns
        In the form of chat templates, `{"type": "image"}` where a picture is shown.
    images
        The pictures in this order, each (height, width, 3).
    """

    turns: list[Turn]
    images: list[Image]


def turn(role: str, text: str, *, shown: bool = False) -> Turn:
    """Write one turn of a chat, a picture before the text where one is `shown`."""
    content = [{"type": "image"}] if shown else []
    return {"role": role, "content": [*content, {"type": "text", "text": text}]}


class VisionLanguageModel:
    """A model with its processor.

    Parameters
    ----------
    model, processor
        `Qwen2VLForConditionalGeneration` and `Qwen2VLProcessor`.
    """

    def __init__(self, model: Any, processor: Any) -> None:
        self.model, self.processor = model.eval(), processor

    def prompt(self, chat: Chat, room: int = 0) -> dict[str, Tensor]:
        """Return the model's inputs for a chat.

        Parameters
        ----------
        room
            Tokens that are to follow.

        Raises
        ------
        MMReproError
            If all of that is longer than the model's context.
        """
        from PIL import Image as Pillow

        text = self.processor.apply_chat_template(chat.turns, add_generation_prompt=True, tokenize=False)
        images = [Pillow.fromarray(each) for each in chat.images] or None
        made = self.processor(text=[text], images=images, return_mm_token_type_ids=True, return_tensors="pt")
        length, most = made["input_ids"].shape[1], self.model.config.text_config.max_position_embeddings
        if length + room > most:
            raise MMReproError(
                f"a prompt of {length} tokens with room for a reply of {room} was given to a model whose "
                f"context holds {most}; give fewer examples or smaller pictures."
            )
        inputs: dict[str, Tensor] = dict(made.to(self.model.device, self.model.dtype))
        return inputs

    def tokens(self, answer: str) -> list[int]:
        """Return the tokens of an answer, with the one that ends a turn."""
        tokenizer = self.processor.tokenizer
        return [*tokenizer(answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]

    def answered(self, chat: Chat, answer: str) -> dict[str, Tensor]:
        """Return the inputs of a chat and its answer, with labels of the answer's tokens alone."""
        words = self.tokens(answer)
        inputs = self.prompt(chat, len(words))
        asked = inputs["input_ids"]
        more = torch.tensor([words], device=asked.device)
        inputs["labels"] = torch.cat([torch.full_like(asked, -100), more], 1)
        inputs["input_ids"] = torch.cat([asked, more], 1)
        for name, value in (("attention_mask", 1), ("mm_token_type_ids", 0)):
            inputs[name] = torch.cat([inputs[name], torch.full_like(more, value)], 1)
        return inputs

    @torch.inference_mode()
    def generate(self, chat: Chat, most: int = 16) -> str:
        """Reply freely with at most `most` tokens, the most probable each time."""
        inputs = self.prompt(chat, most)
        said: Tensor = self.model.generate(**inputs, max_new_tokens=most, do_sample=False)
        new = said[0, inputs["input_ids"].shape[1] :]
        text: str = self.processor.tokenizer.decode(new, skip_special_tokens=True)
        return text.strip()

    @torch.inference_mode()
    def log_likelihoods(self, chat: Chat, answers: Sequence[str]) -> Tensor:
        """Return the log-likelihood of each answer, the end of the turn included, (answers,).

        The chat is read once; all answers go on from there together.
        """
        words = [torch.tensor(self.tokens(answer)) for answer in answers]
        ids = nn.utils.rnn.pad_sequence(words, batch_first=True, padding_value=-1).to(self.model.device)
        inputs = self.prompt(chat, ids.shape[1])
        length, real = inputs["input_ids"].shape[1], ids >= 0
        ids = ids.clamp_min(0)
        read = self.model(**inputs, use_cache=True, logits_to_keep=1)
        read.past_key_values.batch_repeat_interleave(len(answers))
        # A picture takes fewer positions than tokens. The model keeps the difference of its last picture
        # even when a chat without one follows, hence the positions are told here.
        shift = int(self.model.model.rope_deltas) if chat.images else 0
        places = torch.arange(ids.shape[1], device=ids.device) + length + shift
        then = self.model(
            input_ids=ids,
            past_key_values=read.past_key_values,
            position_ids=places.expand(3, *ids.shape),
            attention_mask=torch.ones(len(ids), length + ids.shape[1], device=ids.device, dtype=torch.long),
        )
        first = read.logits[:, -1:].expand(len(ids), -1, -1)
        scores = torch.cat([first, then.logits[:, :-1]], 1).float().log_softmax(-1)
        taken = scores.gather(-1, ids[..., None])[..., 0]
        found: Tensor = (taken * real).sum(1)
        return found

    def answer(self, chat: Chat, answers: Sequence[str]) -> str:
        """Return the most likely of the answers."""
        return answers[int(self.log_likelihoods(chat, answers).argmax())]

    def tune(
        self,
        chats: Sequence[Chat],
        answers: Sequence[str],
        settings: TrainingSettings,
        *,
        seed: int,
        rank: int = 16,
        device: str = "auto",
    ) -> pd.DataFrame:
        """Tune low-rank adapters of the decoder's attention and merge them in; return the history.

        What sees is left alone. The adapters' scale is 2.
        """
        from peft import LoraConfig, get_peft_model

        plan = LoraConfig(
            r=rank,
            lora_alpha=2 * rank,
            lora_dropout=0.05,
            target_modules=r".*language_model.*\.(q|k|v|o)_proj",
        )
        seed_everything(seed)
        accelerator = make_accelerator(device)
        self.model.activation_checkpointing_enable()  # pictures make long prompts
        adapted: Any = get_peft_model(self.model, plan)

        def loss_of(net: nn.Module, batch: Batch) -> Tensor:
            made = [self.answered(chats[row], answers[row]) for row in batch[0].tolist()]
            return torch.stack([net(**inputs).loss for inputs in made]).mean()

        rows = Tensors(torch.arange(len(chats)))
        history = fit(adapted, rows, loss_of, settings, seed=seed, accelerator=accelerator)
        self.model = adapted.merge_and_unload().eval()
        self.model.activation_checkpointing_disable()
        return history


def load_model(configuration: Path, device: str) -> VisionLanguageModel:
    """Load weights and processor from the folder of `configuration`, in bf16 on CUDA.

    Raises
    ------
    MMReproError
        If the folder lacks weights or a part of the processor.
    """
    folder = configuration.parent
    lacking = [names for names in _FILES if not any((folder / name).is_file() for name in names.split("|"))]
    if not any(folder.glob("*.safetensors")):
        lacking.append("*.safetensors")
    if lacking:
        raise MMReproError(
            f"{folder} lacks {lacking[0].replace('|', ' or ')}; unpack weights and processor of a released "
            "model of the Qwen2-VL class there."
        )
    return VisionLanguageModel(*load_qwen2_vl(folder, device))
