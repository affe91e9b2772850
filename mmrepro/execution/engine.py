"""The papermill engine of the book: checked parameters, measured cells, a time budget."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import psutil
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from traitlets.config import Config

from mmrepro.errors import MMReproError
from mmrepro.execution.device import device_class
from mmrepro.execution.measure import cpu_seconds, peak_memory_mb, reset_peak_memory
from mmrepro.execution.parameter import settings_from
from mmrepro.papers.settings import SettingsError

_STARTUP_S = 120
# Asked of the kernel after each cell; loads nothing that the cell did not load.
_GPU_PEAK = (
    "(lambda t: [t.cuda.max_memory_allocated(), t.cuda.reset_peak_memory_stats()][0]"
    " if t and t.cuda.is_initialized() else None)(__import__('sys').modules.get('torch'))"
)


class ParametersError(SettingsError, click.ClickException):
    """Refused settings, in a form that papermill's own command line prints as one sentence."""


class MeasuringClient(PapermillNotebookClient):
    """Runs cells and notes for each what it took, in ``cell.metadata.mmrepro``."""

    def execute_cell(self, cell: Any, cell_index: int, **options: Any) -> Any:
        """Run one cell and note wall and CPU seconds, peak memory and peak GPU memory."""
        if cell.cell_type != "code":
            return super().execute_cell(cell, cell_index, **options)
        kernel = psutil.Process(self.km.provisioner.pid)
        reset_peak_memory(kernel)
        wall, cpu = time.perf_counter(), cpu_seconds(kernel)
        try:
            done = super().execute_cell(cell, cell_index, **options)
        finally:
            cell.metadata["mmrepro"] = {
                "wall_s": round(time.perf_counter() - wall, 3),
                "cpu_s": round(cpu_seconds(kernel) - cpu, 2),
                "peak_mb": round(peak_memory_mb(kernel), 1),
            }
        cell.metadata["mmrepro"]["gpu_mb"] = self._gpu_peak_mb()
        return done

    def _gpu_peak_mb(self) -> float | None:
        """Ask the kernel for the peak since it was last asked; None where CUDA is not in use."""
        if device_class("auto") == "cpu":  # a question to each cell of many takes its time
            return None
        asked = self.kc.execute("", silent=True, store_history=False, user_expressions={"peak": _GPU_PEAK})
        told = self.wait_for_reply(asked)["content"].get("user_expressions", {}).get("peak", {})
        text = told.get("data", {}).get("text/plain", "None")
        return None if text == "None" else round(int(text) / 2**20, 1)


class MMReproEngine(NBClientEngine):
    """Engine ``mmrepro``, for `mmrepro run` and for ``papermill --engine mmrepro`` alike."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """Check the parameters of a chapter, then execute it.

        Raises
        ------
        ParametersError
            Before a kernel starts.
        """
        slug = nb.metadata.get("mmrepro", {}).get("slug")
        if slug is not None:
            try:
                _, settings = settings_from(slug, nb.metadata.papermill.get("parameters") or {})
            except MMReproError as error:
                raise ParametersError(str(error)) from None
            if not any("parameters" in cell.metadata.get("tags", []) for cell in nb.cells):
                raise ParametersError(
                    f"The notebook of {slug} has no cell tagged 'parameters'; tag the one it has."
                )
            options["budget_s"] = settings.time_budget_s
        for cell in nb.cells:
            if "injected-parameters" in cell.metadata.get("tags", []):
                cell.metadata["tags"] = [*cell.metadata["tags"], "remove-input"]
        return super().execute_notebook(nb, kernel_name, **options)

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, budget_s: float | None = None, **options: Any
    ) -> Any:
        """Execute with measuring; each cell may take what is left of the chapter's budget."""
        deadline = None if budget_s is None else time.monotonic() + budget_s

        def remaining(_cell: Any) -> float | None:
            return None if deadline is None else max(deadline - time.monotonic(), 0.1)

        with tempfile.TemporaryDirectory(prefix="mmrepro-", ignore_cleanup_errors=True) as folder:
            client = MeasuringClient(
                nb_man,
                kernel_name=kernel_name,
                log_output=options.get("log_output", False),
                startup_timeout=max(options.get("start_timeout") or 0, _STARTUP_S),
                timeout_func=remaining if deadline is not None else None,
                timeout=options.get("execution_timeout"),
                # Tearing torch down gracefully costs two CPU seconds a notebook and saves nothing.
                shutdown_kernel="immediate",
                config=_connection(folder),
            )
            return client.execute()


def _connection(folder: str) -> Config:
    """Configure how to talk to a kernel: over sockets in a folder of its own, where the system has them.

    Parallel kernels take each other's ports. Without a folder the sockets would lie in the working folder,
    under the same names for every kernel.
    """
    config = Config(KernelManager={"client_class": "mmrepro.execution.client.PatientKernelClient"})
    if sys.platform != "win32":
        config.KernelManager.update({"transport": "ipc", "ip": str(Path(folder) / "kernel")})
    return config
