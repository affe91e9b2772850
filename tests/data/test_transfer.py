import socket
import sys
import time

import pytest

from mmrepro.data import transfer
from mmrepro.data.errors import SourceError
from mmrepro.data.transfer import download
from mmrepro.files import sha256_bytes

from .conftest import half, in_turn, status

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("project")]
BODY = bytes(range(256)) * 2000
DIGEST = sha256_bytes(BODY)


def hang_up(handler):
    handler.close_connection = True


def test_a_file_comes_whole(server, tmp_path):
    server.content["/a"] = BODY
    download(f"{server.url}/a", tmp_path / "new" / "folder" / "a", len(BODY), DIGEST)
    assert (tmp_path / "new" / "folder" / "a").read_bytes() == BODY


def test_no_compressed_answer_is_asked_for(server, tmp_path):
    server.behave["/a"] = lambda handler: handler.deliver(handler.headers["Accept-Encoding"].encode())
    download(f"{server.url}/a", tmp_path / "a", 8)
    assert (tmp_path / "a").read_bytes() == b"identity"


def test_what_is_there_is_continued(server, tmp_path):
    server.content["/a"] = BODY
    (tmp_path / "a").write_bytes(BODY[:1000])
    download(f"{server.url}/a", tmp_path / "a", len(BODY), DIGEST)
    assert (tmp_path / "a").read_bytes() == BODY
    assert [ask for _, ask, _ in server.log] == ["bytes=1000-"]


def test_what_is_complete_is_not_asked_for(server, tmp_path):
    (tmp_path / "a").write_bytes(BODY)
    download(f"{server.url}/a", tmp_path / "a", len(BODY), DIGEST)
    assert server.log == []


def test_a_server_without_ranges_begins_anew(server, tmp_path):
    def whole(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(BODY)

    server.behave["/a"] = whole
    (tmp_path / "a").write_bytes(BODY[:1000])
    download(f"{server.url}/a", tmp_path / "a", len(BODY), DIGEST)
    assert len(server.log) == 1


@pytest.mark.fault("a server that continues at another place", "refused")
def test_another_part_than_asked_for_is_refused(server, tmp_path):
    def wrong(handler):
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes 5-{len(BODY) - 1}/{len(BODY)}")
        handler.end_headers()

    server.behave["/a"] = wrong
    with pytest.raises(SourceError, match="another part"):
        download(f"{server.url}/a", tmp_path / "a", len(BODY), DIGEST)


@pytest.mark.fault(
    "the rest of another version, and of one that is too long", "thrown away, and fetched from the beginning"
)
@pytest.mark.parametrize("left", [b"stale", b"stale" * 1_000_000])
def test_the_rest_of_another_version_is_thrown_away(server, tmp_path, left):
    server.content["/a"] = BODY
    (tmp_path / "a").write_bytes(left)
    download(f"{server.url}/a", tmp_path / "a", len(BODY), DIGEST)
    assert (tmp_path / "a").read_bytes() == BODY


def test_what_comes_in_place_of_another_version_is_checked_too(server, tmp_path):
    server.content["/a"] = b"other"
    (tmp_path / "a").write_bytes(b"stale")
    with pytest.raises(SourceError, match="SHA-256"):
        download(f"{server.url}/a", tmp_path / "a", len(BODY), DIGEST)
    assert not (tmp_path / "a").exists()


@pytest.mark.fault("the network is cut in a download", "taken up where it broke")
def test_a_broken_connection_is_taken_up_where_it_broke(server, tmp_path):
    server.content["/a"] = BODY
    server.behave["/a"] = in_turn(half(BODY), lambda handler: handler.deliver(BODY))
    download(f"{server.url}/a", tmp_path / "a", len(BODY), DIGEST)
    (_, first, _), (_, second, _) = server.log
    assert first is None
    assert 0 < int(second.removeprefix("bytes=").rstrip("-")) <= len(BODY) // 2


@pytest.mark.fault("503, a closed connection and 429 in turn", "tried again; 500 four times is given up")
def test_passing_failures_are_tried_again(server, tmp_path):
    server.behave["/a"] = in_turn(status(503), hang_up, status(429), lambda handler: handler.deliver(BODY))
    download(f"{server.url}/a", tmp_path / "a", len(BODY), DIGEST)
    assert len(server.log) == 4
    server.behave["/b"] = status(500)
    with pytest.raises(SourceError, match="HTTP 500, 4 times"):
        download(f"{server.url}/b", tmp_path / "b", 1)
    assert server.paths().count("/b") == 4
    server.behave["/c"] = hang_up
    with pytest.raises(SourceError, match="the connection broke, 4 times"):
        download(f"{server.url}/c", tmp_path / "c", 1)


@pytest.mark.fault("a server that does not answer", "given up after its attempts")
def test_a_silent_server_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "TIMEOUT_SECONDS", (1.0, 0.05))
    monkeypatch.setattr(transfer, "ATTEMPTS", 2)
    server.behave["/a"] = lambda handler: time.sleep(0.5)
    with pytest.raises(SourceError, match="the transfer stalled or broke, 2 times"):
        download(f"{server.url}/a", tmp_path / "a", 1)


def test_final_failures_are_not(server, tmp_path):
    with pytest.raises(SourceError, match="HTTP 404"):
        download(f"{server.url}/none", tmp_path / "a", 1)
    assert len(server.log) == 1
    server.behave["/loop"] = lambda handler: (
        handler.send_response(302),
        handler.send_header("Location", "/loop"),
        handler.end_headers(),
    )
    with pytest.raises(SourceError, match="TooManyRedirects"):
        download(f"{server.url}/loop", tmp_path / "b", 1)


def test_redirects_are_followed(server, tmp_path):
    server.content["/a"] = BODY
    server.behave["/old"] = lambda handler: (
        handler.send_response(302),
        handler.send_header("Location", "/a"),
        handler.end_headers(),
    )
    download(f"{server.url}/old", tmp_path / "a", len(BODY), DIGEST)
    assert (tmp_path / "a").read_bytes() == BODY


def test_wrong_content_leaves_nothing(server, tmp_path):
    server.content["/a"] = b"other"
    with pytest.raises(SourceError, match=rf"SHA-256 \w{{12}}… instead of {DIGEST[:12]}…"):
        download(f"{server.url}/a", tmp_path / "a", len(BODY), DIGEST)
    with pytest.raises(SourceError, match="more than the declared 4 bytes"):
        download(f"{server.url}/a", tmp_path / "a", 4, DIGEST)
    assert not (tmp_path / "a").exists()


def test_all_pieces_count_together(server, tmp_path):
    server.content["/a"] = BODY
    with pytest.raises(SourceError, match="more than the declared 511,999 bytes"):
        download(f"{server.url}/a", tmp_path / "a", len(BODY) - 1)
    assert not (tmp_path / "a").exists()


def test_an_unreachable_host_is_asked_once(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/a"
    began = time.monotonic()
    with pytest.raises(SourceError, match="cannot be reached"):
        download(url, tmp_path / "a", 1)
    with pytest.raises(SourceError, match="not reachable a moment ago"):
        download(url, tmp_path / "a", 1)
    assert time.monotonic() - began < 2


def test_an_unreachable_proxy_counts_as_unreachable(tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(SourceError, match=r"cannot be reached"):
        download("http://data.invalid/a", tmp_path / "a", 1)


def test_offline_asks_nobody(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MMREPRO_OFFLINE", "1")
    with pytest.raises(SourceError, match="MMREPRO_OFFLINE is set"):
        download(f"{server.url}/a", tmp_path / "a", 1)
    assert server.log == []


def test_a_bar_is_shown_on_a_terminal_only(server, tmp_path, monkeypatch, capsys):
    server.content["/name.bin"] = BODY
    download(f"{server.url}/name.bin", tmp_path / "a", len(BODY))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    download(f"{server.url}/name.bin", tmp_path / "b", len(BODY))
    assert "name.bin" in capsys.readouterr().err
