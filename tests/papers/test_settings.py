import pytest

from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import SettingsError, resolve_settings

PAPER = load_paper("mosei-fusion")


def test_the_profile_gives_the_defaults_and_the_caller_overrides_single_values():
    usual = resolve_settings(PAPER, "smoke")
    asked = resolve_settings(PAPER, "smoke", seeds=[3, 4], device="cpu", overrides={"epochs": 7})
    assert (asked.seeds, asked.device, asked.epochs) == ((3, 4), "cpu", 7)
    same = asked.model_dump(exclude={"seeds", "device", "epochs"})
    assert same == usual.model_dump(exclude={"seeds", "device", "epochs"})


def test_profiles_differ_in_settings_only():
    smoke, cpu = (resolve_settings(PAPER, name) for name in ("smoke", "cpu"))
    assert type(smoke) is type(cpu)
    assert len(smoke.seeds) < len(cpu.seeds)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"profile": "smok"}, "No profile is called 'smok': did you mean 'smoke'"),
        ({"profile": None}, "No profile is called None: valid names are cpu, gpu, smoke"),
        ({"profile": ["cpu"]}, "No profile is called"),
        ({"overrides": {"epoch": 3}}, "mosei-fusion has no setting 'epoch': did you mean 'epochs'"),
        ({"overrides": {"epochs": "banana"}}, "epochs: input should be a valid integer.*it is 'banana'"),
        ({"overrides": {"epochs": 0}}, "epochs: input should be greater than or equal to 1"),
        ({"overrides": {"lr": float("nan")}}, "lr: "),
        ({"seeds": []}, "seeds: .*at least 1 item"),
        ({"seeds": [0, -1]}, r"seeds\.1: input should be greater than or equal to 0 \(it is -1\)"),
        ({"seeds": [0.5]}, r"seeds\.0: input should be a valid integer \(it is 0.5\)"),
        ({"seeds": "0..3"}, "seeds: input should be a valid tuple .*it is '0..3'"),
        ({"seeds": 3}, "seeds: input should be a valid tuple"),
        ({"seeds": [1, 1]}, "seeds.*twice"),
        ({"device": "tpu"}, "device: input should be 'auto', 'cpu' or 'cuda'"),
        ({"overrides": {"time_budget_s": float("nan")}}, "time_budget_s: "),
    ],
)
def test_a_refused_setting_is_told_in_one_sentence(asked, told):
    with pytest.raises(SettingsError, match=told) as caught:
        resolve_settings(PAPER, **{"profile": "smoke", **asked})
    assert "\n" not in str(caught.value)


def test_a_range_of_seeds_is_a_list_of_seeds():
    assert resolve_settings(PAPER, "smoke", seeds=range(3)).seeds == (0, 1, 2)


def test_a_mistake_in_a_profile_is_told_with_its_place():
    wrong = PAPER.model_copy(update={"profiles": {**PAPER.profiles, "smoke": {"epochs": "many"}}})
    with pytest.raises(SettingsError, match=r"paper\.yml of mosei-fusion, profiles\.smoke: epochs: .*'many'"):
        resolve_settings(wrong, "smoke")


def test_a_misspelt_setting_in_a_profile_is_told_with_its_place():
    wrong = PAPER.model_copy(update={"profiles": {**PAPER.profiles, "smoke": {"epoch": 1}}})
    with pytest.raises(SettingsError, match=r"profiles\.smoke: epoch is unknown; did you mean 'epochs'"):
        resolve_settings(wrong, "smoke")
