import subprocess
import sys
import textwrap

import pytest
import torch
from torch import nn

from mmrepro.training.checkpoint import Checkpoint
from mmrepro.training.loop import Tensors, TrainingSettings, Validation, fit


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


def killed_after(epochs):
    """A loss that fails in the first batch after so many epochs of five batches."""
    count = iter(range(10_000))

    def failing(net, batch):
        if net.training and next(count) >= epochs * 5 + 2:
            raise KilledError
        return loss(net, batch)

    return failing


def run(path=None, loss_of=loss, seed=0, made=None, validation=None, **given):
    made = made if made is not None else model()
    history = fit(made, data(), loss_of, settings(**given), seed=seed, checkpoint=path, validation=validation)
    return made, history


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(left, right) for left, right in pairs)


@pytest.mark.parametrize("epochs", [0, 1, 4])
def test_a_broken_run_goes_on_to_the_very_weights_of_an_unbroken_one(tmp_path, epochs):
    unbroken, whole = run()
    path = tmp_path / "state.pt"
    with pytest.raises(KilledError):
        run(path, killed_after(epochs))
    assert path.is_file() == (epochs > 0)
    torch.manual_seed(99)  # whatever the new process did before
    resumed = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1)) if epochs else model()
    _, history = run(path, made=resumed)
    assert same(resumed, unbroken)
    assert history["loss"].tolist() == whole["loss"].tolist()
    assert history["epoch"].tolist() == list(range(6))


SCRIPT = """
    import os, signal, sys
    from pathlib import Path
    from tests.training.test_checkpoint import killed_after, run, KilledError
    try:
        run(Path(sys.argv[1]), killed_after(3))
    except KilledError:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_that_was_killed_loses_no_finished_epoch(tmp_path):
    path = tmp_path / "state.pt"
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(SCRIPT), str(path)], check=False)
    assert done.returncode == -9
    assert [each.name for each in tmp_path.iterdir()] == ["state.pt"]
    resumed, history = run(path)
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
        run(path, killed_after(10), **asked)
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
    for epoch, value in enumerate([float("nan"), 3.0, 2.0, 2.0, float("nan"), 1.0]):
        state.save(epoch, 0.0, value, 0.0, keep_best=False)
        counted.append(state.epochs_since_best())
    assert counted == [0, 0, 0, 1, 2, 0]
    assert state.best is None
    state.restore_best()  # there is none: nothing happens
