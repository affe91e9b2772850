import pytest
from click.testing import CliRunner

from mmrepro.data.commands import data
from mmrepro.data.hub import REPOSITORIES, Repository
from mmrepro.errors import MMReproError

A = b"a,b\n1,2\n"


@pytest.fixture
def run(project, mirror):
    """Run `mmrepro data ...`, where demo/x is in the mirror, demo/y nowhere and demo/own the user's."""
    project.write(
        x={"files": [project.file("x/a", A)]},
        y={"files": [project.file("y/a", A)]},
        own={"access": "user", "variable": "NO_SUCH_VARIABLE"},
    )
    (mirror / "demo" / "x").mkdir(parents=True)
    (mirror / "demo" / "x" / "a").write_bytes(A)
    return lambda *arguments, catch=True: CliRunner().invoke(
        data, [str(argument) for argument in arguments], catch_exceptions=catch
    )


def test_list(run):
    result = run("list")
    assert result.exit_code == 0
    lines = [line.split() for line in result.output.splitlines()]
    assert lines[1] == ["demo/x", "stand-in", "open", "MIT", "0.0", "MB", "-"]
    run("fetch", "demo/x")
    assert "mirror" in run("list", "demo").output
    assert len(lines[3][0]) == len("demo/own")


def test_fetch_reports_each_and_fails_where_one_is_missing(run, mirror):
    result = run("fetch", "demo/x")
    assert result.exit_code == 0
    assert f"demo/x    mirror: {mirror / 'demo'}" in result.output
    result = run("fetch", "--jobs", "2")
    assert result.exit_code == 1
    assert "demo/x" in result.stdout
    assert "demo/y: no source delivers 'y/a' (the mirror: it has no 'y/a'" in result.stderr
    result = run("fetch", "demo/own")
    assert result.exit_code == 1
    assert "must be supplied by you: set NO_SUCH_VARIABLE" in result.stderr


def test_verify(run, mirror):
    assert run("verify").output == "0 data sets checked, 0 problems.\n"
    run("fetch", "demo/x")
    assert run("verify").output == "1 data sets checked, 0 problems.\n"
    result = run("verify", "demo/y")
    assert result.exit_code == 1
    assert "demo/y: y/a: it has no 'y/a'" in result.stderr


def test_mirror(run, tmp_path):
    result = run("mirror", tmp_path / "made", "demo/x")
    assert result.exit_code == 0
    assert (tmp_path / "made" / "demo" / "x" / "a").read_bytes() == A
    assert run("mirror", tmp_path / "made").exit_code == 1


def test_where(run, project, mirror):
    assert run("where").output == f"{project.cache}\n"
    result = run("where", "demo/x")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "`mmrepro data fetch demo/x` brings it" in result.stderr
    run("fetch", "demo/x")
    assert run("where", "demo/x").output == f"{mirror / 'demo'}\n"


@pytest.mark.parametrize("arguments", [["fetch", "demos"], ["list", "demo/z"], ["where", "demo/z"]])
def test_bad_names_are_one_sentence_with_exit_code_2(run, arguments):
    error = run(*arguments).exception
    assert isinstance(error, MMReproError)
    assert error.exit_code == 2
    assert "\n" not in str(error)


@pytest.mark.parametrize("command", ["list", "fetch", "verify", "mirror", "where"])
def test_every_command_has_examples(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"\n  mmrepro data {command}" in result.output


def test_needs_say_where_and_how(run, monkeypatch, tmp_path):
    told = run("needs", "demo").output
    assert told.splitlines()[0] == "demo/own: Numbers"
    assert "  Some numbers.\n  Licence: MIT.\n" in told
    assert "  NO_SUCH_VARIABLE: not set\n" in told and "demo/x" not in told
    (tmp_path / "own.csv").write_text("1")
    monkeypatch.setenv("NO_SUCH_VARIABLE", str(tmp_path / "own.csv"))
    assert "  NO_SUCH_VARIABLE: set\n" in run("needs", "demo").output
    monkeypatch.setenv("NO_SUCH_VARIABLE", str(tmp_path / "gone.csv"))
    assert "gone.csv, which is not a file" in run("needs", "demo").output
    assert run("needs", "demo/x").output == "Nothing: what these chapters use can be fetched.\n"


def test_weights_are_asked_for_by_name_and_must_be_on_the_hub(run, monkeypatch):
    assert "these are gigabytes" in run("weights").output
    with pytest.raises(MMReproError, match=r"No weights of demo are on the hub; see `mmrepro data needs`"):
        run("weights", "demo", catch=False)
    monkeypatch.setitem(
        REPOSITORIES, "NO_SUCH_VARIABLE", Repository("lab/tiny", "1" * 40, "model.safetensors")
    )
    assert "`mmrepro data weights demo/own` brings it from lab/tiny." in run("needs", "demo").output
