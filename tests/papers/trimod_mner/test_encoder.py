import json

import numpy as np
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.papers.trimod_mner import encoder as module
from mmrepro.papers.trimod_mner.encoder import FineTuned, FrozenStates, FrozenTable, TrainedWords
from mmrepro.papers.trimod_mner.model import TaggerConfig, TriModTagger
from mmrepro.papers.trimod_mner.workbench import make_encoder, make_parts

SENTENCES = [["Ada", "plays"], [], ["Mock", "City", "plays"]]


@pytest.fixture
def folder(tmp_path):
    """Write a BERT of two tiny layers with random weights, in the layout of the real one."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ada", "play", "##s", "mock", "city", "a"]
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
    )
    BertModel(config).save_pretrained(tmp_path / "bert")
    (tmp_path / "bert/vocab.txt").write_text("\n".join(pieces))
    told = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (tmp_path / "bert/tokenizer_config.json").write_text(json.dumps(told))
    return tmp_path / "bert"


def test_trained_words_have_stable_numbers_and_zero_padding():
    words = TrainedWords(dim=5)
    first, empty, last = words.refer(SENTENCES)
    assert len(empty) == 0
    assert first[1] == last[2]
    assert (words(torch.zeros(1, 1, dtype=torch.long)) == 0).all()
    assert words.fresh() is not words


def test_a_frozen_table_returns_what_was_put_in():
    table = FrozenTable(2)
    rows = table.append([np.ones((2, 2)), np.zeros((0, 2)), np.full((1, 2), 3.0)])
    assert [row.tolist() for row in rows] == [[1, 2], [], [3]]
    assert table(rows[2]).tolist() == [[3, 3]]
    assert "table" not in table.state_dict()
    assert table.fresh() is table


def test_frozen_states_are_those_of_the_first_pieces(folder):
    from transformers import AutoModel, AutoTokenizer

    states = FrozenStates(folder, "x", layers=2, threads=1)
    rows = states.refer(SENTENCES)
    assert [len(row) for row in rows] == [2, 0, 3]
    batch = AutoTokenizer.from_pretrained(folder)("ada plays", return_tensors="pt")
    hidden = AutoModel.from_pretrained(folder).eval()(**batch).last_hidden_state[0]
    assert torch.allclose(states(rows[0]), hidden[[1, 2]], atol=2e-3)
    assert not list(states.parameters())


def test_states_are_taken_from_disk_the_second_time_and_layers_matter(folder, monkeypatch):
    states = FrozenStates(folder, "x", layers=2, threads=1)
    first = states(states.refer(SENTENCES)[2])
    monkeypatch.setattr(FrozenStates, "_encode", lambda *_: pytest.fail("encoded again"))
    again = FrozenStates(folder, "x", layers=2, threads=1)
    assert torch.equal(again(again.refer(SENTENCES)[2]), first)
    monkeypatch.undo()
    monkeypatch.setenv("MMREPRO_DATA", str(module.cache_folder()))
    shallow = FrozenStates(folder, "x", layers=1, threads=1)
    assert not torch.equal(shallow(shallow.refer(SENTENCES)[2]), first)


def test_a_fine_tuned_encoder_gives_the_same_states_and_learns(folder):
    frozen, tuned = FrozenStates(folder, "y", layers=2, threads=1), FineTuned(folder).eval()
    rows = tuned.refer(SENTENCES)
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    ours = tuned(ids)
    assert ours.shape == (3, 3, 8)
    for line, row in enumerate(frozen.refer(SENTENCES)):
        assert torch.allclose(ours[line, : len(row)], frozen(row), atol=2e-3)
    copy = tuned.fresh()
    copy(ids).sum().backward()
    assert any(weight.grad is not None for weight in copy.parameters())
    assert all(weight.grad is None for weight in tuned.parameters())


def test_a_tagger_trains_on_either(folder, splits, settings, sample):
    for words in (FrozenStates(folder, "z", 2, 1), FineTuned(folder)):
        parts, _ = make_parts(splits, settings, sample, words)
        tagger = TriModTagger(words, ("hashtag", "image"), TaggerConfig(16, 2))
        tagger(parts["train"].tensors().__getitems__([0, 1, 2])).backward()
        assert tagger.emit.weight.grad.abs().sum() > 0


def test_bad_input_ends_in_a_sentence(folder, tmp_path):
    with pytest.raises(MMReproError, match="holds no transformer"):
        FineTuned(tmp_path / "nothing")
    with pytest.raises(MMReproError, match="more than the 512"):
        FineTuned(folder).refer([["a"] * 600])


def test_without_weights_one_sentence_says_what_to_do(settings, monkeypatch):
    from mmrepro.data.store import fetch

    monkeypatch.setenv("MMREPRO_OFFLINE", "1")
    for name, advice in (("minilm", "connect|unset MMREPRO_OFFLINE"), ("bert", "MMREPRO_BERT")):
        wanted = settings.model_copy(update={"encoder": name})
        with pytest.raises(MMReproError, match=advice):
            make_encoder(wanted, lambda name: fetch("trimod-mner", name))
