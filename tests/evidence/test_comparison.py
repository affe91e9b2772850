import pytest

from mmrepro.evidence.comparison import differences
from tests.evidence.factory import claim, metrics, paired, record

COUNT = [claim("count", margin=5.0)]


def counted(rows):
    return record(claims=COUNT, rows=rows)


def test_a_record_is_like_itself():
    assert differences(record(), record(), {}) == []


def test_records_without_metrics_can_be_compared():
    assert differences(counted([]), counted([]), {}) == []


@pytest.mark.parametrize(("tolerance", "found"), [(0.5, 0), (0.4, 1)])
def test_means_are_held_to_the_tolerance_of_their_metric(tolerance, found):
    new, old = counted(metrics(a=[50, 51])), counted(metrics(a=[50, 50]))
    told = differences(new, old, {"accuracy": tolerance})
    assert len(told) == found
    if told:
        assert told == ["numbers/accuracy/a is 50.5, committed 50, tolerance 0.4"]


def test_without_a_tolerance_a_metric_must_repeat():
    assert differences(counted(metrics(a=[50.001])), counted(metrics(a=[50])), {"loss": 1.0}) == [
        "numbers/accuracy/a is 50.001, committed 50, tolerance 0"
    ]


def test_what_is_missing_or_new_is_named():
    new, old = counted(metrics(a=[50], c=[1])), counted(metrics(a=[50], b=[1]))
    assert differences(new, old, {}) == [
        "numbers/accuracy/b is missing from the new run",
        "numbers/accuracy/c is not in the committed record",
    ]


def test_a_number_in_closed_form_has_a_name_too():
    new, old = (
        record(claims=[claim("value", datasets=(), margin=5.0)], rows=metrics(dataset=None, a=[value]))
        for value in (49, 50)
    )
    assert differences(new, old, {}) == ["closed form/accuracy/a is 49, committed 50, tolerance 0"]


def test_every_changed_verdict_is_told():
    new = record(rows=metrics(**paired(gap=-2.0)))
    told = differences(new, record(), {"accuracy": 100.0})
    assert told == ["verdict of T1: 'not reproduced', committed 'reproduced'"]


def test_a_claim_that_came_or_went_is_told():
    more = record(claims=[claim(), claim(id="T2")])
    assert differences(more, record(), {}) == ["verdict of T2: 'reproduced', committed 'missing'"]
    assert differences(record(), more, {}) == ["verdict of T2: 'missing', committed 'reproduced'"]
