"""Parameters that look like code, are no numbers, or look like another name."""

import copy

import pytest

from mmrepro.errors import MMReproError, shortened
from mmrepro.execution.parameter import settings_from
from mmrepro.papers.paper import PROFILES, load_paper, paper_slugs
from mmrepro.papers.settings import resolve_settings, settings_class
from tests.conftest import SLUG

FLOATS = [
    (slug, name)
    for slug in paper_slugs()
    for name, field in settings_class(load_paper(slug)).model_fields.items()
    if field.annotation is float
]


def numbers_within(value, place=()):
    """Yield the place of every number with a fraction within a setting that holds others."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers_within(inner, (*place, key))
    elif isinstance(value, float):
        yield place


NESTED = sorted(
    {
        (slug, profile, place)
        for slug in paper_slugs()
        for profile in PROFILES
        for place in numbers_within(resolve_settings(load_paper(slug), profile).model_dump())
        if len(place) > 1
    }
)
CODE = [
    "__import__('os').system('touch TRACE')",
    "1; import os; os.system('touch TRACE')",
    '"""\nimport os\nos.system("touch TRACE")\n"""',
    "{{ ''.__class__.__mro__ }}",
    "$(touch TRACE)",
    "`touch TRACE`",
    "\\x27 + open('TRACE', 'w') + \\x27",
    "{open('TRACE', 'w')}",
    "smoke\nimport os",
]
LOOKALIKES = {
    "a Cyrillic letter in a name": {"еpochs": 1},
    "a zero-width space in a name": {"epochs\u200b": 1},
    "wide letters in a name": {"ｅｐｏｃｈｓ": 1},
    "a name turned around": {"\u202eshcope": 1},
    "a Cyrillic letter in a profile": {"profile": "smоke"},
    "wide digits as a number": {"epochs": "１２"},
    "Arabic digits as a number": {"epochs": "٣"},
    "another minus sign": {"lr": "−1"},
    "a dotless letter in a device": {"device": "cudа"},
}
NUMBERS = [float("nan"), float("inf"), -float("inf"), "nan", "inf", "-Infinity", "1e999"]
SEEDS = [[-1], [1.5], [2**64], [10**400], ["0"], [True], "0", 3, [[0]], [None], [], {"0": 1}, [float("nan")]]


def refused(slug, **parameters):
    with pytest.raises(MMReproError) as told:
        settings_from(slug, parameters)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 400
    assert told.value.exit_code == 2


@pytest.mark.hostile("NaN, infinity and numbers beyond all bounds as settings", "refused for every setting")
@pytest.mark.parametrize(("slug", "name"), FLOATS)
def test_what_is_no_number_is_refused(slug, name):
    for value in NUMBERS:
        refused(slug, overrides={name: value})


def test_what_is_no_number_is_refused_within_a_setting_too():
    assert {slug for slug, _, _ in NESTED} >= {"piip", "tarsier2"}
    for slug, profile, (name, *inner, last) in NESTED:
        setting = resolve_settings(load_paper(slug), profile).model_dump()[name]
        for value in (float("nan"), float("inf"), "nan"):
            changed = copy.deepcopy(setting)
            holder = changed
            for key in inner:
                holder = holder[key]
            holder[last] = value
            refused(slug, profile=profile, overrides={name: changed})


@pytest.mark.hostile("seeds that are negative, broken, beyond all bounds, words or repeated", "refused")
@pytest.mark.parametrize("seeds", SEEDS, ids=shortened)
def test_what_is_no_seed_is_refused(seeds):
    refused(SLUG, seeds=seeds)


@pytest.mark.hostile("strings of code as profile, device, seeds, number or name of a setting", "refused")
@pytest.mark.parametrize("code", CODE)
def test_code_is_no_setting(code, tmp_path):
    code = code.replace("TRACE", str(tmp_path / "trace"))
    for parameters in (
        {"profile": code},
        {"device": code},
        {"seeds": code},
        {"epochs": code},
        {"overrides": code},
        {"overrides": {code: 1}},
        {code: 1},
        {"overrides": {"lr": {code: code}}},
    ):
        refused(SLUG, **parameters)
    assert not (tmp_path / "trace").exists()


@pytest.mark.hostile(
    "names and digits of another alphabet that look like ours", "refused, with the right name"
)
@pytest.mark.parametrize("parameters", LOOKALIKES.values(), ids=LOOKALIKES)
def test_what_looks_like_another_name_is_refused(parameters):
    refused(SLUG, **parameters)


@pytest.mark.hostile("a value of a megabyte, and lists in lists", "refused in a sentence of one line")
@pytest.mark.parametrize(
    "value", ["x" * 1_000_000, [[[[]]]] * 1000, {"a": {"b": {}}}, 10**4000, b"\xff", "\0"], ids=shortened
)
def test_a_large_value_is_shown_short(value):
    for name in ("lr", "device", "epochs", "profile"):
        if not (name == "epochs" and value == 10**4000):  # a number, however long
            refused(SLUG, **{name: value})
