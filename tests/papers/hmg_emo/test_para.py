"""PARA in the layout that its own README describes, in miniature."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from mmrepro.data.store import fetch
from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo import frozen, workbench
from mmrepro.papers.hmg_emo.frozen import FrozenEncoders
from mmrepro.papers.hmg_emo.para import load_para
from mmrepro.papers.hmg_emo.runs import SYSTEMS, predict, train
from mmrepro.papers.hmg_emo.split import split_edges
from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import SettingsError, resolve_settings

CPU = torch.device("cpu")
HEAD = (
    "sessionId,imageName,userId,aestheticScore,qualityScore,compositionScore,colorScore,dofScore,contentScore,"
    "lightScore,isObjectEmphasis,imgEmotion,difficultyOfJudgment,contentPreference,willingnessToShare,semantic"
)
PEOPLE = (
    "userId,age,gender,EducationalLevel,artExperience,photographyExperience,"
    "personality-E,personality-A,personality-N,personality-O,personality-C\n"
    "A1,18-21,female,university,beginner,competent,6,7,4,8,6\n"
    "A2,30-34,male,junior_college,expert,beginner,3,7,9,5,2\n"
    "A3,18-21,male,university,proficient,proficient,9,7,1,6,10\n"
)
PHOTOGRAPHS = {"iaa_pub1_.jpg": ("session1", "plant"), "iaa_pub71_.jpg": ("session2", "animal")}
PHOTOGRAPHS |= {"iaa_pub72_.jpg": ("session2", "plant")}
FELT = [
    ("iaa_pub1_.jpg", "A2", "awe"),
    ("iaa_pub1_.jpg", "A1", "neutral"),
    ("iaa_pub71_.jpg", "A1", "amusement"),
    ("iaa_pub71_.jpg", "A3", "awe"),
    ("iaa_pub72_.jpg", "A3", "neutral"),
    ("iaa_pub72_.jpg", "A2", "awe"),
]


def row(name, user, emotion):
    session, scene = PHOTOGRAPHS[name]
    return f"{session},{name},{user},3.5,3.0,3.0,3.5,2.5,3.0,3.0,1.0,{emotion},0,3.0,4.0,{scene}"


def table(felt):
    return "\n".join([HEAD, *(row(*each) for each in felt)]) + "\n"


@pytest.fixture
def source(tmp_path, monkeypatch):
    home = tmp_path / "PARA"
    (home / "annotation").mkdir(parents=True)
    (home / "annotation" / "PARA-Images.csv").write_text(table(FELT))
    (home / "annotation" / "PARA-UserInfo.csv").write_text(PEOPLE)
    for colour, (name, (session, _)) in zip(("red", "green", "blue"), PHOTOGRAPHS.items(), strict=True):
        (home / "imgs" / session).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 24), colour).save(home / "imgs" / session / name)
    monkeypatch.setenv("MMREPRO_PARA", str(home / "annotation" / "PARA-Images.csv"))
    return fetch("hmg-emo", "para")


@pytest.fixture
def encoders():
    torch.manual_seed(0)
    pool = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Conv2d(3, 4, 1), torch.nn.Flatten())
    return FrozenEncoders(lambda: pool, None, "test", CPU)


def test_the_published_layout_becomes_a_corpus(source, encoders):
    corpus = load_para(source, encoders)
    assert source.tier == "stand-in"
    assert corpus.emotions == ("amusement", "awe", "neutral")
    assert corpus.labels.argmax(1).tolist() == [1, 2, 0, 1, 2, 1]
    assert corpus.edges.tolist() == [[1, 0, 0, 2, 2, 1], [0, 0, 1, 1, 2, 2]]
    assert corpus.user_names == ("A1", "A2", "A3")
    assert corpus.item_names == tuple(f"{session}/{name}" for name, (session, _) in PHOTOGRAPHS.items())
    assert corpus.item_groups == ("plant", "animal", "plant")
    assert corpus.items["scene"].tolist() == [[0, 1], [1, 0], [0, 1]]
    assert corpus.links["scene", "of", "item"].tolist() == [[0, 1, 0], [0, 1, 2]]
    assert corpus.links["age", "of", "user"].tolist() == [[0, 1, 0], [0, 1, 2]]
    assert tuple(corpus.items["image"].shape) == (3, 16)


def test_people_are_told_by_groups_and_standardised_traits(source, encoders):
    users = load_para(source, encoders).users.numpy()
    ones, traits = users[:, :-5], users[:, -5:]
    assert set(ones.ravel()) == {0, 1} and (ones.sum(1) == 5).all()
    np.testing.assert_allclose(traits.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(traits[:, [0, 2, 3, 4]].std(0), 1, atol=1e-6)
    assert (traits[:, 1] == 0).all()  # all three agree in this one


def test_the_network_trains_on_it(source, encoders, settings):
    corpus = load_para(source, encoders)
    split = split_edges(corpus, "pairs", 0.2, 0.3, 0)
    model, history = train(SYSTEMS[2], split, settings, 0)
    assert np.isfinite(history["loss"]).all()
    found = predict(model, split, split.test, settings)
    assert found.shape == (len(split.rows(split.test)), 3)


def test_the_task_asks_for_para_alone(source, settings, read, encoders, monkeypatch):
    monkeypatch.setattr(workbench, "FrozenEncoders", lambda *_: encoders)
    plan = settings.model_copy(update={"task": "para"})
    corpus = workbench.make_corpus(plan, {"para": source}.__getitem__, *read)
    assert corpus.modalities == ("image", "scene")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("PARA-Images.csv", table([("iaa_pub1_.jpg", "A9", "awe")]), r"line 2: the user 'A9' is in no row"),
        ("PARA-Images.csv", table([*FELT[:1], ("iaa_pub1_.jpg", "A1", "")]), "line 3: imgEmotion is empty"),
        (
            "PARA-Images.csv",
            "sessionId,imageName,userId\n",
            r"'imgEmotion' \(it must have sessionId, .*\); PARA comes from",
        ),
        ("PARA-UserInfo.csv", PEOPLE.replace("6,7,4,8,6", "6,7,,8,6"), "line 2: personality-N is empty"),
        ("PARA-UserInfo.csv", PEOPLE.replace("6,7,4,8,6", "6,7,x,8,6"), "line 2: a trait is no number"),
        (
            "PARA-Images.csv",
            table(FELT)[:-30],
            r"line 7: imgEmotion is empty; is the file whole\? PARA comes",
        ),
        ("PARA-UserInfo.csv", PEOPLE[:-20], "line 4: .* is empty; is the file whole"),
    ],
    ids=["user", "emotion", "column", "no trait", "trait", "cut answers", "cut people"],
)
def test_a_bad_table_is_told_in_a_sentence(source, encoders, name, content, sentence):
    (source.folder / name).write_text(content)
    with pytest.raises(MMReproError, match=sentence) as caught:
        load_para(source, encoders)
    assert "\n" not in str(caught.value)


def test_what_is_missing_says_where_para_comes_from(source, encoders):
    (source.folder.parent / "imgs" / "session2" / "iaa_pub72_.jpg").unlink()
    with pytest.raises(MMReproError, match=r"1 of 3 images are missing, .*iaa_pub72_.jpg first. PARA comes"):
        load_para(source, encoders)
    (source.folder / "PARA-UserInfo.csv").unlink()
    with pytest.raises(
        MMReproError, match=r"holds no PARA-UserInfo.csv. PARA comes from .* terms are accepted"
    ):
        load_para(source, encoders)


@pytest.mark.parametrize("error", [OSError("no network"), EOFError(), RuntimeError("invalid\nhash")])
def test_weights_that_cannot_be_had_are_told_in_a_sentence(monkeypatch, error):
    def fail(**_):
        raise error

    models = SimpleNamespace(
        ResNet50_Weights=SimpleNamespace(IMAGENET1K_V2=SimpleNamespace(url="https://x/y.pth"))
    )
    models.resnet50 = fail
    monkeypatch.setitem(__import__("sys").modules, "torchvision.models", models)
    with pytest.raises(
        MMReproError, match=r"ResNet-50 cannot be had .*; put https://x/y.pth into .*checkpoints"
    ):
        frozen.resnet50()


def test_a_task_whose_data_are_not_named_is_refused():
    with pytest.raises(
        SettingsError, match="task 'para' reads the data set of that name; name it in datasets"
    ):
        resolve_settings(load_paper("hmg-emo"), "gpu", overrides={"task": "para"})
    named = {"task": "para", "datasets": ["para", "emotify", "emotify_audio", "movie_scenes"]}
    assert resolve_settings(load_paper("hmg-emo"), "gpu", overrides=named).task == "para"
