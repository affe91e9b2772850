import sys
from types import SimpleNamespace

import pytest

from mmrepro.execution import gpu


class NVMLError(Exception):
    pass


@pytest.fixture
def machine(monkeypatch):
    """Two GPUs as torch and NVML see them; the tests run where there is none."""
    machine = SimpleNamespace(used={"GPU-a": 1500, "GPU-b": 500, "GPU-hidden": 10_000}, peak=3 * 2**20)
    devices = [SimpleNamespace(uuid="a"), SimpleNamespace(uuid="b")]
    cuda = SimpleNamespace(
        is_available=lambda: True,
        is_initialized=lambda: True,
        device_count=lambda: 2,
        get_device_properties=devices.__getitem__,
        max_memory_allocated=lambda: machine.peak,
        reset_peak_memory_stats=lambda: setattr(machine, "peak", 0),
    )

    def handle(uuid):
        if uuid not in machine.used:
            raise NVMLError
        return uuid

    nvml = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=handle,
        nvmlDeviceGetTotalEnergyConsumption=lambda uuid: machine.used[uuid],
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    machine.cuda = cuda
    return machine


def test_the_energy_is_that_of_the_visible_gpus_in_joules(machine):
    assert gpu.energy_j() == 2.0


def test_energy_without_a_counter_is_not_measured(machine):
    del machine.used["GPU-b"]
    assert gpu.energy_j() is None


def test_energy_without_bindings_is_not_measured(machine, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert gpu.energy_j() is None


def test_the_peak_is_since_it_was_last_asked_for(machine):
    assert gpu.peak_mb() == 3.0
    assert gpu.peak_mb() == 0.0


def test_without_cuda_nothing_is_measured(machine):
    machine.cuda.is_available = lambda: False
    assert (gpu.peak_mb(), gpu.energy_j()) == (None, None)


def test_torch_is_not_loaded_for_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert (gpu.peak_mb(), gpu.energy_j()) == (None, None)
    assert "torch" not in sys.modules
