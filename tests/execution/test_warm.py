"""Warm kernels against cold ones: what a notebook shows, how a kernel ends, and when it starts cold."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import KernelProvisionerFactory
from nbclient import NotebookClient

from mmrepro.execution import preload, warm
from mmrepro.execution.preloader import PROVISIONER, NoWarmKernelError, warm_kernels
from tests.conftest import SLUG

PARITY = {
    # All that is preloaded: some libraries put variables into the environment when they are imported.
    "imports": f"import os, random, sys, warnings, {', '.join(preload.MODULES)}\n"
    "import matplotlib.pyplot as plt, numpy as np, plotly.graph_objects as go, seaborn as sns, torch",
    "seaborn": "sns.lineplot(x=[1, 2], y=[3, 4])",
    "matplotlib": "plt.figure()\nplt.plot([1, 2])\nplt.show()",
    "plotly": "go.Figure(go.Bar(y=[1, 2])).show()",
    "plotly as a value": "go.Figure(go.Bar(y=[1, 2]))",
    "progress": "import tqdm.auto\nprint(tqdm.auto.tqdm.__mro__)",
    "widget": "import ipywidgets, comm\nprint(sorted(comm.get_comm_manager().targets))\n"
    "ipywidgets.IntSlider()",
    "seeded": "torch.manual_seed(3), np.random.seed(3), random.seed(3)\n"
    "print(torch.rand(3), np.random.rand(3), random.random())",
    "threads": "from threadpoolctl import threadpool_info\n"
    "print(torch.get_num_threads(), torch.get_num_interop_threads())\n"
    "print(sorted({(pool['internal_api'], pool['num_threads']) for pool in threadpool_info()}))",
    "error": "1 / 0",
    "warning": "warnings.warn('beware')\nprint('aside', file=sys.stderr)",
    "environment": "own = ('JPY_', 'MMREPRO_WARM', 'JUPYTER_DEFAULT')\n"
    "print(sorted(item for item in os.environ.items() if not item[0].startswith(own)))",
    "place": "print(os.getcwd(), sys.path, sys.argv[0], len(sys.argv), sys.executable, __name__)",
    "signals": "import signal\nprint([signal.getsignal(number) for number in (2, 13, 15, 17)])\n"
    "print(os.getsid(0) == os.getpgid(0) == os.getpid())",
    "process": "import multiprocessing\n"
    "print(multiprocessing.current_process(), multiprocessing.parent_process(), sys.stdin)",
    "ours": "print([name for name in sys.modules if name.startswith('mmrepro')])",
    "garbage": "import gc\nprint(gc.isenabled(), gc.get_threshold(), gc.callbacks)",
    "workers": "list(torch.utils.data.DataLoader([1, 2], num_workers=1))",
}
UNSEEDED = {
    "torch": "print(torch.rand(1).item())",
    "numpy": "print(np.random.rand())",
    "random": "print(random.random())",
}


@contextlib.contextmanager
def own_factory():
    """The factory reads its default provisioner once a process."""
    KernelProvisionerFactory.clear_instance()
    yield
    KernelProvisionerFactory.clear_instance()


def notebook(*sources):
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def shown(output):
    """What the reader sees of an output; the id of a plotly figure differs with every run."""
    data = output.get("data", {})
    words = [output.get("text"), data.get("text/plain"), output.get("evalue"), output.get("traceback")]
    words.append(data.get("image/png"))
    return (
        output.output_type,
        sorted(data),
        [re.sub(r"ipykernel_\d+|0x[0-9a-f]+", "", str(word)) for word in words],
    )


def executed(folder):
    """Execute every cell above and return name -> outputs."""
    cells = {"imports": PARITY["imports"]} | UNSEEDED | PARITY
    made = notebook(*cells.values())
    client = NotebookClient(
        made,
        allow_errors=True,
        coalesce_streams=True,  # where a kernel's messages break what is printed is a matter of time
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return {
        name: [shown(output) for output in cell.outputs] for name, cell in zip(cells, made.cells, strict=True)
    }


@pytest.fixture(scope="module")
def environment():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "2")
        patch.delenv("PYTEST_CURRENT_TEST", raising=False)
        for name in ("MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            patch.delenv(name, raising=False)
        yield patch


@pytest.fixture(scope="module")
def preloaded(environment):
    """Warm kernels for all tests of this file; their process loads while the cold notebook runs."""
    with own_factory(), warm_kernels():
        yield


@pytest.fixture(scope="module")
def outputs(preloaded, environment, tmp_path_factory):
    """The notebook's outputs from a cold kernel and from two warm ones."""
    folder = tmp_path_factory.mktemp("work")
    with own_factory(), pytest.MonkeyPatch.context() as patch:
        patch.delenv("JUPYTER_DEFAULT_PROVISIONER_NAME")
        cold = executed(folder)
    return cold, executed(folder), executed(folder)


@pytest.fixture
def kernel(preloaded, environment, monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.mark.notebook
class TestAWarmKernel:
    @pytest.mark.parametrize("name", PARITY)
    def test_shows_what_a_cold_one_shows(self, outputs, name):
        cold, one, two = (found[name] for found in outputs)
        assert one == cold
        assert two == cold

    def test_draws_figures(self, outputs):
        for name in ("seaborn", "matplotlib"):
            assert any("image/png" in types for _, types, _ in outputs[1][name])
        assert "application/vnd.plotly.v1+json" in outputs[1]["plotly"][0][1]

    @pytest.mark.parametrize("name", UNSEEDED)
    def test_has_random_numbers_of_its_own(self, outputs, name):
        numbers = [float(found[name][0][2][0]) for found in outputs]
        assert len(set(numbers)) == 3

    def test_is_forked_and_not_started(self, kernel):
        manager, _ = kernel
        assert isinstance(manager.provisioner.process, warm.ForkedKernel)
        assert psutil.Process(manager.provisioner.pid).cpu_times().user < 3

    def test_leaves_shared_memory_out_of_its_search_for_garbage(self, kernel):
        _, client = kernel
        expressions = {"frozen": "__import__('gc').get_freeze_count()"}
        client.execute("", user_expressions=expressions)
        told = client.get_shell_msg(timeout=20)["content"]["user_expressions"]["frozen"]
        assert int(told["data"]["text/plain"]) > 100_000

    def test_is_interrupted_alone(self, kernel):
        manager, client = kernel
        watcher = psutil.Process(manager.provisioner.pid).parent()
        asked = client.execute(
            "import time\nprint('on')\nwhile True:\n    time.sleep(0.05)", stop_on_error=False
        )
        while client.get_iopub_msg(timeout=20)["msg_type"] != "stream":
            pass
        manager.interrupt_kernel()
        reply = client.get_shell_msg(timeout=20)
        assert reply["parent_header"]["msg_id"] == asked
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        client.execute("1")
        assert client.get_shell_msg(timeout=20)["content"]["status"] == "ok"
        assert watcher.is_running()

    @pytest.mark.parametrize(("end", "status"), [("os._exit(7)", 7), ("os.kill(os.getpid(), 9)", -9)])
    def test_tells_how_it_ended(self, kernel, end, status):
        manager, client = kernel
        assert asyncio.run(manager.provisioner.poll()) is None
        client.execute(f"import os\n{end}")
        assert asyncio.run(asyncio.wait_for(manager.provisioner.wait(), 20)) == status

    def test_has_ended_when_it_was_killed(self, kernel):
        manager, _ = kernel

        async def killed():
            await manager.provisioner.kill()
            return await manager.provisioner.poll()

        assert asyncio.run(killed()) == -9

    def test_has_a_debugger(self, kernel):
        """It is loaded before the fork."""
        _, client = kernel
        request = {"type": "request", "seq": 1, "command": "initialize", "arguments": {"adapterID": ""}}
        client.control_channel.send(client.session.msg("debug_request", request))
        told = client.get_control_msg(timeout=30)["content"]
        assert told["success"], told
        assert told["body"]["supportsSetVariable"]

    def test_shuts_down_when_asked_in_a_message(self, kernel, tmp_path):
        manager, client = kernel
        told = tmp_path / "told"
        client.execute(f"import atexit, pathlib\natexit.register(pathlib.Path({str(told)!r}).touch)")
        client.get_shell_msg(timeout=20)
        process = manager.provisioner.process
        manager.shutdown_kernel()
        assert process.returncode == 0
        assert told.exists()


@pytest.fixture
def light(tmp_path, monkeypatch):
    """A folder of modules that come before the installed ones: here, extras that are not installed."""
    folder = tmp_path / "modules"
    folder.mkdir()
    for name in ("torchvision", "transformers", "timm", "seaborn", "plotly"):
        (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError(name={name!r})")
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    return folder


def command(*arguments):
    return [sys.executable, "-c", "from mmrepro.cli import main; main()", "run", SLUG, "--warm", *arguments]


@pytest.mark.fault("the command is killed while warm kernels work", "no process and no socket of it is left")
@pytest.mark.notebook
def test_nothing_is_left_when_the_command_is_killed(checkout, light, tmp_path, monkeypatch):
    monkeypatch.delenv("MMREPRO_WARM_SOCKET", raising=False)  # that of the other tests
    started = tmp_path / "started"
    checkout.write(
        "import os, pathlib, subprocess, sys, time\nsubprocess.Popen(['sleep', '600'])",
        f"pathlib.Path({str(started)!r}).write_text('torch' if 'torch' in sys.modules else 'cold')\n"
        "time.sleep(600)",
        opens=False,
    )
    killed = psutil.Popen(command())
    try:
        end = time.monotonic() + 60
        while not (started.exists() and started.read_text()) and time.monotonic() < end:
            time.sleep(0.1)
        assert started.read_text() == "torch"
        all_of_it = killed.children(recursive=True)
        names = [" ".join(process.cmdline()) for process in all_of_it]
        assert sum("preload.py" in name for name in names) == 3  # the process, the watcher and the kernel
        assert "sleep 600" in names
        sockets = {process.environ().get("MMREPRO_WARM_SOCKET") for process in all_of_it} - {None}
        (folder,) = {Path(socket).parent for socket in sockets}
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        killed.kill()
    killed.wait()
    _, alive = psutil.wait_procs(all_of_it, timeout=15)
    assert not alive
    assert not folder.exists()


@pytest.mark.notebook
def test_a_chapter_runs_cold_and_says_why_when_preloading_fails(checkout, light):
    (light / "torch.py").write_text("raise RuntimeError('the wheel is broken')")
    checkout.write("import sys\nassert 'ipykernel' in sys.modules", opens=False, concludes=False)
    done = subprocess.run(command(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ran through but wrote no record" in done.stderr
    told = "This kernel starts cold: importing torch failed: RuntimeError: the wheel is broken."
    assert done.stderr.count(told) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("cmd", "kwargs", "told"),
    [
        (["/usr/bin/R", "-f", "x"], {}, "it is not the ipykernel of this interpreter"),
        ([sys.executable, "-m", "ipykernel_launcher"], {"stdout": 3}, "it was asked for with stdout"),
    ],
)
def test_what_no_fork_can_serve_starts_cold(cmd, kwargs, told):
    with pytest.raises(NoWarmKernelError, match=told):
        warm._fork(cmd, kwargs)


def test_the_provisioner_is_registered_with_jupyter():
    from importlib.metadata import entry_points

    (found,) = entry_points(group="jupyter_client.kernel_provisioners", name=PROVISIONER)
    assert found.load() is warm.WarmProvisioner
