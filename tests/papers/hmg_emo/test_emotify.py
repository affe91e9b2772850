import numpy as np
import pandas as pd
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo import emotify

HEADER = (
    "track id, genre, " + ", ".join(emotify.EMOTIONS) + ", mood, liked, disliked, age, gender, mother tongue"
)
ROWS = (
    "1,rock,1,0,0,0,0,1,0,0,0,3,1,0,21,1,English ",
    "1,rock,0,0,0,1,0,0,0,0,0,3,0,1,41,0,Dutch",
    "2,pop,1,0,0,0,0,0,0,0,0,3,1,0,21,1,English",
    "1,rock,1,0,0,0,0,1,0,0,0,3,1,0,21,1,English ",
)


def write(tmp_path, *rows):
    path = tmp_path / "data.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def test_profiles_are_those_who_agree_in_age_gender_language_and_mood(tmp_path):
    found = emotify.load_answers(write(tmp_path, *ROWS))
    assert found.frame["listener"].tolist() == [0, 1, 0, 0]
    assert found.listeners["language"].tolist() == ["English", "Dutch"]
    assert (found.exact_repeats, found.repeated_pairs) == (1, 1)
    assert emotify.profile_names(found.listeners)[1] == "41 years, Dutch, mood 3"


NONE = "3,pop,0,0,0,0,0,0,0,0,0,3,1,0,21,1,English"
MANY = "3,pop,1,1,1,1,0,0,0,0,0,3,1,0,21,1,English"
OLD = "3,pop,1,0,0,0,0,0,0,0,0,3,1,0,99,1,English"
YOUNG = "3,pop,1,0,0,0,0,0,0,0,0,3,1,0,5,1,English"


def test_answers_without_emotions_or_with_too_many_are_dropped_and_counted(tmp_path):
    found = emotify.load_answers(write(tmp_path, *ROWS, NONE, MANY))
    assert (len(found.frame), found.unusable) == (4, 2)


@pytest.mark.parametrize("row", [NONE, MANY])
def test_answers_without_emotions_or_with_too_many_can_be_refused(tmp_path, row):
    with pytest.raises(MMReproError, match="1 answers tick no emotion or more than 3, line 6 first"):
        emotify.load_answers(write(tmp_path, *ROWS, row), label_rows="refuse")


def test_implausible_ages_become_unknown_and_are_counted(tmp_path):
    found = emotify.load_answers(write(tmp_path, *ROWS, OLD, YOUNG))
    assert found.implausible_ages == 2
    features, _, _ = emotify.listener_features(found)
    assert features[-1, :2].tolist() == [0, 1]
    assert emotify.profile_names(found.listeners)[-1] == "age unknown, English, mood 3"


def test_implausible_ages_can_be_refused(tmp_path):
    with pytest.raises(MMReproError, match="1 ages are not between 8 and 90, line 6 first"):
        emotify.load_answers(write(tmp_path, *ROWS, OLD), ages="refuse")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("3,pop,2,0,0,0,0,0,0,0,0,3,1,0,21,1,English", "line 6: amazement is 2; it must be one of 0, 1"),
        ("3,pop,1,0,0,0,0,0,0,0,0,9,1,0,21,1,English", "line 6: mood is 9"),
        ("3,pop,1,0,0,0,0,0,0,0,0,3,1,0,21,7,English", "gender is 7"),
        ("3,pop,1,0,0,0,0,0,0,0,0,3,1,0,old,1,English", "needs a number as age"),
        ("1,pop,1,0,0,0,0,0,0,0,0,3,1,0,21,1,English", "track 1 has two genres"),
    ],
)
def test_a_value_that_cannot_be_is_told_with_its_line(tmp_path, row, sentence):
    with pytest.raises(MMReproError, match=sentence):
        emotify.load_answers(write(tmp_path, *ROWS, row))


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("track id,genre\n1,rock\n")
    with pytest.raises(MMReproError, match="lacks the column 'amazement'"):
        emotify.load_answers(path)


def test_listener_features_are_one_hot_in_mood_and_language(read):
    features, groups, names = emotify.listener_features(read[0])
    assert features.shape == (len(read[0].listeners), 8 + len(names))
    assert (features[:, 3:8].sum(1) == 1).all()
    assert (features[:, 8:].argmax(1) == groups).all() and (features[:, 8:].sum(1) == 1).all()


def test_rare_languages_are_joined():
    languages = pd.Series(
        [f"L{number % 15}" for number in range(15)] + [f"L{number}" for number in range(12)]
    )
    assert emotify.language_groups(languages).nunique() == 13


def test_co_occurrence_is_that_of_a_hand_worked_case():
    frame = pd.DataFrame(np.zeros((4, 9), dtype=int), columns=list(emotify.EMOTIONS))
    frame.loc[0:2, "power"] = 1
    frame.loc[0, "tension"] = 1
    shares = emotify.co_occurrence(frame)
    assert shares.loc["power", "tension"] == pytest.approx(100 / 3)
    assert shares.loc["tension", "power"] == 100
    assert shares.loc["sadness", "power"] == 0
