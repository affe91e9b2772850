import pytest

from mmrepro.execution import device


@pytest.mark.parametrize(("asked", "expected"), [("cpu", "cpu"), ("cuda", "cuda")])
def test_the_device_is_the_one_that_was_asked_for(asked, expected):
    assert device.device_class(asked) == expected


def test_a_hidden_gpu_is_none(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert device.device_class("auto") == "cpu"


@pytest.mark.parametrize("driver", ["/dev/dxg", "/dev/kfd"])
def test_elsewhere_a_drivers_file_tells_of_a_gpu(monkeypatch, driver):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(device.sys, "platform", "linux")
    monkeypatch.setattr(device.os.path, "exists", lambda path: path == driver)
    assert device.device_class("auto") == "cuda"


@pytest.mark.parametrize(("tool", "expected"), [("nvidia-smi.exe", "cuda"), (None, "cpu")])
def test_on_windows_the_drivers_tool_tells_of_a_gpu(monkeypatch, tool, expected):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(device.sys, "platform", "win32")
    monkeypatch.setattr(device.shutil, "which", lambda name: tool)
    assert device.device_class("auto") == expected
