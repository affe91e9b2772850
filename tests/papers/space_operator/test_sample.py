import pytest

from mmrepro.data.sample import sample_data
from mmrepro.papers.space_operator import published, replay, savefile, validation
from mmrepro.papers.space_operator.logs import read_decisions, read_prompts, read_published, read_states
from mmrepro.papers.space_operator.sample import SAMPLES
from mmrepro.papers.space_operator.solar import read_cells

REAL = {"flight_logs", "model_log", "result_sheets", "model_prompts", "orbits", "elpv", "elpv_subset"}


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMREPRO_DATA", str(folder))
        yield {name: sample_data("space-operator", name, write) for name, write in SAMPLES.items()}


def test_every_set_without_a_gate_has_a_sample(sample):
    assert set(sample) == REAL
    assert {each.tier for each in sample.values()} == {"synthetic"}


def test_logs_pass_the_checks_of_real_ones(sample):
    paths = sorted(sample["flight_logs"].folder.rglob("*.csv"))
    logs = [read_states(path) for path in paths]
    assert [len(log) for log in logs] == [1, 1, 24]
    assert all(each.left < 1e-6 for log in logs for each in validation.save_file_offsets(log))
    check = validation.check_burns(logs[-1])
    assert check.count >= 20 and check.gained == pytest.approx(check.expected, rel=1e-3)
    assert validation.late_share(logs[-1]) == 0


def test_decisions_can_be_flown_again(sample):
    (path,) = sample["model_log"].folder.rglob("*.csv")
    moments = replay.replay(read_decisions(path))
    assert len(moments) == 11 and replay.check_replay(moments).worst_distance < 200


def test_sheets_hold_every_scenario_and_kind(sample):
    (path,) = sample["result_sheets"].folder.rglob("*.csv")
    rows = read_published(path)
    assert max(validation.score_errors(rows)) < 1e-12
    gained = published.gains(published.sheet(rows))
    assert published.best_wins(gained) == 4 and (gained["gain"] < 0).sum() == 4


def test_prompts_and_orbits_and_cells_are_read(sample):
    (path,) = sample["model_prompts"].folder.rglob("*.csv")
    assert len(read_prompts(path)) == 4
    (path,) = sample["orbits"].folder.rglob("*.json")
    assert savefile.same_orbits(path) == 14
    assert read_cells(sample["elpv"].folder).defective.any()
