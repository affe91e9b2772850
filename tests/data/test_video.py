from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from mmrepro.data import video
from mmrepro.data.video import read_frames
from mmrepro.errors import MMReproError


def write_clip(path, shades, times=None):
    """Write one grey frame a shade, at `times` in tenths of a second."""
    import av

    with av.open(str(path), "w") as container:
        track = container.add_stream("mpeg4", rate=10)
        track.width, track.height, track.pix_fmt = 64, 48, "yuv420p"
        for number, shade in enumerate(shades):
            image = np.full((48, 64, 3), shade, dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times[number], Fraction(1, 10)
            container.mux(track.encode(frame))
        container.mux(track.encode())


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])  # the second does not say how many frames it has
def test_frames_are_evenly_spaced_in_order_and_know_their_time(tmp_path, name):
    shades = np.linspace(20, 220, 11).astype(int)
    write_clip(tmp_path / name, shades)
    images, times = read_frames(tmp_path / name, 3)
    assert [image.shape for image in images] == [(48, 64, 3)] * 3
    assert np.allclose([image.mean() for image in images], shades[[0, 5, 10]], atol=6)
    assert times == pytest.approx([0.0, 0.5, 1.0])


@pytest.mark.parametrize("count", [99, None])
def test_more_frames_than_there_are_or_none_asked_for_gives_them_all(tmp_path, count):
    write_clip(tmp_path / "clip.mp4", [50, 100, 150])
    assert len(read_frames(tmp_path / "clip.mp4", count)[0]) == 3


def test_a_variable_frame_rate_shows_in_the_times(tmp_path):
    write_clip(tmp_path / "clip.mp4", [50, 100, 150], times=[0, 1, 7])
    assert read_frames(tmp_path / "clip.mp4")[1] == pytest.approx([0.0, 0.1, 0.7])


def write_sound(path):
    import av

    with av.open(str(path), "w", format="wav") as container:
        track = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(track.encode(frame))
        container.mux(track.encode())


def test_a_file_that_is_no_video_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(MMReproError, match="There is no video"):
        read_frames(tmp_path / "missing.mp4")
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(MMReproError, match="cannot be decoded as a video"):
        read_frames(tmp_path / "text.mp4")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(MMReproError, match="cannot be decoded as a video"):
        read_frames(tmp_path / "empty.mp4")
    write_sound(tmp_path / "sound.wav")
    with pytest.raises(MMReproError, match="no video stream"):
        read_frames(tmp_path / "sound.wav")


def test_frames_may_fill_memory_and_no_more(tmp_path, monkeypatch):
    write_clip(tmp_path / "clip.mp4", [50, 100, 150])
    free = SimpleNamespace(available=3 * (64 * 48 * 3))
    monkeypatch.setattr(video.psutil, "virtual_memory", lambda: free)
    assert len(read_frames(tmp_path / "clip.mp4")[0]) == 3
    free.available -= 1
    with pytest.raises(MMReproError, match=r"The frames of clip\.mp4 do not fit into memory"):
        read_frames(tmp_path / "clip.mp4")


@pytest.mark.hostile("a video that breaks off", "refused in a sentence")
def test_a_video_that_breaks_off_is_refused(tmp_path):
    write_clip(tmp_path / "clip.mp4", range(20, 220, 10))
    whole = (tmp_path / "clip.mp4").read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MMReproError, match=r"half\.mp4 cannot be decoded"):
        read_frames(tmp_path / "half.mp4")


def test_a_video_without_frames_is_refused(tmp_path, monkeypatch):
    write_clip(tmp_path / "clip.mp4", [50])
    monkeypatch.setattr(video, "_decode", lambda stream, wanted, name: ([], np.zeros(0)))
    with pytest.raises(MMReproError, match=r"clip\.mp4 has no frame"):
        video.read_frames(tmp_path / "clip.mp4")
