from types import SimpleNamespace

import pytest

from mmrepro.papers.hmg_emo import sample, workbench
from mmrepro.papers.hmg_emo.alignment import check_answers, check_features
from mmrepro.papers.hmg_emo.emotify import load_answers
from mmrepro.papers.hmg_emo.tracks import load_tracks

from .test_iesn import encoders, source  # noqa: F401
from .test_tracks import Folder


@pytest.mark.parametrize(
    ("kept", "written"), [("emotify", sample.write_audio), ("emotify_audio", sample.write_emotify)]
)
def test_a_generated_half_fits_beside_another_half(tmp_path, monkeypatch, kept, written):
    """Whichever of the real data sets is at hand, the sample of the other must follow its loudness."""
    usual = sample._tracks()
    louder = usual.assign(loudness=usual["loudness"].to_numpy()[::-1])
    monkeypatch.setattr(sample, "_tracks", lambda: louder)
    sample.SAMPLES[kept](tmp_path / "real")
    monkeypatch.undo()
    real, fresh = Folder(tmp_path / "real"), Folder(tmp_path / "new")
    monkeypatch.setattr(sample, "locate", lambda _, name: real if name == kept else None)
    written(tmp_path / "new")
    emotify, audio = (real, fresh) if kept == "emotify" else (fresh, real)
    tracks = load_tracks(emotify, audio)
    assert len(check_features(tracks)) == 15
    assert len(check_answers(load_answers(emotify.path("emotify/data.csv")), tracks)) == 4


def test_the_task_names_the_corpus(source, settings, read, monkeypatch):  # noqa: F811
    """IESN and the weights of its encoders are asked for only where the task needs them."""
    asked = []

    def data(name):
        asked.append(name)
        return source if name == "iesn" else SimpleNamespace(folder=source.folder, sha256="x")

    made = encoders()
    monkeypatch.setattr(workbench, "FrozenEncoders", lambda *_: made)
    assert workbench.make_corpus(settings, data, *read).emotions[0] == "amazement"
    assert asked == []
    plan = settings.model_copy(update={"task": "iesn"})
    assert workbench.make_corpus(plan, data, *read).emotions[0] == "amusement"
    assert asked == ["mbert", "iesn"]
