from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from mmrepro.data.errors import DataUnavailableError
from mmrepro.data.store import fetch
from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo import frozen
from mmrepro.papers.hmg_emo.frozen import FrozenEncoders
from mmrepro.papers.hmg_emo.iesn import load_iesn
from mmrepro.papers.hmg_emo.runs import SYSTEMS, predict, train
from mmrepro.papers.hmg_emo.split import split_edges

CPU = torch.device("cpu")
TABLES = {
    "edges.csv": "user,image,emotion\nann,p1,awe\nben,p1,fear\nann,p2,sadness\ncat,p2,awe\ncat,p3,anger\n"
    "ben,p3,awe\nann,p1,fear\n",
    "users.csv": "user,group\nann,birds\nann,trains\nben,birds\ncat,\n",
    "links.csv": "user,friend\nann,ben\nben,ann\n",
    "texts.csv": "image,text\np1,a storm over the bay\np2,\np3,my street\n",
}


class Words:
    """A tokenizer of single letters, and a network that gives each its number."""

    called = 0

    def __call__(self, texts, **_):
        Words.called += 1
        longest = max(1, *map(len, texts))
        ids = torch.tensor([[ord(letter) % 7 for letter in text.ljust(longest)] for text in texts])
        seen = torch.tensor([[place < max(1, len(text)) for place in range(longest)] for text in texts])
        return {"input_ids": ids, "attention_mask": seen.long()}


class Letters(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(7, 6)

    def forward(self, input_ids, attention_mask):
        return SimpleNamespace(last_hidden_state=self.table(input_ids))


def encoders(identity="test"):
    torch.manual_seed(0)
    pool = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Conv2d(3, 4, 1), torch.nn.Flatten())
    return FrozenEncoders(lambda: pool, lambda: (Words(), Letters()), identity, CPU)


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A folder in the layout that the manifest describes, found through MMREPRO_IESN."""
    folder = tmp_path / "iesn"
    (folder / "images").mkdir(parents=True)
    for name, content in TABLES.items():
        (folder / name).write_text(content)
    for number, colour in enumerate(("red", "green", "blue"), start=1):
        Image.new("RGB", (32, 24), colour).save(folder / "images" / f"p{number}.jpg")
    monkeypatch.setenv("MMREPRO_IESN", str(folder / "edges.csv"))
    return fetch("hmg-emo", "iesn")


def test_the_layout_of_the_manifest_becomes_a_corpus(source):
    corpus = load_iesn(source, encoders())
    assert source.tier == "paper"
    assert (len(corpus.users), corpus.item_count, corpus.edges.shape[1]) == (3, 3, 7)
    assert corpus.labels[1].nonzero().item() == corpus.emotions.index("fear")
    assert corpus.pair[0] == corpus.pair[6]
    assert corpus.present[:, 1].tolist() == [True, False, True]
    assert corpus.links["user", "befriends", "user"].tolist() == [[0, 1], [1, 0]]
    assert corpus.links["group", "of", "user"].tolist() == [[0, 1, 0], [0, 0, 1]]
    assert corpus.users[:, 1].tolist() == pytest.approx([np.log(2), np.log(2), 0])
    assert {name: tuple(each.shape) for name, each in corpus.items.items()} == {
        "image": (3, 16), "text": (3, 6), "hand-crafted": (3, 18),
    }  # fmt: skip


@pytest.mark.parametrize("sampler", ["none", "capped"])
def test_the_same_network_trains_on_it(source, settings, sampler):
    corpus = load_iesn(source, encoders())
    plan = settings.model_copy(update={"sampler": sampler, "batch_edges": 2, "fanout": 2, "layers": 2})
    split = split_edges(corpus, "pairs", 0.2, 0.3, 0)
    for system in (SYSTEMS[2], SYSTEMS[-1]):
        model, history = train(system, split, plan, 0)
        assert np.isfinite(history["loss"]).all()
        found = predict(model, split, split.test, plan)
        assert found.shape == (len(split.rows(split.test)), 8) and ((found > 0) & (found < 1)).all()


def test_features_are_computed_once_and_read_from_disk_after(source):
    Words.called = 0
    first = load_iesn(source, encoders())
    assert Words.called == 1
    again = load_iesn(source, FrozenEncoders(lambda: 1 / 0, lambda: 1 / 0, "test", CPU))
    assert all(torch.equal(first.items[name], again.items[name]) for name in first.items)
    with pytest.raises(ZeroDivisionError):
        load_iesn(source, FrozenEncoders(lambda: 1 / 0, lambda: 1 / 0, "other weights", CPU))


def test_colours_are_described_by_hand(source):
    red, green, blue = load_iesn(source, encoders()).items["hand-crafted"].float()
    # Hue of red, green and blue: 0, 1/3, 2/3; each in its own twelfth of the circle.
    assert green[0] == pytest.approx(1 / 3, abs=0.02) and blue[0] == pytest.approx(2 / 3, abs=0.02)
    assert [each[6:].argmax().item() // 4 for each in (red, green, blue)] == [0, 1, 2] or red[
        6:
    ].argmax() == 0
    assert red[6:].sum() == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("edges.csv", "user,image,emotion\nzoe,p1,awe\n", "line 2: the user 'zoe' is in no row of users.csv"),
        ("edges.csv", "user,image,emotion\nann,p9,awe\n", "the image 'p9' is in no row of texts.csv"),
        ("edges.csv", "user,image,emotion\nann,p1,joy\n", "the emotion 'joy'; it must be one of amusement"),
        ("edges.csv", "user,image\nann,p1\n", "lacks the column 'emotion'"),
        ("links.csv", "user,friend\nann,zoe\n", "links.csv, line 2: the user 'zoe'"),
        ("texts.csv", TABLES["texts.csv"] + "p4,none\n", r"1 of 4 images are missing, .*p4.jpg first. IESN"),
    ],
)  # fmt: skip
def test_a_bad_table_is_told_in_a_sentence(source, name, content, sentence):
    (source.folder / name).write_text(content)
    with pytest.raises(MMReproError, match=sentence) as caught:
        load_iesn(source, encoders())
    assert "\n" not in str(caught.value)


def test_a_missing_table_says_how_to_ask_for_the_data(source):
    (source.folder / "users.csv").unlink()
    with pytest.raises(
        MMReproError, match=r"holds no users.csv. IESN is sent on request: write to Sicheng Zhao"
    ):
        load_iesn(source, encoders())


def test_without_the_folder_the_sentence_says_how_to_ask():
    with pytest.raises(DataUnavailableError, match=r"set MMREPRO_IESN .*send on request .*by e-mail"):
        fetch("hmg-emo", "iesn")


def test_users_without_groups_have_no_group_links(source):
    (source.folder / "users.csv").write_text("user,group\nann,\nben,\ncat,\n")
    assert list(load_iesn(source, encoders()).links) == [("user", "befriends", "user")]


def test_an_image_that_does_not_open_is_named(source):
    (source.folder / "images" / "p2.jpg").write_bytes(b"no picture")
    with pytest.raises(MMReproError, match=r"p2.jpg is not a readable image"):
        load_iesn(source, encoders())
    assert not list((source.folder / "images").glob("*.part"))


def test_there_must_be_something_to_encode():
    with pytest.raises(MMReproError, match="nothing to encode"):
        frozen.kept("nothing", [], lambda: iter(()))


def test_features_of_an_interrupted_run_are_not_taken(tmp_path):
    def broken():
        yield np.ones((1, 2), np.float16)
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        frozen.kept("x", ["a", "b"], broken)
    whole = frozen.kept("x", ["a", "b"], lambda: iter([np.ones((2, 2), np.float16)]))
    assert whole.tolist() == [[1, 1], [1, 1]]


def test_tables_are_read_as_text(source):
    (source.folder / "users.csv").write_text("user,group\n007,NA\n")
    (source.folder / "links.csv").write_text("user,friend\n")
    (source.folder / "edges.csv").write_text("user,image,emotion\n007,p1,awe\n")
    corpus = load_iesn(source, encoders())
    assert corpus.user_names == ("007",)
    assert corpus.links["group", "of", "user"].tolist() == [[0], [0]]
    assert pd.read_csv(source.folder / "users.csv")["group"].isna().all()  # what plain pandas makes of NA
