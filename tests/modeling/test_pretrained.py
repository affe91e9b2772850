import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel

from mmrepro.errors import MMReproError
from mmrepro.modeling.pretrained import from_folder, text_encoder


@pytest.fixture
def folder(tmp_path):
    size = {"vocab_size": 11, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1}
    BertModel(BertConfig(**size, intermediate_size=4)).save_pretrained(tmp_path)
    return tmp_path


def test_a_model_is_loaded_as_it_was_saved(folder):
    kept = load_file(folder / "model.safetensors")
    found = from_folder(AutoModel, folder).state_dict()
    assert len(kept) > 10
    for name, value in kept.items():
        assert torch.equal(found[name], value), name


def cut(path):
    path.write_bytes(path.read_bytes()[:200])


def other_shapes(path):
    size = {"vocab_size": 11, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    BertConfig(**size, intermediate_size=4).save_pretrained(path.parent)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("model.safetensors", cut),
        ("model.safetensors", lambda path: path.unlink()),
        ("model.safetensors", lambda path: path.write_bytes(b"")),
        ("model.safetensors", other_shapes),
        ("config.json", lambda path: path.write_text("{")),
        ("config.json", lambda path: path.write_text("[]")),
        ("config.json", lambda path: path.write_text('{"model_type": "no such"}')),
        ("config.json", lambda path: path.unlink()),
    ],
)
def test_a_spoilt_model_is_told_in_a_sentence(folder, name, spoil):
    spoil(folder / name)
    with pytest.raises(MMReproError, match=r"holds no transformer for AutoModel \(.+\); fetch it again\."):
        from_folder(AutoModel, folder)


def test_a_tokenizer_without_words_is_refused(folder):
    with pytest.raises(MMReproError, match=r"for AutoTokenizer \(there is no tokenizer.json or vocab.txt\)"):
        from_folder(AutoTokenizer, folder)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "word"]
    (folder / "vocab.txt").write_text("\n".join(words))
    assert from_folder(AutoTokenizer, folder).tokenize("word") == ["word"]


def test_a_tokenizer_and_its_model_come_from_one_folder(folder):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d", "e", "f"]
    (folder / "vocab.txt").write_text("\n".join(words))
    tokenizer, model = text_encoder(folder)
    ids = tokenizer("b a", return_tensors="pt")
    assert ids["input_ids"].tolist() == [[2, 6, 5, 3]]
    assert model(**ids).last_hidden_state.shape == (1, 4, 4)


def test_an_empty_folder_has_no_encoder(tmp_path):
    with pytest.raises(MMReproError, match="holds no transformer"):
        text_encoder(tmp_path)
