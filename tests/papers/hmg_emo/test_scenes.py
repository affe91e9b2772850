import pandas as pd
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo import scenes


def test_means_are_those_of_a_hand_worked_case():
    train = pd.DataFrame({"rater": [1, 1, 2], "scene": ["a", "b", "a"], "rating": [80, 60, 10]})
    test = pd.DataFrame({"rater": [2, 1, 3], "scene": ["b", "c", "a"], "rating": [0, 0, 0]})
    found = scenes.predict_means(train, test)
    assert found["global mean"].tolist() == [50, 50, 50]
    assert found["rater mean"].tolist() == [10, 70, 50]
    assert found["scene mean"].tolist() == [60, 50, 45]
    assert found["rater + scene"].tolist() == [20, 70, 45]


def test_both_ratings_of_a_pair_stay_on_one_side(sample):
    frame = scenes.load_scenes(sample("movie_scenes").path("movie_scenes/scenes_emotional_ratings.csv"))
    assert scenes.repeats(frame) == 40
    for seed in range(5):
        train, test = scenes.split_scenes(frame, 0.3, seed)
        pairs = [set(zip(part["rater"], part["scene"], strict=True)) for part in (train, test)]
        assert not pairs[0] & pairs[1]
        assert len(train) + len(test) == len(frame)


def test_explained_variance_is_that_of_the_errors_and_raters_win_where_they_matter(sample):
    frame = scenes.load_scenes(sample("movie_scenes").path("movie_scenes/scenes_emotional_ratings.csv"))
    table, (low, high) = scenes.control(frame, 0.2, (0, 1, 2))
    wide = table.pivot_table(index=["seed", "system"], columns="metric", values="value")
    for seed in range(3):
        base = wide.loc[(seed, "global mean"), "RMSE"]
        for system in ("rater mean", "scene mean"):
            expected = 100 * (1 - (wide.loc[(seed, system), "RMSE"] / base) ** 2)
            assert wide.loc[(seed, system), "explained variance"] == pytest.approx(expected)
    means = table[table["metric"] == "explained variance"].groupby("system")["value"].mean()
    assert low < means["rater mean"] - means["scene mean"] < high
    assert means["rater mean"] > means["scene mean"] + 10


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("ID,clip_item,emotional_rating\n1,a,5\n1,b,101\n", "line 3: the rating must be between 0 and 100"),
        ("ID,clip_item\n1,a\n", "lacks the column 'emotional_rating'"),
    ],
)
def test_a_bad_file_is_told_in_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "ratings.csv"
    path.write_text(content)
    with pytest.raises(MMReproError, match=sentence):
        scenes.load_scenes(path)
