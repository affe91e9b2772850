from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo import tracks as module
from mmrepro.papers.hmg_emo.alignment import check_answers, check_features
from mmrepro.papers.hmg_emo.emotify import load_answers
from mmrepro.papers.hmg_emo.tracks import GENRES, TAGS, load_tracks


class Folder:
    """A folder that is addressed as a data set, whose files a test may spoil."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, relative):
        return self.folder / relative


@pytest.fixture
def home(tmp_path):
    from mmrepro.papers.hmg_emo.sample import write_audio, write_emotify

    write_emotify(tmp_path)
    write_audio(tmp_path)
    return Folder(tmp_path)


def test_tracks_are_numbered_as_the_answers_number_them(home):
    """The answers go classical, rock, electronic, pop; the files by spelling, 1, 10, 100, 11 within each."""
    info = pd.read_csv(home.path("emotify/info.csv"))
    assert info["Track ID"].tolist()[:4] == [1, 10, 100, 11]
    found = load_tracks(home, home)
    assert found.table["track"].tolist() == list(range(1, 401)) and len(found) == 400
    assert found.table["genre"].tolist() == list(np.repeat(GENRES, 100))
    raw = np.load(home.path("emotify/musicnn_taggram_array.npy"))
    sheet = pd.read_csv(home.path("emotify/handcrafted.csv")).set_index("track_id")
    images = np.load(home.path("emotify/melspec64.npz"))
    for genre, file in (("classical", 10), ("rock", 7), ("pop", 100)):
        row = int(info[(info["Genre"] == genre) & (info["Filename"] == f"{file}.mp3")].index[0])
        place = 100 * GENRES.index(genre) + file - 1
        listed = info["Track ID"][row]
        assert np.allclose(found.tags[place], np.log(raw[row] + 1e-4), equal_nan=True)
        assert found.handcrafted["rms_mean"][place] == sheet["rms_mean"][listed]
        assert (found.images[place] == images["image"][images["track_id"] == listed][0]).all()


@pytest.mark.parametrize("part", ["tags", "images"])
def test_rows_in_the_order_of_the_file_are_refused(home, part):
    found = load_tracks(home, home)
    assert (check_features(found)["value"] > 0).all()
    text = sorted(range(100), key=lambda number: str(number + 1))
    wrong = np.concatenate([100 * block + np.array(text) for block in range(4)])  # only loudness can tell
    with pytest.raises(MMReproError, match=r"not in the order of info.csv: .*correlation with loudness"):
        check_features(replace(found, **{part: getattr(found, part)[wrong]}))


def test_rows_of_another_genre_are_refused(home):
    found = load_tracks(home, home)
    with pytest.raises(MMReproError, match=r"not in the order of info.csv: tag 'classical'"):
        check_features(replace(found, tags=found.tags[::-1]))


def test_answers_joined_by_the_number_of_the_files_are_refused(home):
    found, answers = load_tracks(home, home), load_answers(home.path("emotify/data.csv"))
    assert (check_answers(answers, found)["value"] > 0.2).all()
    info = pd.read_csv(home.path("emotify/info.csv")).sort_values("Track ID")
    by_number = found.table.assign(genre=info["Genre"].to_numpy())
    with pytest.raises(MMReproError, match=r"says that track \d+ is \w+, but its features are of \w+"):
        check_answers(answers, replace(found, table=by_number))


def test_answers_about_other_songs_of_the_genre_are_refused(home):
    found, answers = load_tracks(home, home), load_answers(home.path("emotify/data.csv"))
    other = np.concatenate([100 * block + np.roll(np.arange(100), 1) for block in range(4)])
    with pytest.raises(MMReproError, match=r"not about the tracks beside them: .*'slow', genre \w+, is"):
        check_answers(answers, replace(found, tags=found.tags[other]))


def test_frames_that_are_no_numbers_are_left_out_of_the_mean_or_refused(home):
    found = load_tracks(home, home)
    assert found.table["nan_frames"].to_numpy().nonzero()[0].tolist() != []
    row = int(found.table["nan_frames"].to_numpy().argmax())
    features = module.tag_features(found)
    assert np.isfinite(features).all()
    good = found.tags[row][~np.isnan(found.tags[row]).any(1)]
    means = np.nanmean(found.tags, axis=1)
    assert np.allclose(means[row], good.mean(0))
    with pytest.raises(MMReproError, match=r"frames that are no numbers for 2 tracks, \d+ first"):
        load_tracks(home, home, "refuse")


def spoil_npy(home, change):
    path = home.path("emotify/musicnn_taggram_array.npy")
    np.save(path, change(np.load(path)))


def spoil_csv(home, name, change):
    path = home.path(f"emotify/{name}")
    change(pd.read_csv(path)).to_csv(path, index=False)


def without_rows(values):
    return np.where(np.arange(400)[:, None, None] == 3, np.nan, values)


TAG_FILE, SHEET = "musicnn_taggram_array.npy", "handcrafted.csv"
SPOILT = [
    (
        lambda at: spoil_npy(at, lambda all: all[:, :, :49]),
        r"shape \(400, 4, 49\); it must be \(400, frames, 50\)",
    ),
    (lambda at: spoil_npy(at, without_rows), "without a single frame"),
    (lambda at: at.path(f"emotify/{TAG_FILE}").write_bytes(b"no array"), "not a readable .npy"),
    (lambda at: spoil_csv(at, SHEET, lambda all: all.iloc[1:]), "handcrafted.csv does not have every track"),
    (lambda at: spoil_csv(at, "info.csv", lambda all: all.assign(Genre="jazz")), "names the genre 'jazz'"),
    (lambda at: spoil_csv(at, "info.csv", lambda all: all.assign(Filename="a.mp3")), "must name sound files"),
    (lambda at: spoil_csv(at, SHEET, lambda all: all.assign(genre="pop")), "gives track 1 another genre"),
    (lambda at: spoil_csv(at, SHEET, lambda all: all.assign(rms_mean=np.nan)), "no number for track 1"),
]


@pytest.mark.parametrize(("spoil", "sentence"), SPOILT)
def test_a_spoilt_file_is_told_in_a_sentence(home, spoil, sentence):
    spoil(home)
    with pytest.raises(MMReproError, match=sentence) as caught:
        load_tracks(home, home)
    assert "\n" not in str(caught.value)


def test_images_are_averaged_down(home):
    found = load_tracks(home, home)
    small = module.image_features(found, 16)
    assert small.shape == (400, 1, 16, 16)
    block = found.images[7, :4, :4].mean()
    other = found.images[7, 4:8, :4].mean()
    assert (small[7, 0, 0, 0] - small[7, 0, 1, 0]) * (block - other) > 0
    assert abs(small.mean()) < 1e-3


def test_fifty_tags_have_names():
    assert len(TAGS) == len(set(TAGS)) == 50
