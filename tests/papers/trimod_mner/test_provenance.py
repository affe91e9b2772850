import http.server
import json
import subprocess
import threading

import pytest

from mmrepro.data import transfer
from mmrepro.data.errors import SourceError, WrongContentError
from mmrepro.errors import MMReproError
from mmrepro.papers.trimod_mner.provenance import (
    Repository,
    blob_table,
    compare_listings,
    fetch_listing,
    git_blob,
    read_listing,
)


def test_a_blob_has_the_name_that_git_gives_it(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"hello\n")
    told = subprocess.run(
        ["git", "hash-object", "--no-filters", "a.txt"], cwd=tmp_path, capture_output=True, text=True
    )
    assert git_blob(b"hello\n") == told.stdout.strip() == "ce013625030ba8dba906f756967f9e9ca394464a"
    row = blob_table({"a": tmp_path / "a.txt"}).iloc[0]
    assert (row["bytes"], row["git blob"]) == (6, git_blob(b"hello\n"))


def test_listings_are_compared_by_content_not_by_name():
    released = read_listing(["100644 blob aa\tnew name.py\n", "100644 blob bb\tREADME.md\n"])
    origin = read_listing(["100644 blob aa\told/name.py\n", "100644 blob cc\tREADME.md\n"])
    table = compare_listings(released, origin)
    assert table.set_index("released")["origin"].to_dict() == {
        "README.md": "", "new name.py": "old/name.py"
    }  # fmt: skip
    with pytest.raises(MMReproError, match="no line of"):
        read_listing(["nothing"])


@pytest.fixture
def github(monkeypatch):
    """A server on this machine that answers like GitHub's interface for trees; `answers` by repository."""
    monkeypatch.setenv("MMREPRO_PRIVATE", "1")
    answers, asked = {}, []

    class Trees(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = answers.get("/".join(self.path.split("/")[2:4]))
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Trees)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.delenv("MMREPRO_OFFLINE", raising=False)
    transfer._unreachable.clear()
    yield answers, asked, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.loopback
def test_a_listing_is_fetched_at_its_commit_and_folders_are_left_out(github):
    answers, asked, api = github
    tree = [{"path": "src", "type": "tree", "sha": "t"}, {"path": "src/a.py", "type": "blob", "sha": "aa"}]
    answers["ann/code"] = json.dumps({"tree": tree, "truncated": False}).encode()
    assert fetch_listing(Repository("ann/code", "c0ffee"), api) == {"src/a.py": "aa"}
    assert asked == ["/repos/ann/code/git/trees/c0ffee?recursive=1"]


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("body", "error", "told"),
    [
        (json.dumps({"tree": [], "truncated": True}).encode(), SourceError, "a part of the listing"),
        (b"<html>not found</html>", WrongContentError, "did not answer with a listing"),
        (json.dumps({"message": "rate limit"}).encode(), WrongContentError, "did not answer with a listing"),
        (None, SourceError, "HTTP 404"),
    ],
)
def test_what_is_no_whole_listing_is_refused(github, body, error, told):
    answers, _, api = github
    if body is not None:
        answers["ann/code"] = body
    with pytest.raises(error, match=told):
        fetch_listing(Repository("ann/code", "c0ffee"), api)


def test_offline_no_listing_is_asked_for():
    with pytest.raises(SourceError, match="MMREPRO_OFFLINE"):
        fetch_listing(Repository("ann/code", "c0ffee"))
