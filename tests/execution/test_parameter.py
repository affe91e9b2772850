import pytest

from mmrepro.execution.parameter import injected_parameters, settings_from
from mmrepro.papers.settings import SettingsError
from tests.conftest import SLUG


def test_nothing_asked_is_the_smoke_profile():
    profile, settings = settings_from(SLUG, {})
    assert profile == "smoke"
    assert settings == settings_from(SLUG, {"profile": "smoke", "overrides": {}})[1]


def test_what_papermill_passes_becomes_settings():
    asked = {"profile": "cpu", "seeds": [7], "device": "cpu", "overrides": {"epochs": 3}, "lr": 0.5}
    profile, settings = settings_from(SLUG, asked)
    assert profile == "cpu"
    assert (settings.seeds, settings.device, settings.epochs, settings.lr) == ((7,), "cpu", 3, 0.5)


def test_a_single_parameter_wins_over_the_overrides():
    assert settings_from(SLUG, {"overrides": {"epochs": 3}, "epochs": 4})[1].epochs == 4


def test_the_parameters_cells_own_defaults_ask_for_nothing():
    asked = {"profile": "smoke", "seeds": None, "device": None, "overrides": None}
    assert settings_from(SLUG, asked) == settings_from(SLUG, {})


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"epoch": 3}, "has no setting 'epoch': did you mean 'epochs'"),
        ({"steps": "banana"}, "has no setting 'steps'"),
        ({"epochs": "banana"}, "epochs: input should be a valid integer"),
        ({"overrides": "epochs=3"}, "overrides must map setting names to values, not be 'epochs=3'"),
        ({"overrides": {3: 4}}, "has no setting 3"),
        ({"profile": "fast"}, "No profile is called 'fast'"),
    ],
)
def test_a_refused_parameter_is_told(asked, told):
    with pytest.raises(SettingsError, match=told):
        settings_from(SLUG, asked)


INJECTED = (
    '# Parameters\nprofile = "cpu"\nseeds = [0, 1]\ndevice = None\noverrides = {"lr": -0.5}\nsteps = 3\n'
)


def test_injected_parameters_are_read_from_the_history():
    history = ["", 'profile = "smoke"', INJECTED, "x = 1"]
    assert injected_parameters(history) == {
        "profile": "cpu",
        "seeds": [0, 1],
        "device": None,
        "overrides": {"lr": -0.5},
        "steps": 3,
    }


@pytest.mark.parametrize(
    "history",
    [[], ["x = 1"], ["# Parameters of the model are counted here\nprint(1)"], ["# Parameters\n"]],
)
def test_without_an_injected_cell_nothing_was_injected(history):
    assert injected_parameters(history) == {}


def test_the_last_injected_cell_counts():
    assert injected_parameters([INJECTED, "# Parameters\nprofile = 'gpu'"]) == {"profile": "gpu"}


def test_numbers_that_python_has_no_literal_for_are_read():
    """Papermill writes them as calls; the settings refuse them by name then."""
    with pytest.raises(SettingsError, match="lr: "):
        settings_from(SLUG, injected_parameters(["# Parameters\nlr = float('nan')\n"]))
