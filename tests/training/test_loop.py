import math

import pytest
import torch
from torch import nn

from mmrepro.errors import MMReproError
from mmrepro.training.batches import Tensors, batches
from mmrepro.training.loop import TrainingSettings, Validation, fit, make_accelerator


def squared(net, batch):
    features, target = batch
    return ((net(features).squeeze(-1) - target) ** 2).mean()


@pytest.fixture
def problem():
    """64 examples of a noisy linear function of three features."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(64, 3, generator=generator)
    target = features @ torch.tensor([1.0, -2.0, 0.5]) + 0.1 * torch.randn(64, generator=generator)
    return Tensors(features, target)


def linear():
    torch.manual_seed(0)
    return nn.Linear(3, 1)


def settings(**given):
    return TrainingSettings(**{"epochs": 3, "lr": 0.01, "weight_decay": 0.0, "batch_size": 16, **given})


def weights(model):
    return torch.cat([part.detach().flatten() for part in model.parameters()])


def train(
    problem, seed=0, model=None, loss=squared, accelerator=None, validation=None, checkpoint=None, **given
):
    model = model or linear()
    history = fit(
        model,
        problem,
        loss,
        settings(**given),
        seed=seed,
        accelerator=accelerator,
        validation=validation,
        checkpoint=checkpoint,
    )
    return model, history


def test_a_linear_model_comes_to_least_squares(problem):
    model, history = train(problem, epochs=300, lr=0.03, batch_size=64)
    features, target = problem.tensors
    design = torch.cat([features, torch.ones(64, 1)], dim=1)
    solution = torch.linalg.lstsq(design, target).solution
    assert torch.allclose(weights(model), solution, atol=1e-3)
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]


def test_one_seed_gives_one_training_and_two_give_two(problem):
    (first, history), (second, again) = train(problem, seed=1), train(problem, seed=1)
    assert torch.equal(weights(first), weights(second))
    assert history["loss"].tolist() == again["loss"].tolist()
    assert not torch.equal(weights(first), weights(train(problem, seed=2)[0]))


def test_gradients_summed_over_two_half_batches_are_those_of_the_whole(problem):
    one = Tensors(*(part[:32] for part in problem.tensors))
    whole, _ = train(one, epochs=1, batch_size=32)
    halves, _ = train(one, epochs=1, batch_size=16, accumulate=2)
    assert torch.allclose(weights(whole), weights(halves), atol=1e-6)
    steps, _ = train(one, epochs=1, batch_size=16)
    assert not torch.allclose(weights(whole), weights(steps), atol=1e-6)


def test_the_settings_decide_on_accumulation_whoever_made_the_accelerator(problem):
    own, _ = train(problem, epochs=2, accumulate=2)
    given, _ = train(problem, epochs=2, accumulate=2, accelerator=make_accelerator("cpu"))
    assert torch.equal(weights(own), weights(given))
    used_before = make_accelerator("cpu")
    train(problem, epochs=1, accumulate=2, accelerator=used_before)
    none, _ = train(problem, epochs=2, accelerator=used_before)
    assert torch.equal(weights(none), weights(train(problem, epochs=2)[0]))


def test_a_clipped_gradient_has_the_norm_that_was_set(problem):
    """AdamW's first average of the gradient is a tenth of it, which shows how long it was."""
    from mmrepro.training import loop

    seen = []
    original = loop.Checkpoint

    class Watched(original):
        def end_epoch(self, *args, **kwargs):
            states = self.optimizer.state_dict()["state"].values()
            seen.append(math.sqrt(sum(float(each["exp_avg"].norm()) ** 2 for each in states)))
            return super().end_epoch(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "Checkpoint", Watched)
        train(problem, epochs=1, batch_size=64, clip_norm=0.5)
        train(problem, epochs=1, batch_size=64)
    assert seen[0] == pytest.approx(0.05, rel=1e-4)
    assert seen[1] > 0.1


def test_the_history_has_a_row_an_epoch(problem):
    _, history = train(problem)
    assert list(history.columns) == ["epoch", "loss", "validation_loss", "seconds"]
    assert history["epoch"].tolist() == [0, 1, 2]
    assert history["validation_loss"].isna().all()


def test_the_mean_loss_counts_every_example_once(problem):
    """64 examples in batches of 24: the last batch is smaller and weighs less."""
    frozen = linear()
    expected = squared(frozen, problem.tensors).item()
    validation = Validation(problem, clean=False)
    _, history = train(problem, model=frozen, epochs=1, lr=1e-30, batch_size=24, validation=validation)
    assert history["validation_loss"][0] == pytest.approx(expected, rel=1e-5)
    assert history["loss"][0] == pytest.approx(expected, rel=1e-5)


def test_validation_switches_dropout_off_and_training_on_again(problem):
    modes = []

    def noted(net, batch):
        modes.append(net.training)
        return squared(net, batch)

    train(problem, loss=noted, epochs=2, batch_size=64, validation=Validation(problem, clean=True))
    assert modes == [True, False, True, False]


@pytest.mark.parametrize("clean", [None, False])
def test_early_stopping_needs_clean_validation_data(problem, clean):
    validation = None if clean is None else Validation(problem, clean=clean)
    with pytest.raises(ValueError, match="Early stopping needs validation data that is clean"):
        train(problem, patience=1, validation=validation)


def opposite(problem):
    """Held-out data on which training makes things worse after a while."""
    features, target = problem.tensors
    return Validation(Tensors(features, 0.3 * target), clean=True)


def test_early_stopping_keeps_the_weights_of_the_best_epoch(problem):
    held_out = opposite(problem)
    model, history = train(problem, epochs=200, lr=0.05, patience=3, validation=held_out)
    best = int(history["validation_loss"].idxmin())
    assert len(history) == best + 1 + 3 < 200
    assert squared(model, held_out.data.tensors).item() == pytest.approx(
        history["validation_loss"].min(), rel=1e-5
    )
    until_then, _ = train(problem, epochs=best + 1, lr=0.05, validation=held_out)
    assert torch.equal(weights(model), weights(until_then))


def test_without_early_stopping_the_last_weights_stay(problem):
    held_out = opposite(problem)
    model, history = train(problem, epochs=20, lr=0.05, validation=held_out)
    assert len(history) == 20
    assert squared(model, held_out.data.tensors).item() == pytest.approx(
        history["validation_loss"].iloc[-1], rel=1e-5
    )


def test_an_epoch_without_a_number_is_never_the_best(problem):
    count = iter(range(99))

    def first_is_nan(net, batch):
        value = squared(net, batch)
        return value * math.nan if not net.training and next(count) == 0 else value

    validation = Validation(problem, clean=True)
    model, history = train(
        problem, loss=first_is_nan, epochs=4, batch_size=64, patience=3, validation=validation
    )
    assert math.isnan(history["validation_loss"][0])
    assert squared(model, problem.tensors).item() == pytest.approx(history["validation_loss"].min(), rel=1e-5)


def test_cuda_where_there_is_none_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MMReproError, match="device 'cuda' was asked for, but torch sees no CUDA GPU"):
        make_accelerator("cuda")


def test_the_cpu_computes_in_full_precision():
    made = make_accelerator("cpu")
    assert (made.device.type, made.mixed_precision) == ("cpu", "no")


def test_batches_are_shuffled_by_the_seed_alone():
    data = Tensors(torch.arange(10))

    def order(seed):
        return torch.cat([batch[0] for batch in batches(data, 4, seed=seed)]).tolist()

    assert order(None) == list(range(10))
    assert order(1) == order(1) != order(2)
    assert sorted(order(1)) == list(range(10))


def test_any_dataset_will_do():
    plain = torch.utils.data.TensorDataset(torch.arange(10))
    whole = Tensors(torch.arange(10))
    for one, other in zip(batches(plain, 4, seed=0), batches(whole, 4, seed=0), strict=True):
        assert torch.equal(one[0], other[0])


def test_progress_is_told_in_lines(problem, capsys, monkeypatch):
    monkeypatch.setattr("mmrepro.training.loop._REPORT_EVERY_S", 0.0)
    train(problem, epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    monkeypatch.setattr("mmrepro.training.loop._REPORT_EVERY_S", 1e9)
    train(problem, epochs=2)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"lr": 0},
        {"batch_size": 0},
        {"accumulate": 0},
        {"clip_norm": 0},
        {"patience": 0},
        {"speed": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        settings(**wrong)


def test_the_rate_rises_to_its_peak_and_falls_to_zero(problem):
    rates = []

    def noting(net, batch):
        rates.append(optimizer_rate())
        return squared(net, batch)

    def optimizer_rate():
        import gc

        return next(
            group["lr"]
            for each in gc.get_objects()
            if isinstance(each, torch.optim.AdamW)
            for group in each.param_groups
        )

    train(problem, loss=noting, epochs=5, batch_size=16, lr=0.1, warm_up=0.2)
    assert len(rates) == 20
    assert rates[:4] == pytest.approx([0.025, 0.05, 0.075, 0.1])
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert 0 < rates[-1] < 0.002


def test_a_changing_rate_goes_on_from_a_checkpoint(problem, tmp_path, monkeypatch):
    whole, _ = train(problem, epochs=4, warm_up=0.25)
    monkeypatch.setattr("mmrepro.training.checkpoint.SAVE_EVERY_S", 0)

    class KilledError(Exception):
        pass

    seen = 0

    def dying(net, batch):
        nonlocal seen
        seen += 1
        if seen > 10:
            raise KilledError
        return squared(net, batch)

    with pytest.raises(KilledError):
        train(problem, epochs=4, warm_up=0.25, loss=dying, checkpoint=tmp_path / "run.pt")
    assert (tmp_path / "run.pt").is_file()
    again, _ = train(problem, epochs=4, warm_up=0.25, checkpoint=tmp_path / "run.pt")
    assert torch.equal(weights(again), weights(whole))
