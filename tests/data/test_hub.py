"""Weights from a hub: the real client talks to a server on this machine that answers as the hub does."""

import hashlib
import http.server
import json
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from mmrepro.data import transfer
from mmrepro.data.commands import data
from mmrepro.data.hub import REPOSITORIES, Repository, bring
from mmrepro.data.store import fetch
from mmrepro.errors import MMReproError

pytestmark = pytest.mark.loopback

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TINY = Repository("lab/tiny", COMMIT, "model.safetensors")
WEIGHTS = bytes(range(256)) * 4000


class Hub:
    """`files` (path -> bytes) of one repository; what it delivers may differ from what it lists."""

    def __init__(self):
        self.files = {"config.json": b"{}", "vocab.txt": b"a\nb\n", "model.safetensors": WEIGHTS}
        self.files |= {"tf_model.h5": b"the same in another format", "README.md": b"# Tiny"}
        self.delivered = dict(self.files)
        self.refusal = None  # status, X-Error-Code
        self.break_after = None  # bytes, once
        self.log = []  # (method, path, Range, Authorization)

    def listing(self):
        return [self._entry(path, content) for path, content in self.files.items()]

    @staticmethod
    def _entry(path, content):
        pointer = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        entry = {"type": "file", "path": path, "size": len(content), "oid": pointer}
        if path.endswith((".safetensors", ".h5")):
            entry["lfs"] = {"oid": etag(content), "size": len(content), "pointerSize": 134}
        return entry

    def brought(self):
        """Return the files that were asked for, in full or in part."""
        return [
            path.rpartition("/")[2] for method, path, *_ in self.log if method == "GET" and "resolve" in path
        ]


def etag(content):
    return hashlib.sha256(content).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """The three addresses that a download needs: a commit's tree, a file's head, and the file."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        hub = self.server.hub
        hub.log.append(
            (self.command, self.path, self.headers.get("Range"), self.headers.get("Authorization"))
        )
        place = self.path.partition("?")[0]
        if hub.refusal:
            self.send(hub.refusal[0], b"no", {"X-Error-Code": hub.refusal[1]})
        elif place == f"/api/models/lab/tiny/tree/{COMMIT}":
            self.send(200, json.dumps(hub.listing()).encode(), {"Content-Type": "application/json"})
        elif place.startswith(f"/lab/tiny/resolve/{COMMIT}/"):
            self.deliver(place.rpartition("/")[2])
        else:
            self.send(404, b"no", {"X-Error-Code": "RevisionNotFound"})

    def deliver(self, path):
        hub, listed, content = self.server.hub, self.server.hub.files[path], self.server.hub.delivered[path]
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        told = {"ETag": f'"{etag(listed)}"', "X-Repo-Commit": COMMIT}
        if start:
            told["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        if self.command == "GET" and hub.break_after and path == "model.safetensors":
            self.send(200, content[: hub.break_after], told, promised=len(content))
            hub.break_after, hub.refusal = None, (401, "")  # and whoever asks again is sent away
            self.close_connection = True
        else:
            self.send(206 if start else 200, content[start:], told)

    def send(self, status, body, headers, promised=None):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(promised or len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def served(monkeypatch, tmp_path):
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.hub = Hub()
    listener.daemon_threads = True
    threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{listener.server_port}")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("MMREPRO_OFFLINE")
    monkeypatch.setenv("MMREPRO_PRIVATE", "1")  # the hub of the tests is on this machine
    monkeypatch.setattr(transfer, "BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr(
        "huggingface_hub.utils._http.time", SimpleNamespace(sleep=lambda _: None, time=time.time)
    )
    transfer._unreachable.clear()
    yield listener.hub
    listener.shutdown()
    listener.server_close()


def test_the_wanted_files_of_a_commit_are_brought_and_one_is_named(served):
    path = bring(TINY)
    assert path == TINY.folder / "model.safetensors" and path.read_bytes() == WEIGHTS
    assert not path.is_symlink()  # a link would be followed away from the files beside it
    assert sorted(served.brought()) == ["config.json", "model.safetensors", "vocab.txt"]
    served.log.clear()
    assert bring(TINY) == path
    assert served.brought() == []


@pytest.mark.fault("a transfer from the hub breaks off in the middle", "the next call asks for the rest")
def test_a_broken_transfer_is_continued_where_it_stopped(served):
    served.break_after = 4 << 16  # a multiple of the pieces that are written
    with pytest.raises(MMReproError):
        bring(TINY)
    served.refusal = None
    served.log.clear()
    assert bring(TINY).read_bytes() == WEIGHTS
    ranges = [asked for _, path, asked, _ in served.log if path.endswith("model.safetensors") and asked]
    assert ranges == ["bytes=262144-"]


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_whole_file_that_had_not_got_its_name_yet_is_taken(served, name):
    path = bring(TINY).with_name(name)
    (part,) = (entry for entry in served.listing() if entry["path"] == name)
    path.rename(path.with_name(f"{name}.{part['oid'][:12]}.part"))
    served.log.clear()
    bring(TINY)
    assert path.read_bytes() == served.files[name] and served.brought() == []


@pytest.mark.parametrize("spoilt", [WEIGHTS[:-9], b"!" + WEIGHTS[1:]], ids=["cut", "changed"])
@pytest.mark.fault("a file from the hub is spoilt on this machine", "only that file is brought again")
def test_a_file_that_was_spoilt_here_is_brought_again(served, spoilt):
    path = bring(TINY)
    path.write_bytes(spoilt)
    served.log.clear()
    assert bring(TINY).read_bytes() == WEIGHTS
    assert served.brought() == ["model.safetensors"]


@pytest.mark.hostile("the hub delivers other weights than it lists", "they are named and not kept")
def test_weights_that_are_not_those_listed_are_refused(served):
    served.delivered["model.safetensors"] = WEIGHTS[::-1]
    with pytest.raises(MMReproError, match=r"could not be brought \(SHA-256 .* instead of .*\)"):
        bring(TINY)
    assert not (TINY.folder / "model.safetensors").exists()
    served.delivered = served.files
    assert bring(TINY).read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (403, "GatedRepo", r"gated: accept its terms at https://huggingface.co/lab/tiny, then .* HF_TOKEN"),
        (401, "GatedRepo", r"gated: accept its terms"),
        (404, "RepoNotFound", r"shows no lab/tiny to you; where it is private, put a token .* HF_TOKEN"),
        (401, "", r"shows no lab/tiny to you"),
        (404, "RevisionNotFound", rf"has no revision {COMMIT}"),
        (500, "", r"The hub answers 500 for lab/tiny; try again later"),
    ],
)
def test_a_refusal_is_told_in_a_sentence(served, status, code, sentence):
    served.refusal = status, code
    with pytest.raises(MMReproError, match=sentence) as caught:
        bring(TINY)
    assert "\n" not in str(caught.value)


def test_a_token_opens_the_gate(served, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    bring(TINY)
    assert {authorization for *_, authorization in served.log} == {"Bearer hf_secret"}


def test_a_hub_that_nobody_answers_for_is_told(served, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(MMReproError, match=r"hub cannot be reached for lab/tiny .*; connect to the network"):
        bring(TINY)


def test_weights_that_were_brought_are_named_without_a_network(served, monkeypatch):
    path = bring(TINY)
    served.log.clear()
    monkeypatch.setenv("MMREPRO_OFFLINE", "1")
    with pytest.raises(MMReproError, match=r"lab/other is not in .*lab--other.*, and MMREPRO_OFFLINE is set"):
        bring(replace(TINY, name="lab/other"))
    assert bring(TINY) == path
    assert served.log == []


def test_a_repository_without_the_file_to_name_is_told(served):
    with pytest.raises(MMReproError, match=r"lab/tiny has no weights.bin at revision 0123"):
        bring(replace(TINY, file="weights.bin"))


def test_the_printed_line_names_weights_that_the_store_takes(served, project, monkeypatch):
    """The way of a user: bring, set the variable, run."""
    monkeypatch.setitem(REPOSITORIES, "DEMO_WEIGHTS", TINY)
    monkeypatch.delenv("DEMO_WEIGHTS", raising=False)
    project.write(
        own={"access": "user", "variable": "DEMO_WEIGHTS"},
        also={"access": "user", "variable": "DEMO_WEIGHTS"},
    )
    result = CliRunner().invoke(data, ["weights", "demo"])
    assert result.stdout == f"export DEMO_WEIGHTS={TINY.folder / 'model.safetensors'}\n"
    assert f"lab/tiny at {COMMIT} into {TINY.folder}" in result.stderr
    monkeypatch.setenv("DEMO_WEIGHTS", result.stdout.strip().partition("=")[2])
    found = fetch("demo", "own")
    assert found.source == "user" and found.path("model.safetensors").read_bytes() == WEIGHTS
    assert (found.folder / "config.json").is_file()


def test_every_variable_belongs_to_a_data_set_and_its_file_is_among_those_brought():
    from mmrepro.data.manifest import dataset, select

    known = {dataset(*pair).variable for pair in select(())}
    for variable, repository in REPOSITORIES.items():
        assert variable in known
        assert repository.wants(repository.file)
        assert len(repository.revision) == 40 or variable == "MMREPRO_TARSIER2"
