import threading
import urllib.request

import pytest
from click.testing import CliRunner

from mmrepro.book import commands
from mmrepro.book.commands import book_server, build, serve
from mmrepro.errors import MMReproError


@pytest.fixture
def html(tmp_path):
    folder = tmp_path / "_build" / "html"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("<h1>Book</h1>")
    return folder


@pytest.mark.loopback
def test_the_book_is_served(html):
    with book_server(html, 0) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/index.html") as page:
            assert page.read() == b"<h1>Book</h1>"
        thread.join()


@pytest.mark.loopback
def test_a_taken_port_is_told_in_a_sentence(html):
    with (
        book_server(html, 0) as server,
        pytest.raises(MMReproError, match=f"Port {server.server_port} is taken"),
    ):
        book_server(html, server.server_port)


def test_a_missing_book_is_told_in_a_sentence(tmp_path):
    with pytest.raises(MMReproError, match="build it with `mmrepro build`"):
        book_server(tmp_path, 0)


@pytest.mark.loopback
def test_serve_ends_at_ctrl_c(html, monkeypatch):
    def interrupt(server):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands.project, "root", lambda: html.parents[1])
    monkeypatch.setattr(commands.ThreadingHTTPServer, "serve_forever", interrupt)
    outcome = CliRunner().invoke(serve, ["--port", "0"])
    assert outcome.exit_code == 0
    assert "The book is at http://127.0.0.1:" in outcome.output


def test_build_executes_the_chapters_first(monkeypatch, tmp_path):
    done = []
    monkeypatch.setattr(commands.project, "runs_dir", lambda: tmp_path)
    monkeypatch.setattr(
        "mmrepro.execution.commands.execute",
        lambda slugs, *rest, workers: done.append((*rest, workers)),
    )
    monkeypatch.setattr("mmrepro.book.build.build_book", lambda profile: done.append(profile) or "index.html")
    outcome = CliRunner().invoke(build, ["--profile", "cpu", "--jobs", "2"])
    assert outcome.exit_code == 0, outcome.output
    assert done == [({"profile": "cpu"}, tmp_path, 2), "cpu"]
    assert "The book is at index.html" in outcome.output
