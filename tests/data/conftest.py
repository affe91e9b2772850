"""A small project with manifests of its own, and a server on this machine to download from."""

import http.server
import threading
from pathlib import Path

import pytest
import yaml

from mmrepro.data import transfer
from mmrepro.files import sha256_bytes


class Project:
    """A checkout with nothing but manifests; `cache` is where fetched data go."""

    def __init__(self, root: Path):
        self.root = root
        self.cache = root / "cache"

    def write(self, slug="demo", **datasets):
        """Write a manifest; each data set is completed by what every data set needs."""
        path = self.root / "data_manifests" / f"{slug}.yml"
        path.parent.mkdir(exist_ok=True)
        entries = {name: self.entry(**given) for name, given in datasets.items()}
        path.write_text(yaml.safe_dump({"slug": slug, "datasets": entries}, sort_keys=False))

    @staticmethod
    def entry(**given):
        common = {"title": "Numbers", "citation": "Nobody 2025.", "licence": "MIT", "access": "open"}
        return {**common, "tier": "stand-in", "description": "Some numbers.", **given}

    @staticmethod
    def file(path, content, *sources):
        digest = sha256_bytes(content)
        return {"path": path, "sha256": digest, "bytes": len(content), "sources": list(sources)}


def put(folder, **files):
    """Write files below `folder`; a double underscore in a name stands for a slash."""
    for path, content in files.items():
        target = folder / path.replace("__", "/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "data_manifests").mkdir()
    monkeypatch.setenv("MMREPRO_ROOT", str(tmp_path))
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path / "cache"))
    monkeypatch.delenv("MMREPRO_MIRROR", raising=False)
    monkeypatch.delenv("MMREPRO_OFFLINE", raising=False)
    monkeypatch.setenv("MMREPRO_PRIVATE", "1")  # servers of tests are on this machine
    monkeypatch.setattr(transfer, "BACKOFF_SECONDS", 0.001)
    transfer._unreachable.clear()
    return Project(tmp_path)


@pytest.fixture
def mirror(project, monkeypatch):
    """A mirror folder that MMREPRO_MIRROR names."""
    folder = project.root / "mirror"
    folder.mkdir()
    monkeypatch.setenv("MMREPRO_MIRROR", str(folder))
    return folder


class Server:
    """Serves `content` (path -> bytes) with ranges; `behave` (path -> function of the handler) takes over."""

    def __init__(self, address):
        self.url = address
        self.content = {}
        self.behave = {}
        self.log = []  # (path, Range header or None, Authorization header or None)

    def paths(self):
        return [path for path, _, _ in self.log]


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            state.log.append((self.path, self.headers.get("Range"), self.headers.get("Authorization")))
            if self.path in state.behave:
                state.behave[self.path](self)
            elif self.path in state.content:
                self.deliver(state.content[self.path])
            else:
                self.send_error(404)

        def deliver(self, body):
            start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            if start and start >= len(body):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.end_headers()
            self.wfile.write(body[start:])

        def log_message(self, *_):
            pass

    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Server(f"http://127.0.0.1:{listener.server_port}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield state
    listener.shutdown()
    listener.server_close()


def half(body):
    """Behaviour: promise all of `body`, deliver half, close."""

    def behave(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])

    return behave


def status(code):
    """Behaviour: answer with an error."""
    return lambda handler: handler.send_error(code)


def in_turn(*behaviours):
    """Behaviour: each of `behaviours` once, the last from then on."""
    queue = list(behaviours)
    return lambda handler: (queue.pop(0) if len(queue) > 1 else queue[0])(handler)
