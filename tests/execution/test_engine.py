import subprocess
import sys

import nbformat
import papermill
import pytest

from mmrepro.execution import engine
from mmrepro.execution.engine import MMReproEngine, ParametersError


def papermill_cli(notebook, target, *arguments):
    command = [
        sys.executable,
        "-m",
        "papermill",
        "--engine",
        "mmrepro",
        str(notebook),
        str(target),
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.notebook
def test_papermills_own_command_refuses_a_misspelt_parameter_in_a_sentence(checkout, tmp_path):
    checkout.write("print('a kernel ran')", opens=False, concludes=False)
    target = tmp_path / "out.ipynb"
    done = papermill_cli(checkout.notebook, target, "-p", "epoch", "banana")
    assert done.returncode != 0
    assert "Error: mosei-fusion has no setting 'epoch': did you mean 'epochs'?" in done.stderr
    assert "Traceback" not in done.stderr
    assert "a kernel ran" not in target.read_text() if target.exists() else True


def execute(checkout, tmp_path, **parameters):
    target = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        checkout.notebook, target, parameters, engine_name="mmrepro", progress_bar=False
    )
    return nbformat.read(target, as_version=4)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"steps": "banana"}, "has no setting 'steps'"),
        ({"epochs": "banana"}, "epochs: input should be a valid integer.*'banana'"),
        ({"profile": "fast"}, "No profile is called 'fast'"),
        ({"overrides": {"epoch": 1}}, "has no setting 'epoch'"),
    ],
)
def test_refused_parameters_stop_the_engine_before_a_kernel_starts(
    checkout, tmp_path, monkeypatch, parameters, told
):
    def started(*_args, **_kwargs):
        raise AssertionError("a kernel was started")

    monkeypatch.setattr(MMReproEngine, "execute_managed_notebook", started)
    with pytest.raises(ParametersError, match=told):
        execute(checkout, tmp_path, **parameters)


def test_a_refusal_exits_like_every_other_mistake_of_a_user():
    assert ParametersError("x").exit_code == 2


@pytest.mark.notebook
def test_a_notebook_of_somebody_else_runs_with_any_parameter(checkout, tmp_path):
    checkout.write("print(steps)", opens=False, concludes=False)
    checkout.change(lambda notebook: notebook["metadata"].pop("mmrepro"))
    made = execute(checkout, tmp_path, steps="banana")
    assert made.cells[-1].outputs[0].text == "banana\n"
    assert made.cells[-1].metadata["mmrepro"]["cpu_s"] >= 0
    assert made.cells[-1].metadata["mmrepro"]["gpu_mb"] is None  # torch was not loaded
    assert "mmrepro" not in made.cells[0].metadata  # prose


@pytest.mark.notebook
@pytest.mark.parametrize(("device", "expected"), [("cuda", [None, 2.0, 0.0]), ("cpu", [None, None, None])])
def test_the_peak_of_each_cell_is_asked_for_where_there_is_a_gpu(
    checkout, tmp_path, monkeypatch, device, expected
):
    monkeypatch.setattr(engine, "device_class", lambda asked: device)
    checkout.write(
        "peak = [2 * 2**20]\n"
        "class torch:\n    class cuda:\n"
        "        is_initialized = staticmethod(lambda: True)\n"
        "        max_memory_allocated = staticmethod(lambda: peak[0])\n"
        "        reset_peak_memory_stats = staticmethod(lambda: peak.__setitem__(0, 0))",
        "import sys\nsys.modules['torch'] = torch",
        "1",
        opens=False,
        concludes=False,
    )
    made = execute(checkout, tmp_path)
    assert [cell.metadata["mmrepro"]["gpu_mb"] for cell in made.cells[-3:]] == expected


@pytest.mark.notebook
def test_without_our_engine_a_setting_that_is_not_declared_still_reaches_the_chapter(checkout, tmp_path):
    """Papermill injects it; the chapter reads the injected cell."""
    checkout.write("print(chapter.settings.epochs)", concludes=False)
    target = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        checkout.notebook, target, {"epochs": 7}, progress_bar=False, kernel_name="python3"
    )
    assert nbformat.read(target, as_version=4).cells[-1].outputs[-1].text == "7\n"


def test_the_engine_is_registered_with_papermill():
    from importlib.metadata import entry_points

    (found,) = entry_points(group="papermill.engine", name="mmrepro")
    assert found.load() is MMReproEngine
