import numpy as np
import pandas as pd
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.evidence.claim import Claim
from mmrepro.papers.piip import cells, detection, reading, results
from mmrepro.papers.piip.detector import build_detector, detect, merged_map
from mmrepro.papers.piip.pyramid import PIIP
from mmrepro.papers.piip.receptive import receptive_fields, share_within, silenced
from mmrepro.papers.piip.systems import build_pyramid, compile_blocks, plan_of_system
from mmrepro.papers.settings import SettingsError, resolve_settings
from mmrepro.training.batches import Tensors
from tests.sharing import assert_shares_make_the_batch

from .conftest import make_branch


@pytest.fixture
def task(sample, settings):
    source = sample("bccd")
    train, test = (cells.load_cells(source, split)[:6] for split in ("train", "test"))
    return detection.make_task(train, test, list(cells.CLASSES.values()), settings)


@pytest.fixture
def runs(task):
    return detection.train_systems(task, systems=["inverted", "single"])


def test_runs_repeat_and_do_not_depend_on_workers(task, runs):
    again = detection.train(task, ("single", 1))
    same = results.run_of(runs, "single", 1)
    assert all(torch.equal(value, same.weights[name]) for name, value in again.weights.items())
    assert again.precision.scores == same.precision.scores
    other = results.run_of(runs, "single", 0)
    assert not torch.equal(other.weights["head.classification_head.cls_logits.weight"],
                           same.weights["head.classification_head.cls_logits.weight"])  # fmt: skip


def test_every_branch_of_a_detector_learns(task, settings):
    torch.manual_seed(0)
    net = build_detector(settings.systems["inverted"], settings, 3).train()
    detection.detection_loss(net, task.train.tensors and tuple(t[:2] for t in task.train.tensors)).backward()
    silent = [name for name, each in net.named_parameters() if each.grad is None]
    assert silent == []
    gates = [each for name, each in net.named_parameters() if name.endswith(("gamma", "tau"))]
    assert all(each.grad.abs().sum() > 0 for each in gates)


def test_a_detector_learns_its_images(task, settings):
    one = settings.model_copy(update={"epochs": 60, "batch_size": 6, "seeds": (0,)})
    single = detection.Task(task.train, task.test, task.truth, task.sizes, task.classes, one)
    run = detection.train(single, ("single", 0))
    losses = run.history["loss"]
    assert losses.iloc[-5:].mean() < 0.6 * losses.iloc[:5].mean()


def test_detections_are_in_the_pixels_of_the_original(task, runs, settings):
    net = build_detector(settings.systems["single"], settings, 3)
    net.load_state_dict(results.run_of(runs, "single", 0).weights)
    first = Tensors(*(tensor[:1] for tensor in task.test.tensors))
    small = detect(net, first, [(120, 160)])[0]
    large = detect(net, first, [(480, 640)])[0]
    assert np.allclose(small.corners * 4, large.corners, atol=1e-2)
    assert large.corners[:, 2].max() <= 640 and len(large.scores) <= 30


def test_images_read_as_they_are_needed_are_those_in_memory(task, settings, sample):
    source = sample("bccd")
    train, test = (cells.load_cells(source, split)[:6] for split in ("train", "test"))
    lazy = settings.model_copy(update={"in_memory": False, "seeds": (0,), "loaders": 1})
    read = detection.make_task(train, test, list(cells.CLASSES.values()), lazy)
    assert torch.equal(read.pictures(4), task.pictures(4)) and len(read.pictures(99)) == 6
    one, other = (detection.train(each, ("single", 0)) for each in (task, read))
    assert all(torch.equal(value, other.weights[name]) for name, value in one.weights.items())
    assert one.precision.scores == other.precision.scores


def test_images_without_boxes_train_too(task, settings):
    torch.manual_seed(0)
    net = build_detector(settings.systems["single"], settings, 3).train()
    pixels, boxes, labels = (tensor[:2] for tensor in task.train.tensors)
    loss = detection.detection_loss(net, (pixels, boxes, torch.full_like(labels, -1)))
    loss.backward()
    assert torch.isfinite(loss)


def test_boxes_are_counted_over_the_batch_where_processes_share_it(task, settings, monkeypatch):
    torch.manual_seed(0)
    net = build_detector(settings.systems["single"], settings, 3).train()
    pixels, boxes, labels = (tensor[:3] for tensor in task.train.tensors)
    labels[1] = -1  # one image has no boxes at all
    assert_shares_make_the_batch(
        monkeypatch, detection.detection_loss, net, (pixels, boxes, labels), (2, 3, 4)
    )


def test_flipping_twice_changes_nothing_and_once_mirrors_boxes():
    images, boxes = torch.rand(2, 3, 4, 6), torch.tensor([[[1.0, 0.0, 3.0, 2.0]], [[0.0, 1.0, 6.0, 4.0]]])
    choice = torch.tensor([[True, False], [True, True]])
    once = detection.flipped(images, boxes, choice)
    assert torch.equal(once[0][0], images[0].flip(-1)) and torch.equal(once[0][1], images[1].flip(-1, -2))
    assert once[1].tolist() == [[[3.0, 0.0, 5.0, 2.0]], [[0.0, 0.0, 6.0, 3.0]]]
    twice = detection.flipped(*once, choice)
    assert torch.equal(twice[0], images) and torch.equal(twice[1], boxes)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_zooming_moves_boxes_with_their_pixels(factor):
    images = torch.zeros(1, 3, 40, 80)
    images[:, :, 18:22, 36:44] = 1.0
    boxes, labels = torch.tensor([[[36.0, 18.0, 44.0, 22.0], [0.0, 0.0, 3.0, 3.0]]]), torch.tensor([[1, 2]])
    zoomed, moved, kept = detection.zoomed(images, boxes, labels, factor)
    assert zoomed.shape == images.shape
    left, top, right, bottom = (round(float(edge)) for edge in moved[0, 0])
    assert (right - left, bottom - top) == (round(8 * factor), round(4 * factor))
    assert zoomed[0, 0, top:bottom, left:right].mean() > 0.6
    assert kept.tolist() == [[1, -1 if factor != 1 else 2]]


def test_silencing_all_but_one_changes_the_map_and_all_heard_is_whole(task, runs, settings):
    net = build_detector(settings.systems["inverted"], settings, 3)
    run = results.run_of(runs, "inverted", 0)
    net.load_state_dict(run.weights)
    table = silenced(net, task, ["B", "S", "T"])
    assert table["heard"].tolist() == ["B", "S", "T", "B + S", "B + T", "S + T", "B + S + T"]
    assert table["AP"].iloc[-1] == pytest.approx(run.precision.scores["AP"])
    assert merged_map(net).keep is None


def test_receptive_fields_are_those_of_the_branch():
    torch.manual_seed(0)
    local = PIIP([make_branch(16, (64, 96), window=1)]).eval()  # every token sees itself alone
    field = receptive_fields(local, torch.rand(1, 3, 64, 96))[0]
    assert field.shape == (64, 96) and field.max() == 1
    seen = np.argwhere(field > 0)
    assert seen.min(0).tolist() == [32, 48] and seen.max(0).tolist() == [39, 55]
    assert share_within(field, 200) == pytest.approx(100)
    assert share_within(field, 1) < 1


def test_gains_are_paired_by_seed(runs):
    found = results.gain_rows(runs, ["red cells", "white cells"])
    scores = results.score_rows(runs).set_index(["system", "seed", "metric"])["value"]
    for _, row in found.iterrows():
        kind = f"AP {row['system']}"
        expected = scores["inverted", row["seed"], kind] - scores["single", row["seed"], kind]
        assert row["value"] == pytest.approx(expected)
    assert set(found["seed"]) == {0, 1}


def test_intervals_over_images_hold_the_difference(runs):
    claim = Claim(id="O1", kind="order", sentence="", datasets=("bccd",), metric="AP", source="",
                  systems=("inverted", "single"))  # fmt: skip
    other = claim.model_copy(update={"id": "O2", "systems": ("inverted", "direct")})
    gain = claim.model_copy(
        update={"id": "O7", "metric": results.GAIN, "systems": ("red cells", "white cells")}
    )
    found = results.image_intervals(runs, [claim, other, gain], "bccd")
    assert set(found) == {"O1", "O7"}
    gains = results.gain_rows(runs, ["red cells", "white cells"]).groupby("system")["value"].mean()
    assert found["O7"][0] <= gains["red cells"] - gains["white cells"] <= found["O7"][1]
    means = results.mean_table(results.score_rows(runs), ["AP"]).set_index("system")["AP"]
    assert found["O1"][0] <= means["inverted"] - means["single"] <= found["O1"][1]
    assert isinstance(results.example_row(runs, ("inverted", "single"), 0), int)


def test_pictures_hold_their_answer_and_differ_by_seed():
    pixels, questions, answers = reading.make_pictures(20, (32, 64), 2, seed=3).tensors
    assert pixels.shape == (20, 3, 32, 64) and answers.shape == (20, 2)
    assert set(questions.tolist()) <= {0, 1} and answers.min() >= 0 and answers.max() <= 9
    again, other = (reading.make_pictures(20, (32, 64), 2, seed).tensors[0] for seed in (3, 4))
    assert torch.equal(pixels, again) and not torch.equal(pixels, other)


def test_a_reader_is_causal_and_reads_greedily(settings, images):
    torch.manual_seed(0)
    pyramid = build_pyramid(settings.reading.systems["pyramid"], settings)
    model = reading.Reader(pyramid, 32, 2).eval()
    assert model.merging.grid == (4, 8)
    questions, known = torch.tensor([0, 1]), torch.tensor([[3], [5]])
    scores = model(images, questions, known)
    assert scores.shape == (2, 2, 10)
    assert torch.allclose(scores[:, 0], model(images, questions, known[:, :0])[:, 0], atol=1e-5)
    first = model(images, questions, known[:, :0])[:, 0].argmax(-1)
    assert torch.equal(model.read(images, questions)[:, 0], first)


def test_the_question_decides_the_answer(settings, images):
    torch.manual_seed(0)
    model = reading.Reader(build_pyramid(settings.reading.systems["single"], settings), 32, 1).eval()
    empty = torch.zeros(2, 0, dtype=torch.long)
    left, right = (model(images, torch.full((2,), side), empty) for side in (0, 1))
    assert not torch.allclose(left, right)


def test_readers_train_and_tell_how_many_tokens_they_see(settings):
    found = reading.train_readers(settings.model_copy(update={"seeds": (0,)}))
    assert {run.system: run.tokens for run in found} == {"pyramid": 32, "single": 8}
    assert all(0 <= run.exact <= 100 for run in found)


def test_compiling_touches_blocks_and_injections(settings):
    pyramid = build_pyramid(settings.systems["inverted"], settings)
    compile_blocks(pyramid)
    compiled = [type(each).__name__ for each in pyramid.modules() if each._compiled_call_impl is not None]
    assert compiled.count("Block") == 6 and compiled.count("Injection") == 8


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sizes": [[24, 32], [64, 80]]}, r"3 networks \(B, S, T\) need as many sizes, not 2"),
        ({"windows": [None, 5]}, "need as many windows, not 2"),
        ({"networks": ["B", "S", "X"]}, "uses the network 'X'; networks are T, S, B, E"),
    ],
)
def test_systems_that_cannot_be_are_refused(paper, change, told):
    systems = dict(paper.profiles["smoke"]["systems"])
    systems["inverted"] = {**systems["inverted"], **change}
    with pytest.raises(SettingsError, match=told):
        resolve_settings(paper, "smoke", overrides={"systems": systems})


def test_a_network_known_by_name_has_no_closed_form(paper):
    settings = resolve_settings(paper, "gpu")
    with pytest.raises(MMReproError, match="no closed form"):
        plan_of_system(settings.systems["inverted"], settings)


def test_the_gpu_profile_without_a_gpu_is_refused(paper):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    from mmrepro.training.loop import make_accelerator

    with pytest.raises(MMReproError, match="no CUDA GPU"):
        make_accelerator("cuda")
    assert isinstance(pd.DataFrame(), pd.DataFrame)
