import subprocess
import sys
import textwrap

import pytest
import torch
from torch import nn

from mmrepro.training import checkpoint
from mmrepro.training.batches import Tensors
from mmrepro.training.checkpoint import Checkpoint, Watch
from mmrepro.training.loop import TrainingSettings, Validation, fit


def data():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(40, 3, generator=generator)
    return Tensors(features, features.sum(dim=1))


def model(width=8):
    """With dropout, so that the state of the random numbers matters."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, width), nn.Dropout(0.5), nn.Linear(width, 1))


def loss(net, batch):
    return ((net(batch[0]).squeeze(-1) - batch[1]) ** 2).mean()


def settings(**given):
    return TrainingSettings(**{"epochs": 6, "lr": 0.01, "batch_size": 8, **given})


class KilledError(Exception):
    pass


BATCHES = 5  # an epoch


@pytest.fixture(autouse=True)
def _saved_after_every_batch(monkeypatch):
    monkeypatch.setattr(checkpoint, "SAVE_EVERY_S", 0)
    monkeypatch.setattr(checkpoint, "_SAVING_SHARE", 0)


class Killed(Watch):
    """A loss that notes itself, and fails after so many batches."""

    def __init__(self, batches=10_000):
        super().__init__()
        self.left = batches

    def __call__(self, net, batch):
        found = loss(net, batch)
        if net.training:
            self.left -= 1
            if self.left < 0:
                raise KilledError
            self.note(loss=found)
        return found


def test_noting_fetches_nothing_from_a_device():
    watch = Watch()
    watch.note(loss=torch.ones((), requires_grad=True) * 2, accuracy=0.5)
    assert watch.rows == [{"loss": 2.0, "accuracy": 0.5}]
    watch.note(loss=torch.empty((), device="meta"))  # it has no value to fetch
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        _ = watch.rows


def run(path=None, loss_of=loss, seed=0, made=None, validation=None, **given):
    made = made if made is not None else model()
    history = fit(made, data(), loss_of, settings(**given), seed=seed, checkpoint=path, validation=validation)
    return made, history


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(left, right) for left, right in pairs)


@pytest.mark.parametrize("done", [0, 1, 4, 5, 7, 29])
def test_a_broken_run_goes_on_to_the_very_weights_of_an_unbroken_one(tmp_path, done):
    watch = Killed()
    unbroken, whole = run(loss_of=watch)
    path = tmp_path / "state.pt"
    with pytest.raises(KilledError):
        run(path, Killed(done))
    assert path.is_file() == (done > 0)
    torch.manual_seed(99)  # whatever the new process did before
    resumed = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1)) if done else model()
    rest = Killed(30 - done)  # no batch is trained again
    _, history = run(path, rest, made=resumed)
    assert same(resumed, unbroken)
    assert history["loss"].tolist() == whole["loss"].tolist()
    assert history["epoch"].tolist() == list(range(6))
    assert rest.rows == watch.rows
    assert len(watch.rows) == 30


def test_it_is_saved_only_between_steps_of_the_optimiser(tmp_path):
    """Gradients that are summed over batches are not in the file."""
    unbroken, _ = run(accumulate=2)
    path = tmp_path / "state.pt"
    with pytest.raises(KilledError):
        run(path, Killed(8), accumulate=2)  # the fifth batch of an epoch steps too: 2, 4, 5, 7
    rest = Killed(30 - 7)
    resumed, _ = run(path, rest, accumulate=2)
    assert rest.left == 0
    assert same(resumed, unbroken)


def test_between_two_savings_lies_the_time_that_it_may_cost(tmp_path, monkeypatch):
    path = tmp_path / "state.pt"
    monkeypatch.setattr(checkpoint, "SAVE_EVERY_S", 3600)
    run(path)
    assert not path.is_file()
    monkeypatch.setattr("mmrepro.training.loop._WORTH_SAVING_S", 0)
    run(path)
    assert path.is_file()  # at the end


def test_seconds_before_the_break_count(tmp_path):
    path = tmp_path / "state.pt"
    with pytest.raises(KilledError):
        run(path, Killed(3))
    saved = torch.load(path, weights_only=True)
    torch.save({**saved, "epoch": (*saved["epoch"][:3], 100.0)}, path)
    _, history = run(path)
    assert history["seconds"][0] > 100
    assert history["seconds"][1:].max() < 100


SCRIPT = """
    import os, signal, sys
    from pathlib import Path
    from mmrepro.training import checkpoint
    from tests.training.test_checkpoint import Killed, KilledError, run
    checkpoint.SAVE_EVERY_S = checkpoint._SAVING_SHARE = 0
    try:
        run(Path(sys.argv[1]), Killed(17))
    except KilledError:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.fault("a training is killed", "the next run goes on with the last saved batch")
def test_a_process_that_was_killed_loses_no_saved_batch(tmp_path):
    path = tmp_path / "state.pt"
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(SCRIPT), str(path)], check=False)
    assert done.returncode == -9
    assert [each.name for each in tmp_path.iterdir()] == ["state.pt"]
    rest = Killed(13)
    resumed, history = run(path, rest)
    assert same(resumed, run()[0])
    assert len(history) == 6


def test_a_finished_run_is_not_trained_again(tmp_path):
    path = tmp_path / "state.pt"
    first, _ = run(path)

    def never(net, batch):
        raise KilledError

    again, history = run(path, never)
    assert same(first, again)
    assert len(history) == 6


def test_a_run_that_stopped_early_stays_stopped(tmp_path):
    path = tmp_path / "state.pt"
    held_out = Validation(Tensors(data().tensors[0], -data().tensors[1]), clean=True)
    asked = {"epochs": 50, "patience": 2, "validation": held_out}
    first, history = run(path, **asked)
    assert len(history) < 50
    again, same_history = run(path, **asked)
    assert same_history.equals(history)
    assert same(first, again)


def test_the_best_weights_survive_a_break(tmp_path):
    path = tmp_path / "state.pt"
    held_out = Validation(Tensors(data().tensors[0], 0.1 * data().tensors[1]), clean=True)
    asked = {"epochs": 12, "patience": 12, "lr": 0.1, "validation": held_out}
    unbroken, whole = run(**asked)
    assert whole["validation_loss"].idxmin() < 9  # else nothing had to survive
    with pytest.raises(KilledError):
        run(path, Killed(10 * BATCHES + 2), **asked)
    resumed, _ = run(path, **asked)
    assert same(resumed, unbroken)


@pytest.mark.parametrize("other", [{"lr": 0.02}, {"seed": 1}, {"batch_size": 4}, {"epochs": 7}])
def test_a_checkpoint_of_another_run_is_ignored(tmp_path, other):
    path = tmp_path / "state.pt"
    run(path)
    fresh, _ = run(**other)
    beside_it, history = run(path, **other)
    assert same(fresh, beside_it)
    assert history["epoch"].tolist() == list(range(other.get("epochs", 6)))


def test_a_checkpoint_of_another_model_is_ignored(tmp_path):
    path = tmp_path / "state.pt"
    run(path)
    fresh, _ = run(made=model(width=9))
    assert same(fresh, run(path, made=model(width=9))[0])


def test_epochs_since_the_best_are_counted_without_those_that_have_no_number():
    made = model()
    optimizer = torch.optim.AdamW(made.parameters())
    loader = torch.utils.data.DataLoader(data(), generator=torch.Generator())
    state = Checkpoint(None, made, optimizer, loader, "plan")
    assert state.epochs_since_best() == 0
    counted = []
    for value in [float("nan"), 3.0, 2.0, 2.0, float("nan"), 1.0]:
        state.note(torch.zeros(()), 1)
        state.end_epoch(value, keep_best=False)
        counted.append(state.epochs_since_best())
    assert counted == [0, 0, 0, 1, 2, 0]
    assert state.best is None
    state.restore_best()  # there is none: nothing happens
