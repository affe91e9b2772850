import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from mmrepro import cli
from mmrepro.errors import MMReproError
from mmrepro.evidence.record import write_record
from tests.conftest import SLUG
from tests.evidence.factory import claim, metrics, paired, record


def invoke(*arguments):
    return CliRunner().invoke(cli.root, arguments)


def test_the_help_names_every_command_and_shows_how_to_begin():
    text = invoke("--help").output
    assert all(name in text for name in cli._COMMANDS)
    assert "mmrepro run mosei-fusion" in text
    assert invoke("-h").output == text


@pytest.mark.parametrize("name", cli._COMMANDS)
def test_every_command_is_there_and_has_help(name):
    done = invoke(name, "--help")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Usage:")


def test_an_unknown_command_is_refused_with_the_nearest():
    done = invoke("lst")
    assert done.exit_code == 2
    assert "No command is called 'lst': did you mean 'list'" in done.output


def test_the_version_is_told():
    from mmrepro import __version__

    assert __version__ in invoke("--version").output


@pytest.mark.parametrize("code", [1, 2])
def test_a_users_mistake_ends_with_one_sentence(monkeypatch, capsys, code):
    class MistakeError(MMReproError):
        exit_code = code

    @click.command()
    def failing():
        raise MistakeError("No such thing.")

    monkeypatch.setattr(cli.root, "get_command", lambda *_: failing)
    monkeypatch.setattr(sys, "argv", ["mmrepro", "failing"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    assert capsys.readouterr().err == "mmrepro: No such thing.\n"


def test_the_command_itself_ends_without_a_stack_trace():
    command = [sys.executable, "-m", "mmrepro.cli", "claims", "mosei-fussion"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mmrepro: No chapter is called 'mosei-fussion': did you mean 'mosei-fusion'?\n"


def loaded(code):
    """Which of the heavy packages `code` loads."""
    heavy = {"torch", "transformers", "pandas", "scipy", "sklearn", "matplotlib", "papermill"}
    script = f"import sys\n{code}\nprint(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


def test_importing_the_package_loads_nothing_heavy():
    assert loaded("import mmrepro") == "[]"


def test_help_waits_for_nothing_heavy():
    code = "from mmrepro.cli import root\ntry:\n    root(['--help'])\nexcept SystemExit:\n    pass"
    assert loaded(code) == "[]"


@pytest.mark.parametrize("name", ["run", "sweep", "data", "doctor"])
def test_the_help_of_a_command_waits_for_no_torch_and_no_pandas(name):
    code = f"from mmrepro.cli import root\ntry:\n    root([{name!r}, '--help'])\nexcept SystemExit:\n    pass"
    assert not {"torch", "pandas"} & set(eval(loaded(code)))


def test_checking_the_settings_of_all_chapters_loads_nothing_heavy():
    code = (
        "from mmrepro.papers.paper import load_paper, paper_slugs\n"
        "from mmrepro.papers.settings import resolve_settings\n"
        "for slug in paper_slugs(): resolve_settings(load_paper(slug), 'smoke')"
    )
    assert loaded(code) == "[]"


def test_opening_a_chapter_loads_no_model():
    code = "import os\nfrom mmrepro import open_chapter\nopen_chapter('mosei-fusion')"
    assert not {"torch", "transformers"} & set(eval(loaded(code)))


@pytest.fixture
def wide(monkeypatch):
    """A terminal in which no line of a table is broken."""
    monkeypatch.setenv("COLUMNS", "300")


def commit(checkout, **given):
    made = record(**given)
    write_record(made, checkout.root / "results" / "cpu" / f"{SLUG}.json")


def test_the_list_says_where_nothing_is_committed_yet(checkout, wide):
    text = invoke("list").output
    assert f"{SLUG}" in text
    assert "no committed record yet" in text
    assert "\\" not in text


@pytest.mark.parametrize(("gap", "mark"), [(2.0, "[Re]"), (-2.0, "[¬Re]")])
def test_the_list_counts_the_committed_verdicts(checkout, wide, gap, mark):
    commit(checkout, claims=[claim(headline=True), claim(id="T2")], rows=metrics(**paired(gap=gap)))
    text = invoke("list").output
    assert f" {mark} " in text
    assert ("2 reproduced" if gap > 0 else "2 not reproduced") in text


def test_the_claims_are_shown_with_what_was_found(checkout, wide):
    commit(checkout, claims=[claim(id="M1", unit="[points]", sentence="A [b] c.")], rows=metrics(**paired()))
    text = invoke("claims", SLUG).output
    assert "Early fusion beats late fusion of decisions." in text
    assert re.search(r"2\.00 \[1\.\d\d, 2\.\d\d\] \[points\]", text)
    assert "A [b] c." not in text  # the sentence is that of the claim as it stands today
    assert text.count("no committed record yet") > 5


def test_what_a_sentence_quotes_gives_no_command_to_the_terminal():
    error = MMReproError("demo.yml: 'a\nb\x1b[2J\x85\u2028\u202e' is unknown.")
    assert cli.told_in_one_line(error) == "demo.yml: 'a b [2J   ' is unknown."
