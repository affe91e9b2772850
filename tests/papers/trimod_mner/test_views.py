import json

import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.trimod_mner.captions import caption_words, load_captions, read_json, read_lines
from mmrepro.papers.trimod_mner.hashtags import find_hashtags, hashtag_words
from mmrepro.papers.trimod_mner.tweets import Tweet


def test_hashtags_are_found_in_both_writing_styles():
    old = list(find_hashtags(["go", "#NewYorkMets", "#"]))
    new = list(find_hashtags(["go", "#", "NewYorkMets", "now"]))
    assert [(tag.text, tag.place) for tag in old] == [("NewYorkMets", 1)]
    assert [(tag.text, tag.place) for tag in new] == [("NewYorkMets", 2)]
    assert hashtag_words(["#NewYorkMets"]) == hashtag_words(["#", "NewYorkMets"]) == ["new", "york", "mets"]


def test_a_hashtag_that_cannot_be_split_stays_whole_and_none_gives_nothing():
    assert hashtag_words(["#日本"]) == ["日本"]
    assert hashtag_words(["no", "tag", "#"]) == []
    assert len(hashtag_words(["#NewYorkMets"] * 9, limit=4)) == 4


def test_both_captioners_are_read(tmp_path):
    (tmp_path / "lines.txt").write_text("7.jpg :a man : a dog\n\n8.jpg :\n")
    assert read_lines(tmp_path / "lines.txt") == {"7": "a man : a dog", "8": ""}
    (tmp_path / "object.json").write_text(json.dumps({"7.jpg": " A man. "}))
    assert read_json(tmp_path / "object.json") == {"7": "A man."}


@pytest.mark.parametrize(("text", "sentence"), [("{", "not valid JSON"), ("[1]", "must hold an object")])
def test_a_caption_file_of_another_kind_is_refused(tmp_path, text, sentence):
    (tmp_path / "object.json").write_text(text)
    with pytest.raises(MMReproError, match=sentence):
        read_json(tmp_path / "object.json")


def test_a_caption_line_without_its_mark_is_refused(tmp_path):
    (tmp_path / "lines.txt").write_text("7.jpg :fine\n8.jpg a dog\n")
    with pytest.raises(MMReproError, match="line 2"):
        read_lines(tmp_path / "lines.txt")


def test_missing_captions_are_counted_and_empty_only_when_told():
    tweets = [Tweet(image, ("a",), ("O",)) for image in "123"]
    with pytest.raises(MMReproError, match="lack 2 of 3 image ids, 2 first"):
        caption_words(tweets, {"1": "A dog."})
    assert caption_words(tweets, {"1": "A dog."}, "empty") == [["A", "dog"], [], []]


def test_samples_of_captions_cover_the_sample_tweets(sample, splits):
    for name in ("captions_blip2", "captions_catr"):
        captions = load_captions(sample(name), "twitter2017")
        assert all(caption_words(splits["test"], captions))
