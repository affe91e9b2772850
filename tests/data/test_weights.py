"""Weights that are cut, are pointers, lack parts or are other than their name says."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from mmrepro.data.weights import damage
from mmrepro.files import sha256_bytes


@pytest.fixture
def folder(tmp_path):
    """A folder as a hub's repository leaves it."""
    save_file({"a": np.ones((4, 3), np.float32)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text('{"model_type": "tiny"}')
    return tmp_path


def cut(path):
    path.write_bytes(path.read_bytes()[:-5])


def test_whole_weights_and_what_are_no_weights_pass(folder):
    torch.save({"a": torch.ones(3)}, folder / "new.pth")
    torch.save({"a": torch.ones(3)}, folder / "old.pth", _use_new_zipfile_serialization=False)
    (folder / "edges.csv").write_text("a,b\n")
    names = ("model.safetensors", "config.json", "new.pth", "old.pth", "edges.csv")
    assert [damage(folder / name) for name in names] == [None] * 5


@pytest.mark.parametrize("named", ["config.json", "model.safetensors"])
@pytest.mark.hostile("weights break off at their end", "the run is refused before a kernel starts")
def test_weights_that_break_off_are_told(folder, named):
    cut(folder / "model.safetensors")
    assert damage(folder / named) == (
        "has a model.safetensors that breaks off or is no safetensors file; fetch it again"
    )


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_pointer_of_git_lfs_is_told(folder, name):
    (folder / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    assert f"has a {name} that is a pointer of Git LFS" in damage(folder / name)


def test_a_zip_of_tensors_that_breaks_off_is_told(folder):
    path = folder / "pytorch_model.bin"
    torch.save({"a": torch.ones(1000)}, path)
    cut(path)
    assert damage(path) == "has a pytorch_model.bin that breaks off; fetch it again"


def test_a_file_named_after_its_hash_must_have_it(folder):
    content = b"\x80\x02weights"
    path = folder / f"vgg16-{sha256_bytes(content)[:8]}.pth"
    path.write_bytes(content)
    assert damage(path) is None
    path.write_bytes(content + b"!")
    assert f"has not the SHA-256 {sha256_bytes(content)[:8]}… of its name" in damage(path)


def test_parts_that_the_index_names_must_be_there(folder):
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}))
    assert damage(folder / "config.json") == "lacks model-2.safetensors, 1 of its 2 parts"
    save_file({"b": np.ones(2, np.float32)}, folder / "model-2.safetensors")
    assert damage(folder / "config.json") is None
    index.write_text("<html>")
    assert "lacks" in damage(folder / "config.json")


def test_a_configuration_alone_is_not_enough(folder):
    (folder / "model.safetensors").unlink()
    assert damage(folder / "config.json") == "has no weights (*.safetensors) beside it"


@pytest.mark.parametrize("content", [b"<html>", b"[1]", b'{"a":', b"\xff"])
def test_a_configuration_must_be_json(folder, content):
    (folder / "config.json").write_bytes(content)
    assert damage(folder / "config.json") == "has a config.json that is no JSON object; fetch it again"
