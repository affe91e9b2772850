import pickle

import numpy as np
import pandas as pd
import pytest
import torch

from mmrepro.data.local import LocalData
from mmrepro.papers.ewing_vls import experiment, extractors, finetune, projections, prompts, runs
from mmrepro.papers.ewing_vls import split as splits
from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import SettingsError, resolve_settings

from .conftest import TINY


def test_features_go_to_their_bag_and_padding_is_masked():
    padded = runs.pad(np.array([[1.0], [2.0], [3.0]], np.float32), np.array([1, 0, 1]), 2)
    assert padded.features[..., 0].tolist() == [[2, 0], [1, 3]]
    assert padded.mask.tolist() == [[True, False], [True, True]]


def test_scaling_looks_at_training_patches_alone():
    features = np.random.default_rng(0).normal(3, 2, (12, 2)).astype(np.float32)
    padded = runs.pad(features, np.repeat(np.arange(4), 3), 4)
    found = runs.scaled(padded, np.array([0, 1]))
    known = found[:2][padded.mask[:2]]
    assert torch.allclose(known.mean(0), torch.zeros(2), atol=1e-5)
    changed = features.copy()
    changed[9:] += 100
    other = runs.scaled(runs.pad(changed, np.repeat(np.arange(4), 3), 4), np.array([0, 1]))
    assert torch.equal(found[:3], other[:3])


def test_answers_are_probabilities_for_every_seed_and_what_is_asked(answers, bags):
    for (name, kind, split), by_seed in answers.probabilities.items():
        expected = TINY.seeds[:1] if name == projections.TUNED else TINY.seeds
        assert tuple(by_seed) == expected and (kind, split) in experiment.asked(name)
        for said in by_seed.values():
            assert said.shape == (len(bags.tiles), 3) and np.allclose(said.sum(1), 1)
    aggregators = {kind for name, kind, _ in answers.probabilities if name == "ImageNet"}
    assert aggregators == {"mean", "max", "ABMIL", "TransMIL"}


def test_attention_is_on_real_patches_and_adds_up(answers, bags):
    sizes = np.bincount(bags.tile_of)
    attention = answers.attention["ImageNet", "ABMIL", experiment.STRICT][0]
    assert np.allclose(attention.sum(1), 1)
    assert all(not attention[tile, size:].any() for tile, size in enumerate(sizes))


def test_a_seed_repeats_and_two_seeds_differ(bank, runs):
    again = experiment.run_seed((bank, TINY, 1))
    for key, by_seed in again.answers.probabilities.items():
        assert np.array_equal(by_seed[1], runs[1].answers.probabilities[key][1]), key
    key = "in-domain image-text", "ABMIL", experiment.STRICT
    assert not np.array_equal(runs[0].answers.probabilities[key][0], runs[1].answers.probabilities[key][1])


def test_a_seed_travels_between_processes(bank, runs):
    there = pickle.loads(pickle.dumps(runs[0]))
    features = bank.captioned[:4, 0]
    told, back = (
        prompts.nearest_captions(r.pocket, features, bank.corpus.concepts) for r in (runs[0], there)
    )
    assert (
        np.array_equal(told, back)
        and there.answers.probabilities.keys() == runs[0].answers.probabilities.keys()
    )


def test_tuning_leaves_tower_and_projection_as_they_were(bank, runs):
    before = bank.tower.weights_sha256
    model = {name: value.clone() for name, value in runs[0].pocket.state_dict().items()}
    tuned, history = projections.train_tuned(
        bank.tower, bank.corpus, bank.captioned_maps, runs[0].pocket, runs[0].held.train, TINY, 0
    )
    assert bank.tower.weights_sha256 == before and len(history) == 1
    assert all(torch.equal(value, model[name]) for name, value in runs[0].pocket.state_dict().items())
    first = next(iter(tuned.blocks.parameters()))
    assert not torch.equal(first, next(iter(bank.tower.tower.high_blocks.parameters())))
    assert not tuned.train().blocks.training  # batch statistics stay


def test_learnable_bags_are_learnt(bags, rng):
    centres = rng.normal(size=(3, 20)) * 2
    features = (centres[bags.labels[bags.tile_of]] + rng.normal(size=(len(bags.patches), 20))).astype(
        np.float32
    )
    padded = runs_of(features, bags)
    found = splits.folds(bags, "patients left out", 2, 0)
    settings = TINY.model_copy(update={"head_epochs": 60, "head_lr": 1e-2})
    said, _ = runs.cross_validate("ABMIL", padded, bags.labels, found, settings, 0)
    assert np.mean(said.argmax(1) == bags.labels) > 0.9


def runs_of(features, bags):
    return runs.pad(features, bags.tile_of, len(bags.tiles))


def test_cores_are_answered_with_every_aggregator(cores):
    found = experiment.run_cores(cores, TINY, map).probabilities
    assert {kind for _, kind, _ in found} == {"mean", "max", "ABMIL", "TransMIL"}
    assert all(tuple(by_seed) == (0,) and by_seed[0].shape == (12, 2) for by_seed in found.values())


def test_prompts_name_held_out_images_and_rows_tell_how(bank, runs):
    rows = pd.DataFrame(prompts.naming_rows(bank, runs))
    assert set(rows["system"]) == {prompts.ZERO_SHOT, prompts.CLASSIFIER, prompts.CHANCE}
    assert rows["value"].between(0, 100).all()
    worded = prompts.wording_table(bank, runs)
    spread = pd.DataFrame(prompts.wording_rows(worded)).set_index("seed")["value"]
    own = worded[worded["seed"] == 0]["accuracy"]
    assert spread[0] == pytest.approx(own.max() - own.min())
    few = prompts.few_shot_table(bank, runs)
    assert set(few["shots"]) == set(prompts.SHOTS) and few["accuracy"].between(0, 100).all()
    assert prompts.concept_heat(bank, runs[0]).shape[1] == 16


def test_the_nearest_caption_is_the_one_of_largest_mean_cosine(bank, runs):
    features = bank.captioned[:5, 0]
    every = [
        prompts.similarities(runs[0].pocket, features, [wording.format(c) for c in bank.corpus.concepts])
        for wording in prompts.WORDINGS
    ]
    found = prompts.nearest_captions(runs[0].pocket, features, bank.corpus.concepts)
    assert np.array_equal(found, np.mean(every, 0).argmax(1))
    assert np.abs(every[0]).max() <= 1 + 1e-5


class Small(extractors.Tower):
    """A tower that can be fine-tuned in no time."""

    width = 4

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 4, 8, 8)

    def forward(self, images):
        return self.layer(images).relu().mean((2, 3))


def test_fine_tuning_trains_a_copy_and_answers_every_tile(bags):
    extractor = extractors.Extractor("small", Small(), "imagenet")
    before = extractor.weights_sha256
    settings = TINY.model_copy(update={"fine_epochs": 1})
    found = splits.folds(bags, experiment.STRICT, 2, 0)
    said = finetune.fine_tune(extractor, bags, found, "ABMIL", settings, 0)
    assert said.shape == (len(bags.tiles), 3) and np.allclose(said.sum(1), 1)
    assert extractor.weights_sha256 == before
    model = finetune.EndToEnd(extractor, finetune.Head("mean", 4, 3))
    mask = torch.tensor([[True, False], [True, True]])
    model(torch.randn(2, 2, 3, 32, 32), mask).sum().backward()
    assert model.tower.layer.weight.grad.abs().sum() > 0


def test_plip_takes_the_place_of_the_pocket_edition(bags, corpus, sample, clip_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path))
    settings = TINY.model_copy(
        update={"seeds": (0,), "in_domain": "plip", "general": True, "tuned_seeds": 0, "fine_tuned": False}
    )
    folder, _ = clip_folder
    held = LocalData("ewing-vls", "plip", folder, "stand-in", "", "", "", "user", ())
    bank = experiment.make_bank(bags, corpus, settings, lambda name: held)
    assert bank.target["in-domain image-text"].shape[1] == 8 and bank.maps is None
    keys = experiment.run_seed((bank, settings, 0)).answers.probabilities
    names = {name for name, *_ in keys}
    assert {"in-domain image-text", "general image-text", "pocket image-text"} <= names


def test_settings_are_refused_before_anything_runs():
    paper = load_paper("ewing-vls")
    for wrong in ({"imagenet": "resnet"}, {"transmil_size": 12}, {"duplicate_similarity": 1.0}, {"folds": 1}):
        with pytest.raises(SettingsError):
            resolve_settings(paper, "smoke", overrides=wrong)
    assert resolve_settings(paper, "gpu").in_domain == "plip"
