import numpy as np
import pytest

from mmrepro.papers.ewing_vls import exercises


@pytest.mark.parametrize("exercise", exercises.EXERCISES, ids=lambda each: each.title)
def test_the_solution_passes_and_an_empty_stub_does_not(exercise):
    exercise.check(exercise.solution)
    with pytest.raises(AssertionError, match="returns None"):
        exercise.check(lambda *_: None)


def test_wrong_answers_are_told_why():
    pool, count, shared = exercises.EXERCISES
    with pytest.raises(AssertionError, match="ln 3"):
        pool.check(lambda features, raw: np.mean(features, axis=0))
    with pytest.raises(AssertionError, match="Fine-tuning trains"):
        count.check(lambda width, classes, tower, frozen: width * classes + classes)
    with pytest.raises(AssertionError, match="another tile in the training"):
        shared.check(lambda patients, folds: [0.0 for _ in folds])
