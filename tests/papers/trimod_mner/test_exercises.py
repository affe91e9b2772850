import pytest

from mmrepro.papers.trimod_mner.exercises import EXERCISES


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.title)
def test_the_solution_passes_its_own_check_and_an_empty_stub_does_not(exercise, capsys):
    exercise.grade(exercise.solution)
    assert capsys.readouterr().out == f"{exercise.title}: solved.\n"
    exercise.grade(lambda *_: None)
    assert "not solved yet" in capsys.readouterr().out


def test_wrong_answers_are_told_apart(capsys):
    stray, f1, moved = EXERCISES
    stray.grade(lambda tags: sum(tag.startswith("I-") for tag in tags))
    assert "one stray tag, not 3" in capsys.readouterr().out
    f1.grade(lambda counts: 50.0)
    assert "add up before dividing" in capsys.readouterr().out
    moved.grade(lambda count, seed: list(range(count)))
    assert "stays with its own tweet" in capsys.readouterr().out
