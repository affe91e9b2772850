import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from mmrepro.errors import MMReproError
from mmrepro.evidence.record import (
    RunRecord,
    committed_record,
    digest_of,
    read_record,
    record_schema,
    seal,
    write_record,
)
from mmrepro.evidence.verdict import Estimate
from tests.evidence.factory import claim, content, metrics, paired, record

SCHEMA = Path(__file__).resolve().parents[2] / "results" / "record.schema.json"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cpu" / "mosei-fusion.json"


def forge(made, path, edit):
    """Change the JSON of a record and seal it anew, as a careful forger would."""
    changed = json.loads(made.model_dump_json())
    edit(changed)
    changed["digest"] = digest_of(changed)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(changed))


def test_a_record_comes_back_as_it_was_written(path):
    made = record()
    write_record(made, path)
    assert read_record(path) == made
    assert made.claims[0].verdict == "reproduced"
    assert (made.claims[0].dataset, made.claims[0].n_seeds) == ("numbers", 10)


def test_a_record_has_lines_in_which_versions_can_be_compared(path):
    write_record(record(), path)
    assert max(map(len, path.read_text().splitlines())) < 200


def test_the_committed_record_is_there_or_not(path, monkeypatch):
    monkeypatch.setattr("mmrepro.evidence.record.results_dir", lambda: path.parents[1])
    assert committed_record("mosei-fusion") is None
    made = record()
    write_record(made, path)
    assert committed_record("mosei-fusion") == made


@pytest.mark.parametrize(
    "given",
    [
        {"rows": [], "claims": [claim()]},
        {"claims": [claim("value", margin=1.0)], "rows": metrics(a=[50.0])},
        {"claims": [claim("value", datasets=())], "rows": metrics(dataset=None, a=[50.0])},
        {"claims": [claim("ratio")], "rows": metrics(a=[1 / 3] * 7, b=[0.1 * n for n in range(1, 8)])},
        {"claims": [claim(), claim(id="T2", systems=("b", "a"))]},
        {"tier": "stand-in"},
        {
            "estimates": {
                "T1": Estimate(value=0.1, interval=(0.05, 0.2), p_value=0.001, n_seeds=99, basis="items")
            }
        },
    ],
)
def test_every_kind_of_claim_passes_its_own_check(path, given):
    made = record(**given)
    write_record(made, path)
    assert read_record(path) == made


def test_an_interval_over_clusters_passes_the_check(path):
    first = record().claims[0].estimate
    made = record(estimates={"T1": first.model_copy(update={"cluster_interval": (1.0, 3.0)})})
    write_record(made, path)
    assert read_record(path).claims[0].estimate.cluster_interval == (1.0, 3.0)


def test_the_reason_why_a_claim_was_not_testable_is_kept(path):
    from mmrepro.evidence.record import judge

    claims = judge([claim()], [], {"numbers": "paper"}, {}, {"T1": "needs a GPU"})
    made = seal({**content(rows=[]), "claims": claims})
    write_record(made, path)
    found = read_record(path).claims[0]
    assert found.reason == "needs a GPU"
    assert (found.verdict, found.dataset, found.n_seeds) == ("not testable", "numbers", 0)


@pytest.mark.hostile(
    "a run record with a number, claim or data set edited by hand", "refused: its digest does not fit"
)
@pytest.mark.parametrize(
    "edit",
    [
        lambda each: each["metrics"][0].update(value=99.0),
        lambda each: each["claims"][0].update(verdict="not reproduced"),
        lambda each: each["claims"][0].update(interval=[1.0, 2.0]),
        lambda each: each["settings"].update(epochs=4),
        lambda each: each["data"][0].update(sha256="1" * 64),
    ],
)
def test_a_changed_number_is_refused(path, edit):
    made = record()
    changed = json.loads(made.model_dump_json())
    edit(changed)
    path.parent.mkdir()
    path.write_text(json.dumps(changed))
    with pytest.raises(MMReproError, match="was changed after the run"):
        read_record(path)


FORGERIES = {
    "verdict": lambda each: each["claims"][0].update(verdict="compatible"),
    "reason": lambda each: each["claims"][0].update(reason="trust me"),
    "metric": lambda each: each["metrics"][0].update(value=99.0),
    "interval": lambda each: each["claims"][0].update(interval=[1.9, 2.1]),
    "value": lambda each: each["claims"][0].update(value=3.0),
    "estimate": lambda each: each["claims"][0]["estimate"].update(value=2.5),
    "estimate's interval": lambda each: each["claims"][0]["estimate"].update(interval=[1.9, 2.1]),
    "p value": lambda each: each["claims"][0].update(p_value=0.01),
    "seeds": lambda each: each["claims"][0].update(n_seeds=100),
    "tier": lambda each: each["claims"][0].update(tier="closed-form"),
    "data's tier": lambda each: each["data"][0].update(tier="stand-in"),
    "data set": lambda each: each["claims"][0].update(dataset="better"),
    "paper's value": lambda each: each["claims"][0].update(paper_value=2.0),
    "sentence": lambda each: each["claims"][0].update(sentence="A beats everyone."),
    "source": lambda each: each["claims"][0].update(source="somewhere"),
    "unit": lambda each: each["claims"][0].update(unit="per mille"),
    "headline": lambda each: each["claims"][0].update(headline=True),
    "hidden result": lambda each: each["claims"][0].update(
        estimate=None, value=None, interval=None, p_value=None, n_seeds=0, verdict="not testable", reason="-"
    ),
}


@pytest.mark.hostile(
    "a forged run record with a fitting digest", "refused: its verdict is not what its numbers give"
)
@pytest.mark.parametrize("edit", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_record_with_a_fitting_digest_is_refused(path, edit):
    forge(record(), path, edit)
    with pytest.raises(MMReproError, match="the verdict of T1 is not what its numbers give"):
        read_record(path)


def test_the_adjustment_for_many_claims_cannot_be_forged_away(path):
    rows = metrics(**paired(gap=2.0, seeds=5))
    made = record(claims=[claim(), claim(id="T2")], rows=rows)
    assert [result.verdict for result in made.claims] == ["inconclusive"] * 2  # 1/32, twice
    alone = record(claims=[claim()], rows=rows).claims[0]
    assert alone.verdict == "reproduced"

    def edit(each):
        each["claims"][0] = json.loads(alone.model_dump_json())

    forge(made, path, edit)
    with pytest.raises(MMReproError, match="verdict of T1 is not"):
        read_record(path)


def test_the_last_digit_of_another_machine_is_no_forgery(path):
    def edit(each):
        found = each["claims"][0]["estimate"]
        found["interval"][0] *= 1 + 1e-14
        each["claims"][0]["interval"] = found["interval"]

    forge(record(), path, edit)
    assert read_record(path).claims[0].verdict == "reproduced"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", "slug: Field required"),
        ("nothing", "Invalid JSON"),
        ('{"slug": 1}', "slug: Input should be a valid string"),
    ],
)
def test_a_file_that_is_no_record_is_named(path, text, told):
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(MMReproError, match=rf"mosei-fusion\.json is not a run record: .*{told}"):
        read_record(path)


@pytest.mark.parametrize(
    "same",
    [
        {"wall_s": 99.0},
        {"stages": []},
        {"lock": "2" * 64},
        {"started": "2030-01-01T00:00:00Z"},
        {
            "environment": {
                "python": "3.14",
                "platform": "x",
                "cpu": "y",
                "cores": 1,
                "device": "z",
                "packages": {},
            }
        },
        {"code": {"commit": None, "dirty": True, "key": "x"}},
    ],
)
def test_the_digest_does_not_depend_on_when_and_where(same):
    assert record(**same).digest == record().digest


@pytest.mark.parametrize(
    "other",
    [
        {"rows": metrics(**paired(gap=2.1))},
        {"seeds": [0]},
        {"settings": {"epochs": 4}},
        {"profile": "smoke"},
        {"tier": "stand-in"},
    ],
)
def test_the_digest_depends_on_what_was_found(other):
    assert record(**other).digest != record().digest


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_metric_is_a_number(value):
    with pytest.raises(ValidationError, match="finite number"):
        metrics(a=[value])


def test_a_record_holds_nothing_else():
    with pytest.raises(ValidationError, match="Extra inputs"):
        RunRecord.model_validate({**content(), "digest": "", "comment": "nice"})


def test_the_committed_schema_is_that_of_the_code():
    assert SCHEMA.read_text() == record_schema(), (
        "results/record.schema.json is out of date; write mmrepro.evidence.record.record_schema() to it"
    )
