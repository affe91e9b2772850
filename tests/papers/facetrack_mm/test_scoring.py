import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.evidence.judge import OverlapJudge
from mmrepro.papers.facetrack_mm import perturbation, scoring
from mmrepro.papers.facetrack_mm.captions import Caption

TEXTS = (
    "At the beginning of the video, he opens his eyes. Then he raises his eyebrows. At the end he smiles.",
    "The man turns his head to the left. He closes his mouth. He blinks.",
    "She lowers her head. She frowns. She opens her mouth.",
)


@pytest.fixture
def captions():
    return [Caption(str(number), f"DFEW/{number}.mp4", text) for number, text in enumerate(TEXTS)]


@pytest.fixture
def scorer():
    return scoring.CaptionScorer(OverlapJudge(0.6))


def test_who_does_it_goes_without_saying(captions):
    assert scoring.EXTRACTOR.events(captions[1].text) == ["turn head to left", "close mouth", "blink"]


def test_the_identical_caption_earns_everything_and_an_empty_one_nothing(scorer, captions):
    for each in captions:
        assert list(scorer.score(each.text, each.text).values()) == pytest.approx([100.0] * 6)
    empty = scorer.score(TEXTS[0], "")
    assert set(empty.values()) == {0.0}
    assert scorer.score("", TEXTS[0])["TEM"] == 0


def test_told_backwards_only_tem_sees_it(scorer, captions):
    told = perturbation.perturbed(captions, captions, seed=0)[perturbation.REVERSED]
    assert told[0].startswith("at the end he smiles. then he raises his eyebrows. at the beginning")
    score = scorer.score(TEXTS[0], told[0])
    assert score["AutoDQ"] == 100
    assert score["TEM"] == pytest.approx(100 / 3)


def test_half_of_the_sentences_gives_full_precision_and_less_recall(scorer, captions):
    told = perturbation.perturbed(captions, captions, seed=0)[perturbation.HALVED]
    score = scorer.score(TEXTS[0], told[0])
    assert score["precision"] == 100
    assert score["recall"] == pytest.approx(200 / 3)
    assert score["TEM"] == pytest.approx(80)  # 2 * 2 / (3 + 2)


def test_directions_and_states_are_swapped_and_back():
    assert (
        perturbation.swapped("He opens his left eye, raises it up.")
        == "he closes his right eye, lowers it down."
    )
    text = "he closes his right eye, furrows his brow and smiles."
    assert perturbation.swapped(perturbation.swapped(text)) == text
    assert perturbation.swapped("upset") == "upset"


def test_conditions_take_each_caption_from_where_they_say(captions):
    others = [*captions, Caption("9", "CAER/9.mp4", "He nods.")]
    told = perturbation.perturbed(captions, others, seed=0)
    assert all(len(texts) == 3 for texts in told.values())
    assert all(one != each.text for one, each in zip(told[perturbation.OTHER], captions, strict=True))
    assert "He nods." not in told[perturbation.SAME_SOURCE]
    assert len(set(told[perturbation.GENERIC])) == 1
    assert sorted(told[perturbation.SHUFFLED][0].split()) == sorted(TEXTS[0].lower().split())


def test_the_threshold_parts_own_from_other_events(captions):
    found = scoring.calibrate(captions, seed=0)
    assert 0 < found.threshold <= 1
    assert 0.5 <= found.balanced <= 1
    by_hand = ((found.own >= found.threshold).mean() + (found.other < found.threshold).mean()) / 2
    assert found.balanced == pytest.approx(by_hand)
    assert len(found.own) == len(found.other)
    with pytest.raises(MMReproError, match="1 captions cannot set"):
        scoring.calibrate(captions[:1], seed=0)


def test_drops_are_differences_to_the_identical_caption(scorer, captions):
    told = perturbation.perturbed(captions, captions, seed=0)
    table = scorer.table(
        captions, {name: told[name] for name in (perturbation.IDENTICAL, perturbation.REVERSED)}
    )
    assert len(table) == 6
    lost = scoring.drops(table, perturbation.REVERSED)
    assert lost.loc["0", "TEM"] == pytest.approx(200 / 3)
    assert lost["AutoDQ"].abs().max() == 0


def test_word_scores_are_those_of_their_libraries_on_known_cases():
    assert scoring.bleu("a b c d", "a b c d") == pytest.approx(1)
    assert scoring.bleu("a b c d", "") == 0
    # ROUGE-L of "a c" against "a b c": precision 2/2, recall 2/3.
    assert scoring.rouge_l("a b c", "a c") == pytest.approx(2 * (2 / 3) / (1 + 2 / 3))


def test_scores_are_the_same_in_any_company(scorer, captions):
    alone = scorer.score(TEXTS[0], TEXTS[1])
    scorer.score(TEXTS[1], TEXTS[2])
    assert scorer.score(TEXTS[0], TEXTS[1]) == alone
    assert np.isfinite(list(alone.values())).all()
