import pytest

from mmrepro.papers.space_operator.settings import Settings


def test_defaults_are_sound():
    settings = Settings()
    assert settings.reply_times[0] == settings.spoilt[0] == 0.0
    assert settings.size % 32 == 0 and settings.width % (2 * settings.num_heads) == 0


@pytest.mark.parametrize("name", ["reply_times", "spoilt"])
@pytest.mark.parametrize("values", [(0.5, 1.0), (0.0, 0.5, 0.5)])
def test_a_sweep_holds_none_and_nothing_twice(name, values):
    with pytest.raises(ValueError, match="must hold 0, with which the others are compared"):
        Settings(**{name: values})


@pytest.mark.parametrize("heads", [3, 5])
def test_heads_share_the_width(heads):
    with pytest.raises(ValueError, match="twice it must divide width, 64"):
        Settings(num_heads=heads)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("size", 100, "multiple of 32"),
        ("starts", 5, "multiple of 2"),
        ("reply_times", (0.0, -1.0), "greater than or equal to 0"),
        ("spoilt", (0.0, 1.5), "less than or equal to 1"),
        ("cells", "moon", "elpv"),
        ("vision_model", "gpt", "qwen2-vl"),
        ("flights", 1, "greater than or equal to 2"),
    ],
)
def test_values_out_of_range_are_refused(name, value, told):
    with pytest.raises(ValueError, match=told):
        Settings(**{name: value})
