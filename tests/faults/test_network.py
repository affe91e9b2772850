"""Servers that are busy, lie about lengths or drip, and mirrors with one bit changed."""

import random
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from mmrepro.data import transfer
from mmrepro.data.errors import DataUnavailableError, SourceError
from mmrepro.data.store import fetch, make_mirror
from mmrepro.data.transfer import download
from mmrepro.files import sha256_bytes
from tests.data.conftest import in_turn, mirror, project, server  # noqa: F401
from tests.data.test_supply import FILES, tree, whole

BODY = bytes(range(256)) * 400
DIGEST = sha256_bytes(BODY)


@pytest.fixture
def pauses(monkeypatch):
    """The pauses that a transfer makes, none of which is waited for."""
    made = []
    monkeypatch.setattr(transfer.time, "sleep", made.append)
    return made


def busy(code, pause):
    return lambda handler: (
        handler.send_response(code),
        handler.send_header("Retry-After", pause),
        handler.send_header("Content-Length", "0"),
        handler.end_headers(),
    )


def deliver(handler):
    handler.deliver(BODY)


@pytest.mark.loopback
@pytest.mark.fault("429 and 503 with Retry-After", "the pause is made, then the file comes")
@pytest.mark.parametrize("code", [429, 503])
def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(project, server, tmp_path, pauses, code):  # noqa: F811
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    server.behave["/a"] = in_turn(busy(code, "7"), busy(code, at), busy(code, "soon"), deliver)
    download(f"{server.url}/a", tmp_path / "a", len(BODY), DIGEST)
    assert pauses[0] == 7
    assert 25 < pauses[1] <= 30
    assert pauses[2] < 1
    assert len(pauses) == 3


@pytest.mark.loopback
@pytest.mark.fault("Retry-After of a day, in the past or below nothing", "given up at once; or as without it")
def test_nobody_waits_a_day(project, server, tmp_path, pauses):  # noqa: F811
    server.behave["/a"] = busy(503, "86400")
    with pytest.raises(SourceError, match="HTTP 503, and it asks for a pause of 86,400 s"):
        download(f"{server.url}/a", tmp_path / "a", len(BODY), DIGEST)
    assert pauses == []
    server.behave["/b"] = in_turn(busy(503, "-5"), busy(503, "Thu, 01 Jan 1970 00:00:00 GMT"), deliver)
    download(f"{server.url}/b", tmp_path / "b", len(BODY), DIGEST)
    assert max(pauses) < 1


def length(promised, body):
    def behave(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(promised))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return behave


@pytest.mark.loopback
@pytest.mark.fault(
    "a server that promises more, less or no length than it sends", "refused, or the very file; nothing half"
)
@pytest.mark.parametrize("promised", [0, 10, len(BODY) - 1, len(BODY) + 1, 10**12])
def test_a_wrong_length_leaves_nothing_half(project, server, tmp_path, pauses, promised):  # noqa: F811
    server.behave["/a"] = length(promised, BODY)
    project.write(x={"files": [project.file("a", BODY, {"url": f"{server.url}/a"})]})
    with pytest.raises(DataUnavailableError) as told:
        fetch("demo", "x")
    assert "\n" not in str(told.value)
    assert not (project.cache / "demo" / "a").exists()
    server.behave["/a"] = deliver
    assert fetch("demo", "x").path("a").read_bytes() == BODY


@pytest.mark.loopback
@pytest.mark.fault("a server that drips its answer", "the file comes whole")
def test_a_slow_server_is_waited_for(project, server, tmp_path):  # noqa: F811
    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(BODY)))
        handler.end_headers()
        for start in range(0, len(BODY), len(BODY) // 10 + 1):
            handler.wfile.write(BODY[start : start + len(BODY) // 10 + 1])
            handler.wfile.flush()
            time.sleep(0.02)

    server.behave["/a"] = drip
    download(f"{server.url}/a", tmp_path / "a", len(BODY), DIGEST)
    assert (tmp_path / "a").read_bytes() == BODY


@pytest.mark.fault(
    "one bit flipped anywhere in a mirror's archive", "refused, or the very files; never others"
)
def test_one_flipped_bit_is_seen(project, mirror, monkeypatch, pytestconfig):  # noqa: F811
    project.write(x={"tree": tree("numbers", FILES)})
    for name, body in FILES.items():
        path = mirror / "demo" / "numbers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    make_mirror(project.root / "made", ["demo"])
    archive = project.root / "made" / "demo" / "numbers.zip"
    sound, rng, refused = archive.read_bytes(), random.Random(0), 0
    monkeypatch.setenv("MMREPRO_MIRROR", str(project.root / "made"))
    monkeypatch.setenv("MMREPRO_OFFLINE", "1")
    for number in range(30 * pytestconfig.getoption("--times")):
        body = bytearray(sound)
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
        archive.write_bytes(body)
        monkeypatch.setenv("MMREPRO_DATA", str(project.root / f"cache-{number}"))
        try:
            assert whole(fetch("demo", "x")) == FILES
        except DataUnavailableError:
            refused += 1
            assert not (project.root / f"cache-{number}" / "demo").exists()
    assert refused > 5
    archive.write_bytes(sound)
    assert whole(fetch("demo", "x")) == FILES
