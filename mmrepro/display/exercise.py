"""Exercises: a task, a hidden hint, a folded solution and a check, all from one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mmrepro.display.source import source_of

if TYPE_CHECKING:
    from IPython.display import Markdown

Answer = Callable[..., Any]


@dataclass(frozen=True)
class Exercise:
    """One exercise of a chapter.

    Attributes
    ----------
    task
        What to write: name, arguments and result of a function.
    solution
        A function that solves it; the tests hold it to `check`.
    check
        Called with an answer; raises AssertionError with a sentence that helps when it is wrong.
    """

    title: str
    level: Literal["easy", "medium", "hard"]
    task: str
    hint: str
    solution: Answer
    check: Callable[[Answer], None]

    def show(self) -> Markdown:
        """Show the task, with the hint and the solution folded away."""
        from IPython.display import Markdown

        return Markdown(
            f"**{self.title}** ({self.level}). {self.task}\n\n"
            f"<details><summary>Hint</summary>\n\n{self.hint}\n\n</details>\n\n"
            f"<details><summary>Solution</summary>\n\n```python\n{source_of(self.solution)}\n```\n\n</details>"
        )

    def grade(self, answer: Answer) -> None:
        """Say whether `answer` is right; a wrong one is told why, not raised.

        An empty stub, which returns None, is called unsolved.
        """
        try:
            self.check(answer)
        except AssertionError as problem:
            print(f"{self.title} – not solved yet. {problem}")
        except Exception as problem:  # noqa: BLE001 - whatever a student's function raises
            print(f"{self.title} – not solved yet; your function raised {type(problem).__name__}: {problem}")
        else:
            print(f"{self.title} – solved.")
