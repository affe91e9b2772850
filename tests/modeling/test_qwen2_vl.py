import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from mmrepro.errors import MMReproError
from mmrepro.modeling.qwen2_vl import load_qwen2_vl

from .tiny_qwen2_vl import save_tiny


@pytest.fixture
def folder(tmp_path):
    return save_tiny(tmp_path).parent


def test_weights_and_processor_are_those_of_the_folder(folder):
    model, processor = load_qwen2_vl(folder, "cpu")
    held = load_file(folder / "model.safetensors")
    own = model.state_dict()
    assert not model.training and model.dtype == torch.float32
    assert any(torch.equal(tensor.float(), each) for tensor in held.values() for each in own.values())
    assert processor.tokenizer.vocab_size > 0


def drop(folder):
    held = load_file(folder / "model.safetensors")
    name = next(name for name in held if name.endswith("q_proj.weight"))
    save_file({key: tensor for key, tensor in held.items() if key != name}, folder / "model.safetensors")


def cut(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def other_sizes(folder):
    path = folder / "config.json"
    content = json.loads(path.read_text())
    (content.get("text_config") or content)["intermediate_size"] += 8
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (drop, r"the weights lack 1 tensors, .*q_proj.weight first"),
        (cut, r"holds no whole model"),
        (other_sizes, r"holds no whole model"),
        (lambda folder: (folder / "model.safetensors").unlink(), r"holds no whole model"),
        (lambda folder: (folder / "config.json").write_text("{"), r"holds no whole model"),
        (lambda folder: (folder / "processor_config.json").unlink(), r"holds no whole model"),
        (lambda folder: (folder / "tokenizer.json").write_text("<html>"), r"holds no whole model"),
    ],
    ids=["tensor", "cut", "sizes", "weights", "configuration", "processor", "tokenizer"],
)
@pytest.mark.hostile("weights or processor of a language model are spoilt", "the run stops with a sentence")
def test_a_folder_that_is_not_whole_is_refused_in_a_sentence(folder, harm, sentence):
    harm(folder)
    with pytest.raises(MMReproError, match=sentence) as caught:
        load_qwen2_vl(folder, "cpu")
    assert "\n" not in str(caught.value)
