import pytest
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.scheme import IOB2

from mmrepro.errors import MMReproError
from mmrepro.papers.trimod_mner.audit import gold_counts, overlap, split_facts, type_counts
from mmrepro.papers.trimod_mner.spans import (
    Span,
    lenient_spans,
    score,
    span_counts,
    strict_spans,
    surface,
    word_accuracy,
)
from mmrepro.papers.trimod_mner.tweets import Tweet

GOLD = [("B-PER", "I-PER", "O", "B-LOC"), ("O", "B-ORG"), ("I-MISC", "O")]
FOUND = [("B-PER", "I-PER", "O", "B-ORG"), ("B-ORG", "B-ORG"), ("B-MISC", "O")]


def test_spans_are_those_of_a_hand_worked_tweet():
    tags = ("B-PER", "I-PER", "B-PER", "O", "I-LOC", "I-LOC")
    begun = {Span("PER", 0, 2), Span("PER", 2, 3)}
    assert strict_spans(tags) == begun
    assert lenient_spans(tags) == begun | {Span("LOC", 4, 6)}


def test_scores_are_those_of_a_hand_worked_case():
    assert span_counts(GOLD, FOUND) == (2, 5, 3)
    assert score((2, 5, 3)) == pytest.approx((40.0, 200 / 3, 50.0))
    assert span_counts(GOLD, FOUND, kind="ORG") == (1, 3, 1)
    assert score((0, 0, 0)) == (0, 0, 0)


def test_scores_agree_with_seqeval_strict_and_lenient():
    gold, found = [list(tags) for tags in GOLD], [list(tags) for tags in FOUND]
    strict = {"mode": "strict", "scheme": IOB2}
    ours = score(span_counts(GOLD, FOUND))
    theirs = [measure(gold, found, **strict) for measure in (precision_score, recall_score, f1_score)]
    assert ours == pytest.approx([100 * value for value in theirs])
    lenient = score(span_counts(GOLD, FOUND, lenient_spans))
    theirs = [measure(gold, found) for measure in (precision_score, recall_score, f1_score)]
    assert lenient == pytest.approx([100 * value for value in theirs])
    assert lenient != ours


def test_words_are_counted_as_in_a_hand_worked_case():
    # Right are B-PER, I-PER, O and B-ORG, in that order, then the last O; of entities there are five words.
    assert word_accuracy(GOLD, FOUND) == pytest.approx(500 / 8)
    assert word_accuracy(GOLD, FOUND, "words of entities") == pytest.approx(300 / 5)
    assert word_accuracy([("O",)], [("O",)], "words of entities") == 0


def test_counting_words_rewards_taggers_that_find_nothing_or_everything():
    gold = [("O",) * 9 + ("B-PER", "I-PER")]
    silent, eager = [("O",) * 11], [("B-PER",) * 10 + ("I-PER",)]
    assert score(span_counts(gold, silent)).f1 == 0
    assert word_accuracy(gold, silent) == pytest.approx(900 / 11)
    assert score(span_counts(gold, eager)).precision == pytest.approx(10)
    assert word_accuracy(gold, eager, "words of entities") == 100


def test_an_unknown_way_to_count_is_refused():
    with pytest.raises(MMReproError, match="'all words' or 'words of entities', not 'O'"):
        word_accuracy(GOLD, FOUND, "O")


def test_a_surface_is_compared_without_marks_and_case():
    tweet = Tweet("1", ("#", "NewYork", "@Ada"), ("B-LOC", "I-LOC", "B-PER"))
    assert surface(tweet, Span("LOC", 0, 2)) == "newyork"
    assert surface(tweet, Span("PER", 2, 3)) == "ada"


def test_the_audit_counts_what_is_there():
    train = [Tweet("1", ("Ada", "#", "Mock"), ("B-PER", "O", "B-LOC"))]
    test = [
        Tweet("1", ("ada", "x"), ("B-PER", "I-LOC")),
        Tweet("2", ("Ada", "#", "Mock"), ("O", "O", "B-LOC")),
        Tweet("3", ("Bob",), ("B-PER",)),
    ]
    found = overlap({"train": train, "test": test})
    assert found["repeated tweets"] == 1
    assert found["shared images"] == 1
    assert found["seen entities (%)"] == pytest.approx(200 / 3)
    assert found["hashtags that are entities (%)"] == 100
    assert gold_counts(test) == {"strict": 3, "lenient": 4}
    facts = split_facts({"test": test}).iloc[0]
    assert (facts["stray I- tags"], facts["tweets"]) == (1, 3)
    assert facts["with hashtag (%)"] == pytest.approx(100 / 3)
    counts = type_counts({"test": test}, "x").set_index("type")["entities"]
    assert counts.to_dict() == {"PER": 2, "LOC": 1, "ORG": 0, "MISC": 0}
