import json

import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.facetrack_mm.captions import Caption, evenly, facts, read_captions


def write(folder, entries):
    path = folder / "test.json"
    path.write_text(json.dumps(entries))
    return path


GOOD = {
    "id": 3,
    "video": "CAER_mp4/test/Happy/0001.mp4",
    "caption": "At the beginning of the video, he\nsmiles.",
}


def test_captions_are_read_in_order_with_their_source(tmp_path):
    path = write(tmp_path, [GOOD, {**GOOD, "id": "x", "video": "RAVDESS/Actor_01/01.mp4"}])
    first, second = read_captions(path)
    assert first == Caption("3", GOOD["video"], "At the beginning of the video, he smiles.")
    assert (first.source, second.source) == ("CAER", "RAVDESS")


def test_facts_count_words_tokens_and_marks_of_time(tmp_path):
    frame = facts(read_captions(write(tmp_path, [GOOD])))
    assert frame.loc[0, "words"] == 8
    assert frame.loc[0, "tokens"] == 10  # the comma and the full stop
    assert frame.loc[0, "at the beginning"]
    assert not frame.loc[0, "towards the end"]


def test_a_part_is_evenly_spaced_and_never_more_than_there_is():
    every = [Caption(str(number), "a/b.mp4", "He nods.") for number in range(10)]
    assert [each.number for each in evenly(every, 4)] == ["0", "2", "5", "7"]
    assert evenly(every, None) == evenly(every, 99) == every


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"a": 1}, "must hold a list of captions, not dict"),
        (["text"], "entry 0: must be an object"),
        ([GOOD, {"id": 4, "video": "a/b.mp4"}], "entry 1: caption is missing or empty"),
        ([{**GOOD, "caption": "  "}], "entry 0: caption is missing or empty"),
        ([GOOD, GOOD], "has the id '3' twice"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(tmp_path, entries, message):
    with pytest.raises(MMReproError, match=message):
        read_captions(write(tmp_path, entries))


def test_a_missing_or_broken_file_is_refused(tmp_path):
    with pytest.raises(MMReproError, match="no captions at"):
        read_captions(tmp_path / "test.json")
    (tmp_path / "test.json").write_text("[{")
    with pytest.raises(MMReproError, match="not valid JSON"):
        read_captions(tmp_path / "test.json")
