from mmrepro.papers.instructcell import exercises


def test_whole_groups_are_tested_once_each():
    assert exercises.whole_group_folds(["b", "a", "b"]) == [([0, 2], [1]), ([1], [0, 2])]


def test_dropout_adds_zeros():
    assert exercises.zero_probability(2.0, 1.0, 0.5) > exercises.zero_probability(2.0, 1.0, 0.0)
