import numpy as np
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.evidence.sentence_encoder import MeanPoolEncoder


@pytest.fixture
def folder(tmp_path):
    """Write a tiny random BERT of the class and layout of all-MiniLM-L6-v2."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "man", "dog", "runs", "sits"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(
        tmp_path
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=6, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    BertModel(config).save_pretrained(tmp_path)
    return tmp_path


def test_vectors_are_of_unit_length_and_do_not_depend_on_their_company(folder):
    encoder = MeanPoolEncoder(folder)
    together = encoder(["man runs", "dog", "man runs man runs dog"])
    assert together.shape == (3, 16)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    assert MeanPoolEncoder(folder)(["dog"])[0] == pytest.approx(together[1], abs=1e-5)


def test_it_is_the_mean_of_the_last_states(folder):
    from transformers import AutoModel

    states = AutoModel.from_pretrained(folder).eval()(torch.tensor([[2, 4]])).last_hidden_state[0]
    mean = states.mean(0) / states.mean(0).norm()
    assert MeanPoolEncoder(folder)(["man runs"])[0] == pytest.approx(mean.detach().numpy(), abs=1e-5)


def test_no_sentences_give_no_vectors(folder):
    assert MeanPoolEncoder(folder)([]).shape == (0, 16)


def test_a_folder_without_weights_is_refused(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(MMReproError, match=r"lacks model\.safetensors"):
        MeanPoolEncoder(folder)
