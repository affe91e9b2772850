import pytest

from mmrepro.errors import MMReproError, first_line, nearest


@pytest.mark.parametrize(
    ("name", "known", "told"),
    [
        ("epoch", ["epochs", "lr"], "did you mean 'epochs'?"),
        ("smok", ["smoke", "smooth", "cpu"], "did you mean 'smoke' or 'smooth'?"),
        ("xyz", ["lr", "epochs"], "valid names are epochs, lr."),
        ("x", iter(["b", "a"]), "valid names are a, b."),
        ("x", {"b": 1, "a": 2}, "valid names are a, b."),
        ("x", [], "there are none."),
    ],
)
def test_the_nearest_names_end_the_sentence(name, known, told):
    assert nearest(name, known) == told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("no magic number:\nheld b'x'"), "no magic number"),
        (ValueError("\n  cut short.\n"), "cut short"),
        (KeyError(), "KeyError"),
    ],
)
def test_of_another_librarys_error_the_first_line_is_told(error, told):
    assert first_line(error) == told


def test_a_notebook_shows_the_sentence_alone():
    class OddError(MMReproError):
        pass

    assert OddError("No luck.")._render_traceback_() == ["OddError: No luck."]


def test_ipython_uses_that_hook(capsys):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        shell.run_cell("from mmrepro.errors import MMReproError\nraise MMReproError('No luck.')")
    finally:
        InteractiveShell.clear_instance()
    shown = capsys.readouterr()
    assert "MMReproError: No luck." in shown.out + shown.err
    assert "Traceback" not in shown.out + shown.err
