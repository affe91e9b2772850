import importlib.util
import json

import numpy as np
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.papers.facetrack_mm import expression
from mmrepro.papers.facetrack_mm.expression import ExpressionNet, expressions, read_weights
from mmrepro.papers.facetrack_mm.sample import write_network


@pytest.fixture
def folder(tmp_path):
    write_network(tmp_path)
    return tmp_path


def test_quantised_bytes_become_the_numbers_they_stand_for(tmp_path):
    entry = {"name": "w", "shape": [2, 2], "quantization": {"scale": 0.5, "min": -1.0}}
    plain = {"name": "b", "shape": [2]}
    manifest = tmp_path / "face_expression_model-weights_manifest.json"
    manifest.write_text(json.dumps([{"weights": [entry, plain]}]))
    content = bytes([0, 1, 2, 255]) + np.array([0.25, -3], "<f4").tobytes()
    (tmp_path / "face_expression_model.bin").write_bytes(content)
    found = read_weights(tmp_path)
    assert found["w"].tolist() == [[-1, -0.5], [0, 126.5]]
    assert found["b"].tolist() == [0.25, -3]


@pytest.mark.parametrize("change", [lambda content: content[:-7], lambda content: content + b"more"])
def test_a_file_of_another_length_is_refused(folder, change):
    binary = folder / "face_expression_model.bin"
    binary.write_bytes(change(binary.read_bytes()))
    with pytest.raises(MMReproError, match=r"its manifest says .* fetch it again"):
        read_weights(folder)


def test_a_missing_file_is_refused(folder):
    (folder / "face_expression_model.bin").unlink()
    with pytest.raises(MMReproError, match=r"lacks face_expression_model\.bin"):
        read_weights(folder)


def test_padding_is_that_of_tensorflow():
    # "SAME" for a kernel of 3 and stride 2: an even side is padded by one, right and below; an odd by two.
    even, odd = expression._same(torch.ones(1, 1, 4, 4), 2), expression._same(torch.ones(1, 1, 5, 5), 2)
    assert even.shape[-1] == 5
    assert even[0, 0, 0].tolist() == [1, 1, 1, 1, 0]
    assert odd[0, 0, 3].tolist() == [0, 1, 1, 1, 1, 1, 0]


def test_probabilities_add_up_and_a_frame_without_a_box_has_none(folder):
    network = ExpressionNet(read_weights(folder))
    images = [np.full((40, 60, 3), 90, np.uint8)] * 2
    found = expressions(network, images, np.array([[-5.0, 5, 30, 45], [np.nan] * 4]))
    assert found.shape == (2, 7)
    assert found[0].sum() == pytest.approx(1)
    assert np.isnan(found[1]).all()


@pytest.mark.skipif(importlib.util.find_spec("facenet_pytorch") is None, reason="no face detector")
def test_a_smiling_astronaut_is_happy(mirror_folder):
    from mmrepro.papers.facetrack_mm import collage, detection

    network = ExpressionNet(read_weights(mirror_folder))
    astronaut = collage.portraits()[0]
    moods = expressions(network, [astronaut], detection.real_faces([astronaut])[0][:1])
    assert expression.CLASSES[int(moods[0].argmax())] == "happy"


@pytest.fixture
def mirror_folder(monkeypatch, tmp_path):
    """The published weights, where a mirror holds them."""
    import os
    import zipfile
    from pathlib import Path

    mirror = os.environ.get("MMREPRO_MIRROR", "")
    archive = Path(mirror) / "facetrack-mm" / "face-api-model.zip"
    if not mirror or not archive.is_file():
        pytest.skip("no mirror with the published weights")
    with zipfile.ZipFile(archive) as content:
        content.extractall(tmp_path)
    return tmp_path
