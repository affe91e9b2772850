"""Images, videos and cells that were cut off, spoilt, or grow when they are opened."""

import io
import pickle
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from mmrepro.data.picture import MOST_PIXELS, opened_picture
from mmrepro.data.video import read_frames
from mmrepro.errors import MMReproError

from .mutate import spoilt
from .test_arrays import Calls

SPOILT = 40
FORMATS = ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"]


def picture(kind, side=24):
    body = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(body, kind)
    return body.getvalue()


def decoded(path):
    with opened_picture(path) as image:
        return np.asarray(image.convert("RGB"))


def refused(read, path):
    with pytest.raises(MMReproError) as told:
        read(path)
    assert "\n" not in str(told.value)
    assert path.name in str(told.value)


@pytest.mark.hostile("images cut off in the middle, and files that are no images", "refused in a sentence")
@pytest.mark.parametrize("kind", FORMATS)
def test_a_cut_image_is_refused(tmp_path, kind):
    path = tmp_path / "a.img"
    path.write_bytes(picture(kind))
    assert decoded(path).shape == (24, 24, 3)
    path.write_bytes(picture(kind)[: len(picture(kind)) // 2])
    refused(decoded, path)
    for body in (b"", b"<html>", b"\x89PNG\r\n\x1a\n", b"II*\0" + b"\xff" * 64):
        path.write_bytes(body)
        refused(decoded, path)
    refused(decoded, tmp_path / "none.img")


@pytest.mark.hostile("images with bytes changed at random", "decoded or refused, nothing else")
@pytest.mark.parametrize("kind", FORMATS)
def test_a_spoilt_image_is_decoded_or_refused(tmp_path, kind, pytestconfig):
    path, whole = tmp_path / "a.img", picture(kind)
    for seed in range(SPOILT * pytestconfig.getoption("--times")):
        path.write_bytes(spoilt(whole, seed))
        try:
            decoded(path)
        except MMReproError as error:
            assert "\n" not in str(error)


def bomb(width, height):
    """A PNG of a few hundred bytes that claims, and holds, any number of pixels."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.hostile(
    "a PNG of a hundred bytes with ten thousand million pixels", "refused before it is decoded"
)
@pytest.mark.parametrize("size", [(100_000, 100_000), (2**31 - 1, 2**31 - 1), (MOST_PIXELS + 1, 1)])
def test_a_picture_that_fills_memory_is_refused(tmp_path, size):
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(*size))
    refused(decoded, path)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    import av

    path = tmp_path_factory.mktemp("clip") / "whole.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 * number, dtype=np.uint8), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.hostile("videos with bytes changed at random", "decoded or refused, nothing else")
def test_a_spoilt_video_is_decoded_or_refused(clip, tmp_path, pytestconfig):
    path, whole = tmp_path / "a.mp4", clip.read_bytes()
    refused_many = 0
    for seed in range(SPOILT * pytestconfig.getoption("--times")):
        path.write_bytes(spoilt(whole, seed))
        try:
            read_frames(path, 3)
        except MMReproError as error:
            assert "\n" not in str(error)
            refused_many += 1
    assert refused_many


@pytest.mark.hostile("a video whose frames do not fit into memory", "refused before they are kept")
def test_a_video_that_fills_memory_is_refused(clip, monkeypatch):
    import psutil

    free = psutil.virtual_memory()._replace(available=4 * 64 * 48 * 3)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    assert len(read_frames(clip, 3)[0]) == 3
    refused(read_frames, clip)


@pytest.mark.hostile(
    "cells (.h5ad) with a pickle of code in a column, in place of the matrix, or cut off",
    "no code runs; what is no data set of cells is refused in a sentence",
)
@pytest.mark.parametrize("spoil", ["column", "matrix", "cut", "noise"])
def test_cells_made_to_harm_do_not_run(tmp_path, spoil):
    ad = pytest.importorskip("anndata")
    h5py = pytest.importorskip("h5py")
    from mmrepro.papers.instructcell.cells import read_cells

    path, trace = tmp_path / "a.h5ad", tmp_path / "trace"
    ad.AnnData(np.eye(3, dtype="f4")).write_h5ad(path)
    code = np.void(pickle.dumps(Calls(exec, f"open({str(trace)!r}, 'w')")))
    if spoil in ("cut", "noise"):
        body = path.read_bytes()
        path.write_bytes(body[: len(body) // 2] if spoil == "cut" else b"noise" * 100)
    else:
        with h5py.File(path, "a") as file:
            where = "obs/evil" if spoil == "column" else "X"
            if spoil == "matrix":
                del file["X"]
            file[where] = code
            file["obs"].attrs["column-order"] = ["evil"] if spoil == "column" else []
    if spoil == "column":
        cells = read_cells(path)  # the bytes stay bytes
        assert cells.shape == (3, 3)
    else:
        refused(read_cells, path)
    assert not trace.exists()
