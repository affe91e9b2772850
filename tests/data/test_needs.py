import pytest

from mmrepro.data.hub import REPOSITORIES, Repository
from mmrepro.data.manifest import select
from mmrepro.data.needs import needs, refuse_lacking
from mmrepro.errors import MMReproError


@pytest.fixture
def wanted(project, monkeypatch):
    """Two data sets that the user supplies, and one that can be fetched."""
    for variable in ("DEMO_TABLE", "DEMO_WEIGHTS"):
        monkeypatch.delenv(variable, raising=False)
    project.write(
        table={"access": "user", "variable": "DEMO_TABLE", "title": "A table"},
        weights={"access": "user", "variable": "DEMO_WEIGHTS", "title": "Weights"},
        open={"files": [project.file("x/a", b"1")]},
    )
    return list(needs("demo", ["table", "weights", "open"]))


def test_only_what_the_user_supplies_is_needed(wanted):
    assert [need.title for need in wanted] == ["demo/table", "demo/weights"]
    assert [need.is_set for need in wanted] == [False, False]


def test_all_that_is_missing_is_told_at_once(wanted, monkeypatch, tmp_path):
    with pytest.raises(MMReproError) as caught:
        refuse_lacking(wanted)
    assert str(caught.value) == (
        "This run needs what only you can supply: set DEMO_TABLE (A table), DEMO_WEIGHTS (Weights); "
        "`mmrepro data needs demo` says where to get each and how to lay it out."
    )
    (tmp_path / "table.csv").write_text("a\n")
    monkeypatch.setenv("DEMO_TABLE", str(tmp_path / "table.csv"))
    with pytest.raises(MMReproError, match=r"supply: set DEMO_WEIGHTS \(Weights\);"):
        refuse_lacking(wanted)


def test_what_is_named_must_be_there_and_whole(wanted, monkeypatch, tmp_path):
    (tmp_path / "table.csv").write_text("a\n")
    monkeypatch.setenv("DEMO_TABLE", str(tmp_path / "table.csv"))
    monkeypatch.setenv("DEMO_WEIGHTS", str(tmp_path / "nowhere"))
    with pytest.raises(MMReproError, match=r"DEMO_WEIGHTS names .*nowhere, which is not a file"):
        refuse_lacking(wanted)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"cut")
    monkeypatch.setenv("DEMO_WEIGHTS", str(weights))
    with pytest.raises(MMReproError, match=r"which has a model.safetensors that breaks off .* again\.$"):
        refuse_lacking(wanted)
    monkeypatch.setenv("DEMO_WEIGHTS", str(tmp_path / "table.csv"))
    refuse_lacking(wanted)


def test_a_link_in_a_hubs_cache_will_do_with_its_configuration_beside_it(wanted, monkeypatch, tmp_path):
    monkeypatch.setitem(REPOSITORIES, "DEMO_WEIGHTS", Repository("lab/tiny", "main", "model.pth"))
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots"
    for folder in (blobs, snapshot):
        folder.mkdir()
    (blobs / "0a1b").write_bytes(b"weights")
    (snapshot / "model.pth").symlink_to(blobs / "0a1b")
    monkeypatch.setenv("DEMO_WEIGHTS", str(snapshot / "model.pth"))
    assert wanted[1].problem.endswith("model.pth, which has no config.json beside it.")
    (blobs / "2c3d").write_text("{}")
    (snapshot / "config.json").symlink_to(blobs / "2c3d")
    assert wanted[1].problem is None


def test_weights_of_a_hub_need_their_configuration_beside_them(wanted, monkeypatch, tmp_path):
    monkeypatch.setitem(REPOSITORIES, "DEMO_WEIGHTS", Repository("lab/tiny", "main", "model.pth"))
    (tmp_path / "model.pth").write_bytes(b"weights")
    monkeypatch.setenv("DEMO_WEIGHTS", str(tmp_path / "model.pth"))
    assert wanted[1].problem.endswith("model.pth, which has no config.json beside it.")
    (tmp_path / "config.json").write_text("{}")
    assert wanted[1].problem is None


def test_no_chapter_has_a_sample_of_what_only_the_user_can_supply():
    """So a run that lacks it would fail, and may be refused before it starts."""
    import importlib

    from mmrepro.papers.paper import load_paper

    for slug, name in select(()):
        if list(needs(slug, [name])):
            sample = importlib.import_module(f"mmrepro.papers.{load_paper(slug).module_name}.sample")
            assert name not in sample.SAMPLES
