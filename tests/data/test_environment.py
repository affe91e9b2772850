import pytest

from mmrepro.data.environment import mirror_url, offline, private_allowed


@pytest.mark.parametrize(
    ("ask", "variable"), [(offline, "MMREPRO_OFFLINE"), (private_allowed, "MMREPRO_PRIVATE")]
)
def test_a_switch_is_on_where_its_variable_says_so(monkeypatch, ask, variable):
    monkeypatch.delenv(variable, raising=False)
    assert not ask()
    for given in ("", "0", "no", "False"):
        monkeypatch.setenv(variable, given)
        assert not ask()
    for given in ("1", "yes", "TRUE"):
        monkeypatch.setenv(variable, given)
        assert ask()


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (None, None),
        ("", None),
        ("/data/mirror", None),
        ("http://mirror.example/data/", "http://mirror.example/data"),
        ("https://mirror.example/X", "https://mirror.example/X"),
    ],
)
def test_a_mirror_is_an_address_or_a_folder(monkeypatch, given, address):
    monkeypatch.delenv("MMREPRO_MIRROR", raising=False)
    if given is not None:
        monkeypatch.setenv("MMREPRO_MIRROR", given)
    assert mirror_url() == address
