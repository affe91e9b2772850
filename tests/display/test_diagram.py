import pytest

from mmrepro.display.diagram import arrow, block, canvas


def test_words_stand_in_the_middle_of_their_box():
    figure, axis = canvas(10, 4, (5, 2))
    block(axis, (1, 2), (3, 1), "encoder", "red")
    (text,) = axis.texts
    assert text.get_text() == "encoder"
    assert text.get_position() == (2.5, 2.5)
    assert axis.get_xlim() == (0, 10)
    assert figure.get_size_inches() == pytest.approx((5, 2))


def test_an_arrow_points_at_its_end_and_bears_its_words():
    _, axis = canvas(10, 4, (5, 2))
    arrow(axis, (0, 0), (4, 2))
    arrow(axis, (0, 0), (4, 2), "tokens")
    assert [text.get_text() for text in axis.texts] == ["", "", "tokens"]
    assert axis.texts[0].xy == (4, 2)
    assert axis.texts[2].xy == (2, 1)
