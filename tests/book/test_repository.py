import pytest
import yaml
from click.testing import CliRunner

from mmrepro import cli
from mmrepro.book.repository import Repository, read_config, repository_of, staged_config
from mmrepro.errors import MMReproError

from .specimen import PROJECT

ADDRESS = "https://github.com/some-one/multi.modal"


@pytest.fixture
def config():
    return read_config(PROJECT)


def named(config, url):
    return {**config, "repository": {**config["repository"], "url": url}}


@pytest.mark.parametrize("nothing", ["", None])
def test_without_an_address_nothing_points_to_a_repository(config, nothing):
    bare = named(config, nothing)
    assert repository_of(bare) is None
    staged = staged_config(bare)
    assert "launch_buttons" not in staged
    assert not staged["html"]["use_repository_button"]
    assert not staged["html"]["use_edit_page_button"]


def test_with_an_address_there_are_buttons_and_the_rest_stays(config):
    known = named(config, ADDRESS)
    assert repository_of(known) == Repository(ADDRESS, "main")
    staged = staged_config(known)
    assert staged["launch_buttons"] == config["launch_buttons"]
    assert staged["html"]["use_repository_button"] is staged["html"]["use_edit_page_button"] is True
    assert {key for key in staged if staged[key] != known[key]} == {"html"}


@pytest.mark.parametrize(
    "wrong",
    [
        "github.com/some-one/book",
        "http://github.com/some-one/book",
        "https://github.com/some-one",
        "https://github.com/some-one/book/",
        "https://github.com/some-one/book.git",
        "https://github.com/some-one/book/tree/main",
        "https://gitlab.com/some-one/book",
        "git@github.com:some-one/book.git",
        "https://github.com/some one/book",
        7,
    ],
)
def test_any_other_address_is_refused_in_a_sentence(config, wrong):
    with pytest.raises(MMReproError, match=r"_config.yml gives .* as repository.url; give https://github"):
        repository_of(named(config, wrong))


def test_a_malformed_address_ends_a_build_with_exit_code_2(house, monkeypatch, capsys):
    path = house.root / "_config.yml"
    path.write_text(yaml.safe_dump(named(read_config(house.root), "github.com/some-one/book")))
    (house.root / "data_manifests").mkdir()
    monkeypatch.setenv("MMREPRO_ROOT", str(house.root))
    monkeypatch.setattr("mmrepro.execution.commands.execute", lambda *rest, **options: None)
    monkeypatch.setattr("mmrepro.book.staging._check_contents", lambda *rest: None)
    outcome = CliRunner().invoke(cli.root, ["build"])
    assert isinstance(outcome.exception, MMReproError)
    assert outcome.exception.exit_code == 2
    assert "github.com/some-one/book" in str(outcome.exception)
    assert not (house.root / "_build" / "source").exists()
