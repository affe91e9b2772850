import subprocess

import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.trimod_mner.provenance import blob_table, compare_listings, git_blob, read_listing


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
