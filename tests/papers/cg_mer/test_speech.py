import numpy as np
import pytest
from scipy.fft import dct

from mmrepro.errors import MMReproError
from mmrepro.papers.cg_mer import emodb, polish, speech

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 131000\n"


def tone(pitch=200.0, seconds=1.0, rate=16_000):
    return speech.Sound(0.5 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate), rate)


def test_cepstra_are_the_cosine_transform_of_log_mel():
    mel = speech.log_mel(tone())
    assert mel.shape == (101, 40)
    assert speech.cepstra(mel) == pytest.approx(dct(mel, norm="ortho", axis=1)[:, :13], abs=1e-8)
    assert speech.statistics(mel).shape == (43,)


def test_a_louder_tone_moves_the_energy_by_its_decibels():
    quiet, loud = tone(), tone()
    loud = speech.Sound(10 * quiet.samples, quiet.rate)
    rise = speech.log_mel(loud).max(axis=1) - speech.log_mel(quiet).max(axis=1)
    assert rise[5:90] == pytest.approx(2 * np.log(10), abs=1e-3)


@pytest.mark.parametrize("pitch", [90.0, 200.0, 350.0])
def test_pitch_of_a_tone_is_its_frequency(pitch):
    assert np.nanmedian(speech.pitch(tone(pitch))) == pytest.approx(pitch, rel=0.02)


def test_silence_has_no_pitch():
    sound = tone()
    sound.samples[8000:] = 0
    found = speech.pitch(sound)
    assert np.isnan(found[60:]).all() and np.isfinite(found[10:40]).all()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (POINTER, "x.wav is a Git LFS pointer of .* bytes, not audio"),
        (b"RIFF nothing", "x.wav is not readable audio"),
        (b"", "x.wav is not readable audio"),
    ],
)
def test_what_is_no_audio_is_told(content, sentence):
    with pytest.raises(MMReproError, match=sentence):
        speech.read_sound(content, "x.wav")


def test_names_of_polish_recordings_become_labels(sample):
    sounds = polish.load_sounds(sample("polish"))
    rows = polish.utterances(sounds)
    assert len(rows) == 90 and rows.features.shape == (90, 43)
    first = rows.ids.tolist().index("m2.s_tak_1")
    assert (rows.labels[first], rows.speakers[first], rows.texts[first]) == ("fear", "m2", "tak")
    corpus = polish.polish_corpus(sounds, rows)
    assert corpus.sizes() == {
        "sessions": 5,
        "participants": 5,
        "streams": 90,
        "segments": 0,
        "annotations": 90,
    }
    assert len(polish.load_sounds(sample("polish"), 20)) == 20
    assert len(rows.thinned(30)) == 30


def test_a_polish_recording_of_another_name_is_refused(spoilt):
    import zipfile

    def add(folder):
        with zipfile.ZipFile(folder / polish.ARCHIVE, "a") as archive:
            archive.writestr("POLISH/m1.x_nie_9.wav", b"")

    with pytest.raises(MMReproError, match=r"m1\.x_nie_9\.wav is not named like"):
        polish.load_sounds(spoilt("polish", add))


def test_decimal_commas_in_latin_1_are_read_and_named(sample):
    perception, defects = emodb.load_perception(sample("emodb"))
    assert perception["recognised"].between(0, 100).all()
    assert set(perception["emotion"]) <= set(emodb.EMOTIONS.values())
    assert [(d.file, d.count) for d in defects] == [("erkennung.txt", len(perception))]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b",00\xa0\t", b",O0\xa0\t", "is no percentage from 0 to 100"),
        (b"\t100,00", b"\t400,00", "'400,00' in row .* is no percentage"),
        (b"03a01F", b"03a01X", "'03a01X.' has none of the emotion letters"),
        (b"erkannt", b"bekannt", "lacks the column 'erkannt'"),
    ],
)
def test_a_broken_perception_table_is_refused(spoilt, old, new, sentence):
    def change(folder):
        path = folder / "emodb/erkennung.txt"
        path.write_bytes(path.read_bytes().replace(old, new, 1))

    with pytest.raises(MMReproError, match=sentence):
        emodb.load_perception(spoilt("emodb", change))


def syllables(tmp_path, text):
    path = tmp_path / "03a01Fa.silb"
    path.write_text(text, encoding="latin-1")
    return emodb.read_syllables(path)


def test_syllables_end_where_the_next_starts(tmp_path):
    found, defects = syllables(tmp_path, "0.1\tder\n0.25\tla\n0.5\t.\n")
    assert found.to_numpy().tolist() == [[0.1, 0.25, "der"], [0.25, 0.5, "la"]]
    assert defects == []


def test_blanks_for_tabs_and_a_line_twice_are_mended_and_named(tmp_path):
    found, defects = syllables(tmp_path, "0.1    der\n0.25\tkön\n0.25\tkön\n0.5\t.\n")
    assert found["label"].tolist() == ["der", "kön"]
    assert {defect.problem for defect in defects} == {"a line stands twice", "blanks instead of tabs"}


def test_an_unexplained_mark_is_read_as_a_pause_and_named(tmp_path):
    found, defects = syllables(tmp_path, "0.1\tda\n0.3\t(\n0.6\tla\n0.8\t.\n")
    assert found.to_numpy().tolist() == [[0.1, 0.3, "da"], [0.6, 0.8, "la"]]
    assert [(defect.problem, defect.count) for defect in defects] == [("the unexplained mark '('", 1)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is an empty label file"),
        ("der\tla\n", "does not start with a time"),
        ("0.5\tder\n0.1\tla\n0.9\t.\n", "a time that does not rise"),
    ],
)
def test_a_label_file_that_makes_no_sense_is_refused(tmp_path, text, sentence):
    with pytest.raises(MMReproError, match=sentence):
        syllables(tmp_path, text)


def test_an_empty_label_file_is_left_out_and_named(sample):
    found, defects = emodb.load_syllables(sample("emodb_syllables"))
    assert [(d.problem, d.handling) for d in defects] == [("an empty label file", "left out of the segments")]
    assert defects[0].file.removesuffix(".silb") not in found


def test_syllables_after_the_end_of_a_cut_recording_are_taken_off(tmp_path):
    found, _ = syllables(tmp_path, "0.1\ta\n0.4\tb\n0.8\tc\n1.2\t.\n")
    sound = tone(seconds=0.6)
    cut, defects = emodb.cut_to_sound({"x": found, "y": found}, {"x": sound, "z": sound})
    assert list(cut) == ["x"]
    assert cut["x"].to_numpy().tolist() == [[0.1, 0.4, "a"], [0.4, 0.6, "b"]]
    assert [defect.file for defect in defects] == ["x.wav"]
    whole, defects = emodb.cut_to_sound({"x": found}, {"x": tone(seconds=1.5)})
    assert len(whole["x"]) == 3 and defects == []


def test_votes_of_the_listeners_add_up(sample):
    perception, _ = emodb.load_perception(sample("emodb"))
    corpus = emodb.emodb_corpus(perception, emodb.load_syllables(sample("emodb_syllables"))[0])
    external = corpus.annotations[corpus.annotations["viewpoint"] == "external"]
    assert (external.groupby("stream")["votes"].sum() == emodb.LISTENERS).all()
    assert corpus.sizes()["sessions"] == 10
    assert emodb.emodb_corpus(perception, {}).sizes()["segments"] == 0


def test_features_that_are_not_finite_are_refused(spoilt):
    def change(folder):
        path = folder / "emodb/emodb_mfcc.csv"
        lines = path.read_text().splitlines()
        lines[1] = ",".join([*lines[1].split(",")[:-1], ""])
        path.write_text("\n".join(lines) + "\n")

    with pytest.raises(MMReproError, match="has 1 missing or infinite values"):
        emodb.load_features(spoilt("emodb_features", change), "mfcc")
