"""Archives, packages and recipes as sources, and trees as what is wanted."""

import io
import shutil
import sys
import tarfile
import types
import zipfile

import pytest

from mmrepro.data import store
from mmrepro.data.store import DataUnavailableError, fetch, locate, verify
from mmrepro.data.tree import tree_sha256
from mmrepro.files import sha256_bytes

FILES = {"a.csv": b"1,2\n", "deep/b.csv": b"3,4\n" * 1000}


def tree(path, files, *sources):
    digest = tree_sha256({name: sha256_bytes(body) for name, body in files.items()})
    return {"path": path, "sha256": digest, "bytes": sum(map(len, files.values())), "sources": list(sources)}


def zip_of(files, prefix=""):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, body in files.items():
            bundle.writestr(prefix + name, body)
    return out.getvalue()


def tar_of(files, prefix=""):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tape:
        for name, body in files.items():
            info = tarfile.TarInfo(prefix + name)
            info.size = len(body)
            tape.addfile(info, io.BytesIO(body))
    return out.getvalue()


def whole(data):
    return {name: data.path(name).read_bytes() for name in data.files}


# -- trees -----------------------------------------------------------------------------------------------


def test_a_tree_from_the_mirrors_zip(project, mirror):
    project.write(x={"tree": tree("x/numbers", FILES)})
    (mirror / "demo" / "x").mkdir(parents=True)
    (mirror / "demo" / "x" / "numbers.zip").write_bytes(zip_of(FILES))
    data = fetch("demo", "x")
    assert (data.source, data.folder) == ("mirror", project.cache / "demo" / "x" / "numbers")
    assert whole(data) == FILES
    assert data.sha256 == store.declared_hashes("demo")["x"]
    assert locate("demo", "x").source == "cache"
    assert verify("demo", "x") == []


def test_a_tree_from_the_mirrors_folder_in_place(project, mirror):
    project.write(x={"tree": tree("numbers", FILES)})
    for name, body in FILES.items():
        path = mirror / "demo" / "numbers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    data = fetch("demo", "x")
    assert (data.folder, whole(data)) == (mirror / "demo" / "numbers", FILES)
    (mirror / "demo" / "numbers" / "more").write_text("not declared")
    assert "SHA-256" in verify("demo", "x")[0]
    with pytest.raises(DataUnavailableError, match="the mirror: 4,016 bytes instead of 4,004"):
        fetch("demo", "x")


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_a_mirror_may_hold_more_than_the_members_of_a_tree(project, mirror, kind):
    declared = tree("numbers", FILES) | {"members": ["*.csv"]}
    project.write(x={"tree": declared})
    held = FILES | {"SHA256SUMS": b"a list that is not data" * 1000}
    if kind == "zip":
        (mirror / "demo").mkdir(parents=True)
        (mirror / "demo" / "numbers.zip").write_bytes(zip_of(held))
    else:
        for name, body in held.items():
            path = mirror / "demo" / "numbers" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
    data = fetch("demo", "x")
    assert (data.folder, whole(data)) == (project.cache / "demo" / "numbers", FILES)


@pytest.mark.fault("a file of a fetched tree is damaged", "the tree is replaced whole")
def test_a_damaged_tree_is_replaced_whole(project, mirror):
    project.write(x={"tree": tree("numbers", FILES)})
    (mirror / "demo").mkdir()
    (mirror / "demo" / "numbers.zip").write_bytes(zip_of(FILES))
    folder = fetch("demo", "x").folder
    (folder / "a.csv").write_bytes(b"9,9\n")
    (folder / "stray").write_text("stray")
    assert verify("demo", "x")
    assert whole(fetch("demo", "x")) == FILES
    assert not (folder / "stray").exists()


@pytest.mark.loopback
def test_a_tree_from_a_mirror_url(project, server, monkeypatch):
    project.write(x={"tree": tree("numbers", FILES)})
    server.content["/demo/numbers.zip"] = zip_of(FILES)
    monkeypatch.setenv("MMREPRO_MIRROR", server.url)
    assert whole(fetch("demo", "x")) == FILES


@pytest.mark.loopback
def test_a_mirror_of_trees_never_gets_the_token(project, server, monkeypatch):
    gate = {"accept": "the terms", "where": f"{server.url}/terms", "variable": "DEMO_TOKEN"}
    project.write(x={"access": "gated", "gate": gate, "tree": tree("numbers", FILES)})
    server.content["/demo/numbers.zip"] = zip_of(FILES)
    monkeypatch.setenv("MMREPRO_MIRROR", server.url)
    monkeypatch.setenv("DEMO_TOKEN", "secret")
    assert whole(fetch("demo", "x")) == FILES
    assert server.log == [("/demo/numbers.zip", None, None)]


@pytest.mark.loopback
def test_a_tree_from_part_of_an_archive(project, server):
    content = {**{f"data/{name}": body for name, body in FILES.items()}, "README": b"no"}
    source = {"archive": f"{server.url}/a.tgz", "bytes": 10_000, "members": ["top/data/*"], "strip": 2}
    project.write(x={"tree": tree("numbers", FILES, source)})
    server.content["/a.tgz"] = tar_of(content, "top/")
    data = fetch("demo", "x")
    assert (data.source, whole(data)) == ("archive", FILES)


@pytest.mark.hostile("a bomb and an escape served as a data set", "refused; nothing of them stays")
@pytest.mark.loopback
def test_a_bomb_and_an_escape_leave_nothing(project, server):
    source = {"archive": f"{server.url}/a", "bytes": 1_000_000}
    project.write(x={"tree": tree("numbers", FILES, source)})
    server.content["/a"] = zip_of({"a.csv": b"\0" * 10_000_000})
    with pytest.raises(DataUnavailableError, match="more than the declared 4,004 bytes"):
        fetch("demo", "x")
    server.content["/a"] = tar_of({"../../../escaped": b"X"})
    with pytest.raises(DataUnavailableError, match=r"'\.\./\.\./\.\./escaped' lies outside its folder"):
        fetch("demo", "x")
    assert not list(project.root.rglob("escaped"))
    assert not (project.cache / "demo").exists()
    server.content["/a"] = zip_of(FILES)
    assert whole(fetch("demo", "x")) == FILES


def test_a_made_mirror_holds_trees_as_zip(project, mirror):
    project.write(x={"tree": tree("numbers", FILES)})
    (mirror / "demo").mkdir()
    (mirror / "demo" / "numbers.zip").write_bytes(zip_of(FILES))
    store.make_mirror(project.root / "one", [])
    store.make_mirror(project.root / "two", [])
    made = [(project.root / name / "demo" / "numbers.zip").read_bytes() for name in ("one", "two")]
    assert made[0] == made[1]
    shutil.rmtree(project.cache)
    shutil.copy(project.root / "one" / "demo" / "numbers.zip", mirror / "demo" / "numbers.zip")
    assert whole(fetch("demo", "x")) == FILES


# -- files from archives ---------------------------------------------------------------------------------


@pytest.mark.loopback
def test_files_of_one_archive_share_the_transfer(project, server):
    body = zip_of(FILES, "top/")
    source = {"archive": f"{server.url}/a.zip", "bytes": len(body), "sha256": sha256_bytes(body)}
    files = [
        project.file(name.replace("deep/", ""), content, {**source, "members": [f"top/{name}"]})
        for name, content in FILES.items()
    ]
    server.content["/a.zip"] = body
    project.write(x={"files": files})
    data = fetch("demo", "x")
    assert whole(data) == {"a.csv": FILES["a.csv"], "b.csv": FILES["deep/b.csv"]}
    assert len(server.log) <= 2  # complete, so asked for at most once more


@pytest.mark.loopback
def test_a_file_needs_exactly_one_member(project, server):
    source = {"archive": f"{server.url}/a.zip", "bytes": 10_000}
    project.write(x={"files": [project.file("b.csv", FILES["deep/b.csv"] + b"12345", source)]})
    server.content["/a.zip"] = zip_of(FILES)
    with pytest.raises(DataUnavailableError, match="2 members fit where one file is declared"):
        fetch("demo", "x")


# -- recipes ---------------------------------------------------------------------------------------------


@pytest.fixture
def recipe(monkeypatch):
    """A module `mmrepro.kitchen` with a recipe that doubles the input, and counts its runs."""
    module = types.ModuleType("mmrepro.kitchen")
    module.runs = 0

    def double(inputs, output):
        module.runs += 1
        body = (inputs["x"] / "a").read_bytes()
        (output / "d").mkdir()
        (output / "d" / "one").write_bytes(body * 2)
        (output / "d" / "two").write_bytes(body * 3)

    module.double = double
    monkeypatch.setitem(sys.modules, "mmrepro.kitchen", module)
    return module


def test_a_recipe_derives_files(project, mirror, recipe):
    source = {"recipe": "mmrepro.kitchen:double", "inputs": ["x"]}
    derived = [project.file("d/one", b"AA", source), project.file("d/two", b"AAA", source)]
    project.write(x={"files": [project.file("a", b"A")]}, y={"files": derived})
    with pytest.raises(
        DataUnavailableError, match=r"recipe mmrepro\.kitchen:double: its input is missing: demo/x: "
    ):
        fetch("demo", "y")
    (mirror / "demo").mkdir()
    (mirror / "demo" / "a").write_bytes(b"A")
    data = fetch("demo", "y")
    assert (data.source, whole(data)) == ("recipe", {"d/one": b"AA", "d/two": b"AAA"})
    assert recipe.runs == 1


def test_a_recipe_is_verified_like_any_source(project, mirror, recipe):
    source = {"recipe": "mmrepro.kitchen:double", "inputs": ["x"]}
    derived = {"one": b"AA", "two": b"BBB"}
    project.write(
        x={"files": [project.file("a", b"A")]},
        y={"tree": tree("d", derived, source)},
        z={"files": [project.file("e", b"AA", source)]},
    )
    (mirror / "demo").mkdir()
    (mirror / "demo" / "a").write_bytes(b"A")
    with pytest.raises(DataUnavailableError, match=r"recipe mmrepro\.kitchen:double: SHA-256"):
        fetch("demo", "y")
    with pytest.raises(DataUnavailableError, match=r"recipe mmrepro\.kitchen:double: it has no 'e'"):
        fetch("demo", "z")
    project.write(
        x={"files": [project.file("a", b"A")]}, y={"tree": tree("d", {**derived, "two": b"AAA"}, source)}
    )
    assert fetch("demo", "y").source == "recipe"


def test_no_source_at_all(project):
    project.write(x={"files": [project.file("a", b"A")]})
    with pytest.raises(DataUnavailableError, match="the manifest names no source"):
        fetch("demo", "x")
