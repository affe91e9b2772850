import pytest

from mmrepro.display.exercise import Exercise


def double(x):
    return 2 * x


def check(answer):
    assert answer(2) is not None, "It returns nothing."
    assert answer(2) == 4, "Two is doubled to four."


EXERCISE = Exercise("Double", "easy", "Write `double(x)`.", "Add it to itself.", double, check)


def test_the_task_is_in_sight_hint_and_solution_are_folded():
    text = EXERCISE.show().data
    before, hint, solution = text.split("<details>")
    assert before.startswith("**Double** (easy). Write `double(x)`.")
    assert "Add it to itself." in hint
    assert "```python\ndef double(x):\n    return 2 * x\n```" in solution
    assert text.count("</details>") == 2


def fails(error):
    def answer(x):
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (double, "Double – solved."),
        (lambda x: None, "Double – not solved yet. It returns nothing."),
        (lambda x: 3 * x, "Double – not solved yet. Two is doubled to four."),
        (lambda: 4, "Double – not solved yet; your function raised TypeError"),
        (lambda x: [][x], "your function raised IndexError"),
        (fails(NotImplementedError()), "your function raised NotImplementedError"),
        (
            fails(RuntimeError("mat1 and mat2 shapes cannot be multiplied")),
            "raised RuntimeError: mat1 and mat2",
        ),
        (fails(ZeroDivisionError("division by zero")), "raised ZeroDivisionError"),
        (lambda x: undefined_name, "raised NameError"),  # noqa: F821
        (fails(ImportError("no module")), "raised ImportError"),
        (fails(OSError("no file")), "raised OSError"),
    ],
)
def test_an_answer_is_graded_and_never_raises(capsys, answer, told):
    EXERCISE.grade(answer)
    assert told in capsys.readouterr().out


def test_an_interrupt_is_no_wrong_answer():
    with pytest.raises(KeyboardInterrupt):
        EXERCISE.grade(fails(KeyboardInterrupt()))
