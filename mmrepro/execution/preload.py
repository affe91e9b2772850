"""The preloaded process: it has imported what chapters import, and forks a kernel at each request.

`mmrepro.execution.preloader` starts this file as a script, and `mmrepro.execution.warm` asks it over a Unix
socket. A script of its own holds nothing of mmrepro, so that every kernel reads edited sources anew; and it
has one thread, which is what makes a fork safe.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import runpy
import select
import shutil
import signal
import socket
import socketserver
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# The kernel comes first: tqdm chooses its bars by whether ipykernel is there. `ipykernel.kernelapp` does not
# come at all: it reads who its parent is when it is imported. Nor does anything that asks for the running
# IPython when it is imported, as plotly's renderers do.
MODULES = (
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.shellapp",
    "IPython.extensions.storemagic",
    "sqlite3",
    "torch",
    "torchvision.ops",
    "pandas",
    "scipy.stats",
    "sklearn.linear_model",
    "sklearn.metrics",
    "seaborn",
    "plotly.express",
    "plotly.graph_objs._layout",
    "transformers.models.clip.modeling_clip",
    "timm",
    "accelerate",
    "pydantic.fields",
    "pydantic.types",
)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# What a step of a training loop frees, the next one takes again. glibc would give it back to the system in
# between, which costs a convolutional network on a CPU much of its time, until one block of 32 MiB was freed:
# these are the limits that it then sets itself.
MEMORY_VARIABLES = {"MALLOC_MMAP_THRESHOLD_": str(32 * 2**20), "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20)}
# Of the preloaded process alone. Threads would be lost in a fork: each kernel sets its own number, and the
# second one of Arrow only tidies memory. The debugger would warn of frozen modules in the user's terminal.
_WHILE_LOADING = dict.fromkeys(THREAD_VARIABLES, "1") | {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
# A kernel may be asked for with other values of these: no preloaded library reads them when it is imported,
# and limits of memory, which stay those of the preloaded process, change no result.
_FREE_PREFIXES = ("MMREPRO_", "JPY_")
_FREE = {*THREAD_VARIABLES, *MEMORY_VARIABLES, "JUPYTER_DEFAULT_PROVISIONER_NAME"}


def preload() -> str | None:
    """Import `MODULES` as a kernel would, and return why no kernel may be forked from here, if so."""
    # A kernel sets the backend before pyplot is imported; without it every figure would be lost.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    os.environ.update(_WHILE_LOADING)
    gc.disable()  # what is imported stays; looking through it for garbage takes time
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:  # an extra that is not installed
            if error.name != name.partition(".")[0]:
                return f"importing {name} failed: {error}"
        except Exception as error:  # noqa: BLE001 - a module may raise anything when it is imported
            return f"importing {name} failed: {type(error).__name__}: {error}"
    if "ipywidgets" in sys.modules:  # imported outside a kernel, it has not told the kernel of its messages
        sys.modules["ipywidgets"].register_comm_target()
    try:
        _use_once()
    except ModuleNotFoundError:  # an extra that is not installed
        pass
    except Exception as error:  # noqa: BLE001 - as above; a kernel that starts cold will show where
        return f"the first use of what it loaded failed: {type(error).__name__}: {error}"
    gc.freeze()  # no kernel looks through it either, which would copy the memory it shares
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        return f"the preloaded process has {threads} threads, and only one survives a fork"
    return "the preloaded process uses CUDA, which no fork survives" if _uses_cuda() else None


def _use_once() -> None:
    """Have libraries read what they read when they are first used: plug-ins, properties, fonts."""
    from matplotlib.figure import Figure
    from plotly.graph_objects import layout
    from pydantic import create_model

    create_model("Used", name=str)
    layout.Template(layout={"font": {"size": 13}, "xaxis": {"ticks": "outside"}})
    figure = Figure()
    figure.subplots().plot([0, 1])
    figure.savefig(io.BytesIO(), format="png")


def _uses_cuda() -> bool:
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(descriptor.readlink()).startswith("/dev/nvidia"):
                return True
    return False


def difference(asked: Mapping[str, str], given: Mapping[str, str]) -> str | None:
    """Say why a kernel of the environment `asked` cannot come from a process of the environment `given`."""

    def fixed(env: Mapping[str, str]) -> set[tuple[str, str]]:
        return {
            item for item in env.items() if item[0] not in _FREE and not item[0].startswith(_FREE_PREFIXES)
        }

    names = sorted({name for name, _ in fixed(asked) ^ fixed(given)})
    if names:
        return f"its environment differs from the preloaded one in {', '.join(names)}"
    if thread_count(asked) is None:
        return f"its environment gives no one number of threads: set {THREAD_VARIABLES[0]}"
    return None


def thread_count(env: Mapping[str, str]) -> int | None:
    """Return the number of threads that `env` asks for; None when it gives none, or several."""
    given = {env[name] for name in THREAD_VARIABLES if name in env}
    text = given.pop() if len(given) == 1 and THREAD_VARIABLES[0] in env else ""
    return int(text) if text.isdecimal() and int(text) > 0 else None


class _Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    """Answers each request in a process of its own, which stays for as long as the kernel it forked."""

    max_children = sys.maxsize  # the default makes the 41st kernel wait for the end of another

    def __init__(self, listener: socket.socket, parent: int, path: list[str]) -> None:
        super().__init__("", _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.parent, self.path = parent, path
        self.environment = dict(os.environ)
        self.problem = preload()
        # What libraries put there when they were imported, as sklearn does for OpenMP.
        added = os.environ.keys() - self.environment.keys() - _WHILE_LOADING.keys()
        self.added = {name: os.environ[name] for name in added}

    def service_actions(self) -> None:
        """End with the command that started this process, however it ended, and leave no folder."""
        super().service_actions()
        if os.getppid() != self.parent:
            shutil.rmtree(Path(self.socket.getsockname()).parent, ignore_errors=True)
            raise SystemExit

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse, without a fork, where nothing may be forked."""
        if self.problem:
            with contextlib.suppress(OSError):  # the one who asked may have gone
                request.sendall(json.dumps({"problem": self.problem}).encode() + b"\n")
        return not self.problem


class _Handler(socketserver.StreamRequestHandler):
    """Forks a kernel, tells its exit status, and ends it when the one who asked has gone."""

    server: _Server

    def handle(self) -> None:
        """Answer one request, at most once with a kernel."""
        asked = json.loads(self.rfile.readline())
        problem = difference(asked["env"], self.server.environment)
        if problem:
            self._tell({"problem": problem})
            return
        pid = os.fork()
        if pid == 0:
            self._become_kernel(asked)
        self._attend(pid)

    def _tell(self, answer: object) -> None:
        with contextlib.suppress(OSError):  # the one who asked may have gone
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    def _attend(self, pid: int) -> None:
        kernel = os.pidfd_open(pid)
        ended, _, _ = select.select([self.connection, kernel], [], [])
        if kernel not in ended:
            for kill in (os.killpg, os.kill):  # it may not have come to have a group
                with contextlib.suppress(ProcessLookupError):
                    kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        self._tell({"exit": os.waitstatus_to_exitcode(status)})

    def _become_kernel(self, asked: dict[str, Any]) -> None:
        """Turn this process into what ``python -m ipykernel_launcher`` would have made; never return."""
        code = 1
        try:
            os.setsid()  # as jupyter_client starts kernels: an interrupt goes to the kernel's group alone
            os.chdir(asked["cwd"])
            os.environ.clear()
            os.environ.update(self.server.added | asked["env"], JPY_PARENT_PID=str(os.getppid()))
            sys.path[:] = [str(Path.cwd()), *self.server.path]
            sys.argv[1:] = asked["arguments"]
            importlib.invalidate_caches()
            _limit_threads(asked["env"])
            _draw_seeds()
            gc.enable()
            self._tell({"pid": os.getpid()})
            self.connection.close()
            self.server.socket.close()
            runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)
            code = 0
        except SystemExit as done:
            code = done.code if isinstance(done.code, int) else int(done.code is not None)
        except BaseException:  # noqa: BLE001 - told here, since nothing above it may run in this process
            traceback.print_exc()
        finally:
            atexit._run_exitfuncs()
            sys.stdout.flush()
            os._exit(code)


def _limit_threads(env: Mapping[str, str]) -> None:
    """Set what the libraries would have read from the environment when they were imported."""
    import torch
    from threadpoolctl import threadpool_limits

    count = thread_count(env)
    threadpool_limits(count)
    torch.set_num_threads(count or 1)


def _draw_seeds() -> None:
    """Give this process random numbers of its own; Python's `random` does so itself after a fork."""
    import numpy as np
    import torch

    np.random.seed()
    torch.default_generator.seed()  # not torch.seed(): on CUDA a new process starts from a fixed seed


def main() -> None:
    """Serve kernels on the socket and for the process that the command line names."""
    listener, parent = int(sys.argv[1]), int(sys.argv[2])
    folder = str(Path(__file__).parent)
    path = [entry for entry in sys.path if entry != folder]
    sys.path[:] = path
    with _Server(socket.socket(fileno=listener), parent, path.copy()) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
