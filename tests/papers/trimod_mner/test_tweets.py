import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.trimod_mner.tweets import (
    load_splits,
    masked,
    read_tweets,
    repaired,
    stray_tags,
    thinned,
)

GOOD = "IMGID:1\nAda\tB-PER\nin\tO\nMock\tB-LOC\nCity\tI-LOC\n\nIMGID:2\nFest\tB-OTHER\n"


@pytest.fixture
def read(tmp_path):
    def write(text, **how):
        path = tmp_path / "train.txt"
        path.write_text(text, encoding="utf-8")
        return read_tweets(path, **how)

    return write


def test_tweets_are_read_and_other_is_called_misc(read):
    first, second = read(GOOD)
    assert (first.image, first.words) == ("1", ("Ada", "in", "Mock", "City"))
    assert first.tags == ("B-PER", "O", "B-LOC", "I-LOC")
    assert second.tags == ("B-MISC",)


def test_a_blank_line_is_not_needed_and_odd_spaces_are_words(read):
    tweets = read("IMGID:1\n\xa0\tO\nc\x85d\tO\nIMGID:2\nb O\n")
    assert [tweet.words for tweet in tweets] == [("\xa0", "c\x85d"), ("b",)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Ada\tB-PER\n", "line 1: a word before any IMGID"),
        ("IMGID:1\nAda\tB-PER\n\nBob\tB-PER\n", "line 4: a word before any IMGID"),
        ("IMGID:\nAda\tO\n", "line 1: IMGID: without an id"),
        ("IMGID:1\nAda\n", "line 2: 'Ada' is a word without a tag"),
        ("IMGID:1\nAda\tB-PRE\n", "line 2: unknown tag 'B-PRE'.*B-PER"),
        ("IMGID:1\n\nIMGID:2\nAda\tO\n", "line 1: the tweet of image 1 has no words"),
        ("IMGID:1\n" + "a\tO\n" * 9, "has 9 words, more than max_words=8"),
        ("IMGID:1\nAda\tO\nBob\tI-PER\n", "1 I- tags continue no entity"),
    ],
)
def test_a_broken_file_is_refused_in_a_sentence(read, text, sentence):
    with pytest.raises(MMReproError, match=sentence):
        read(text, max_words=8)


def test_stray_tags_are_kept_or_repaired_only_when_told(read):
    text = "IMGID:1\na\tI-PER\nb\tI-PER\nc\tI-LOC\nd\tO\ne\tI-ORG\n"
    (kept,) = read(text, stray="keep")
    assert kept.tags == ("I-PER", "I-PER", "I-LOC", "O", "I-ORG")
    assert stray_tags([kept]) == 3
    (mended,) = read(text, stray="repair")
    assert mended.tags == ("B-PER", "I-PER", "B-LOC", "O", "B-ORG")
    assert stray_tags([mended]) == 0
    assert repaired(mended.tags) == mended.tags


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MMReproError, match="There is no file"):
        read_tweets(tmp_path / "none.txt")


def test_the_samples_are_read_and_have_the_quirks_of_the_real_files(sample):
    assert stray_tags(load_splits(sample("twitter2017"))["train"]) == 0
    with pytest.raises(MMReproError, match="continue no entity"):
        load_splits(sample("twitter2015"))
    older = load_splits(sample("twitter2015"), "keep")
    assert stray_tags(older["train"]) > 0
    assert any(word.startswith("#") and len(word) > 1 for tweet in older["train"] for word in tweet.words)


def test_thinning_spreads_over_the_whole_split(splits):
    thin = thinned(splits["train"], 5)
    assert (thin[0], thin[-1], len(thin)) == (splits["train"][0], splits["train"][-1], 5)
    assert thinned(splits["train"], None) == splits["train"]


def test_handles_and_addresses_are_masked_in_both_styles():
    words = ["RT", "@ada", ":", "@", "bob", "http://t.co/x", "@", "a@b"]
    assert masked(words) == ["RT", "@user", ":", "@", "@user", "(link)", "@", "@user"]
