from mmrepro.papers.trimod_mner.exercises import EXERCISES


def test_wrong_answers_are_told_apart(capsys):
    stray, f1, moved = EXERCISES
    stray.grade(lambda tags: sum(tag.startswith("I-") for tag in tags))
    assert "one stray tag, not 3" in capsys.readouterr().out
    f1.grade(lambda counts: 50.0)
    assert "add up before dividing" in capsys.readouterr().out
    moved.grade(lambda count, seed: list(range(count)))
    assert "stays with its own tweet" in capsys.readouterr().out
