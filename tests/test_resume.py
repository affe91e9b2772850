import random

import numpy as np
import pytest
import torch

from mmrepro import resume
from mmrepro.resume import next_place, part, resumable, start, stored

KEY = "0123abcd"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of a run that can be resumed."""
    folder = tmp_path / f"{KEY}-cpu-smoke"
    monkeypatch.setenv(resume.FOLDER_VARIABLE, str(folder))
    start(KEY)
    return folder


calls = []


@resumable
def drawn(number, fail=False):
    """Draw from every global source."""
    calls.append(number)
    if fail:
        raise KeyboardInterrupt
    return number, random.random(), float(np.random.rand()), float(torch.rand(()))


@resumable
def several(count, stop_at=None):
    return [drawn(number, fail=number == stop_at) for number in range(count)]


@pytest.fixture(autouse=True)
def _seeded():
    calls.clear()
    seed()


def seed():
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


def test_without_a_folder_nothing_is_kept(monkeypatch, tmp_path):
    monkeypatch.delenv(resume.FOLDER_VARIABLE, raising=False)
    assert next_place("fit") is None
    assert drawn(1) != drawn(1)
    assert calls == [1, 1]
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_takes_what_the_first_one_finished(folder):
    first = [drawn(1), drawn(2)]
    after = torch.rand(()), random.random(), np.random.rand()
    assert start(KEY)
    seed()
    assert [drawn(1), drawn(2)] == first
    assert calls == [1, 2]
    assert (torch.rand(()), random.random(), np.random.rand()) == after


def test_a_broken_part_keeps_the_parts_within_it(folder):
    whole = several(3)
    seed()
    start(KEY)
    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(KeyboardInterrupt):
        several(3, stop_at=2)
    seed()
    start(KEY)
    calls.clear()
    assert several(3) == whole
    assert calls == [2]


def test_a_finished_part_lets_go_of_what_lies_within_it(folder):
    several(2)
    assert [path.name for path in folder.iterdir()] == ["test_resume.several-1.part"]


def test_the_nth_call_is_not_another(folder):
    drawn(1)
    start(KEY)
    assert drawn(1)[0] == 1
    assert drawn(2)[0] == 2


@pytest.mark.fault("a finished part of a killed run is damaged", "it is done again")
def test_a_damaged_part_is_done_again(folder):
    first = drawn(1)
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    start(KEY)
    seed()
    assert drawn(1) == first
    assert calls == [1, 1]


def test_a_folder_of_another_key_is_let_go(folder):
    drawn(1)
    assert not start("another")
    assert next_place("fit") is None


def test_a_first_run_has_nothing_to_take(folder):
    assert not start(KEY)
    assert next_place("fit") == folder / "fit-1"
    assert next_place("fit") == folder / "fit-2"


def test_none_can_be_a_result(folder):
    place = next_place("nothing")
    assert part(place, lambda: None) is None
    assert stored(place).result is None
    assert part(place, lambda: 1) is None


def test_what_cannot_be_pickled_is_not_kept_but_the_parts_within_it_are(folder):
    @resumable
    def hooked():
        number = drawn(1)[0]
        return lambda: number

    assert hooked()() == 1
    start(KEY)
    assert hooked()() == 1
    assert calls == [1]
