"""Events and judgements by a language model behind any OpenAI-compatible address, every reply kept on disk.

A run can be repeated without the service: a question that was answered once is never asked again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from mmrepro.errors import MMReproError
from mmrepro.evidence.judge import Relation, Relations
from mmrepro.files import sha256_bytes, write_atomic

INSTALL = "python -m pip install 'mmrepro[judge]'"
KEY_VARIABLE = "OPENAI_API_KEY"
ATTEMPTS = 3  # at a reply that is not what was asked for

EXTRACT = """List the events of the video description below: atomic actions, movements and changes, in the
order told. Leave out what does not change (looks, places, moods) and what only the describer does. At most
{limit} events, each one short sentence that can be understood alone.
Answer with JSON only: {{"events": ["...", "..."]}}

Description: {text}"""

RELATE = """Below are a text and {count} numbered events. Say of every event how it stands to the text:
"entailment" if the text says or implies it, "contradiction" if the text rules it out, "neutral" otherwise.
Answer with JSON only, one word an event, in order: {{"relations": ["...", "..."]}}

Text: {text}

Events:
{events}"""


class _Events(BaseModel):
    model_config = ConfigDict(extra="forbid")
    events: list[str]


class _Relations(BaseModel):
    model_config = ConfigDict(extra="forbid")
    relations: list[str]


Reply = TypeVar("Reply", _Events, _Relations)


class Endpoint:
    """A chat model at an address.

    Parameters
    ----------
    base_url
        Of the OpenAI-compatible service, such as ``http://localhost:8000/v1``.
    model
        Its name there.
    cache
        Folder of replies, one JSON file a question; names are hashes of model and question.
    timeout_s, retries
        Of one request; refused and slow requests are repeated with growing pauses.
    """

    def __init__(
        self, base_url: str, model: str, cache: Path, *, timeout_s: float = 60.0, retries: int = 4
    ) -> None:
        self.base_url, self.model, self.cache = base_url, model, cache
        self.timeout_s, self.retries = timeout_s, retries

    def ask(self, question: str, attempt: int = 0) -> str:
        """Return the reply to `question`, from disk where it was asked before.

        Raises
        ------
        MMReproError
            When the service cannot be reached or refuses; what was answered before stays on disk.
        """
        path = self._path(question, attempt)
        if path.is_file():
            return str(json.loads(path.read_text())["reply"])
        reply = self._request(question)
        # The question stands beside the reply, so that a reader of the folder can check it.
        write_atomic(path, json.dumps({"model": self.model, "question": question, "reply": reply}, indent=1))
        return reply

    def _path(self, question: str, attempt: int) -> Path:
        name = sha256_bytes(f"{self.model}\n{attempt}\n{question}".encode())
        return self.cache / name[:2] / f"{name}.json"

    def _request(self, question: str) -> str:
        try:
            import openai
        except ImportError:
            raise MMReproError(f"A language model as judge needs a client: {INSTALL}") from None
        client = openai.OpenAI(
            base_url=self.base_url,
            api_key=os.environ.get(KEY_VARIABLE, "none"),
            timeout=self.timeout_s,
            max_retries=self.retries,
        )
        messages: Any = [{"role": "user", "content": question}]
        try:
            answer = client.chat.completions.create(model=self.model, messages=messages, temperature=0)
        except openai.OpenAIError as error:
            raise MMReproError(
                f"The judge at {self.base_url} does not answer ({_first_line(error)}); its earlier "
                f"replies are kept in {self.cache}, so run this again when it is back."
            ) from None
        return answer.choices[0].message.content or ""


@dataclass(frozen=True)
class LanguageExtractor:
    """Find events by asking a language model."""

    endpoint: Endpoint
    limit: int = 10

    def events(self, text: str) -> list[str]:
        """Return the events of `text` in the order told; none for an empty text."""
        if not text.strip():
            return []
        found = _parsed(self.endpoint, EXTRACT.format(limit=self.limit, text=text), _Events)
        return [event.strip().lower() for event in found.events if event.strip()][: self.limit]


@dataclass(frozen=True)
class LanguageJudge:
    """Judge events by asking a language model, one question a text."""

    endpoint: Endpoint
    _words: dict[str, Relation] = field(
        default_factory=lambda: {relation.name.lower(): relation for relation in Relation}, repr=False
    )

    def against_text(self, events: Sequence[str], text: str) -> Relations:
        """Judge every event against a whole description; shape (events,)."""
        if not events or not text.strip():
            return np.zeros(len(events), dtype=np.int8)
        numbered = "\n".join(f"{number}. {event}" for number, event in enumerate(events, 1))
        question = RELATE.format(count=len(events), text=text, events=numbered)
        reply = _parsed(self.endpoint, question, _Relations, size=len(events), words=set(self._words))
        return np.array([self._words[word] for word in reply.relations], dtype=np.int8)

    def between(self, events: Sequence[str], others: Sequence[str]) -> Relations:
        """Judge every event against every one of `others`; shape (events, others)."""
        columns = [self.against_text(events, other) for other in others]
        return np.stack(columns, axis=1) if columns else np.zeros((len(events), 0), dtype=np.int8)


def _parsed(
    endpoint: Endpoint,
    question: str,
    model: type[Reply],
    size: int | None = None,
    words: set[str] | None = None,
) -> Reply:
    """Ask until the reply has the form asked for, a few times at most."""
    for attempt in range(ATTEMPTS):
        reply = endpoint.ask(question, attempt)
        try:
            found = model.model_validate_json(reply[reply.find("{") : reply.rfind("}") + 1])
        except ValidationError:
            continue
        told = found.relations if isinstance(found, _Relations) else None
        if told is None or (len(told) == size and words is not None and set(told) <= words):
            return found
    raise MMReproError(
        f"{endpoint.model} gave {ATTEMPTS} replies that are not the JSON asked for; the last: "
        f"{reply[:80]!r}. Use a model that follows instructions."
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
