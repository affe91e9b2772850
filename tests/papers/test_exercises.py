"""The exercises of every chapter: three of rising difficulty, whose solutions pass and whose stubs do not."""

import importlib

import pytest

from mmrepro.papers.paper import load_paper, paper_slugs


def exercises_of(slug):
    return importlib.import_module(f"mmrepro.papers.{load_paper(slug).module_name}.exercises").EXERCISES


@pytest.mark.parametrize("slug", paper_slugs())
@pytest.mark.parametrize("number", range(3))
def test_the_solution_passes_its_own_check_and_an_empty_stub_does_not(slug, number, capsys):
    exercise = exercises_of(slug)[number]
    exercise.grade(exercise.solution)
    assert capsys.readouterr().out == f"{exercise.title} – solved.\n"
    exercise.grade(lambda *_: None)
    assert "not solved yet" in capsys.readouterr().out


@pytest.mark.parametrize("slug", paper_slugs())
def test_levels_rise(slug):
    assert [exercise.level for exercise in exercises_of(slug)] == ["easy", "medium", "hard"]
