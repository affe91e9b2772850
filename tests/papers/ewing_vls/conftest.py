import numpy as np
import pytest
import torch

from mmrepro.data.sample import sample_data
from mmrepro.papers.ewing_vls import captions, experiment, microarray, tiles
from mmrepro.papers.ewing_vls.sample import SAMPLES
from mmrepro.papers.ewing_vls.settings import Settings

TINY = Settings(
    seeds=(0, 1),
    max_tiles=6,
    max_captioned=4,
    max_cores=12,
    patch_size=32,
    width=16,
    projection_epochs=2,
    projection_batch=32,
    tuned_epochs=1,
    head_epochs=2,
    head_size=8,
    transmil_size=16,
    folds=2,
    core_seeds=1,
    rounds=60,
)


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """Obtain a data set's generated sample."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MMREPRO_DATA", str(tmp_path_factory.mktemp("ewing")))
    made = {name: sample_data("ewing-vls", name, write) for name, write in SAMPLES.items()}
    patch.undo()
    return made.__getitem__


@pytest.fixture(scope="session")
def bags(sample):
    listed = tiles.list_tiles(sample("osteosarcoma"), TINY.max_tiles)
    return tiles.cut(listed, TINY.patch_size, TINY.grid, TINY.least_tissue)


@pytest.fixture(scope="session")
def corpus(sample):
    return captions.load_corpus(sample("captioned"), TINY.max_captioned)


@pytest.fixture(scope="session")
def cores(sample):
    return microarray.load_cores(sample("ucsb"), TINY.max_cores)


@pytest.fixture(scope="session")
def bank(bags, corpus, sample, tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("MMREPRO_DATA", str(tmp_path_factory.mktemp("features")))
    made = experiment.make_bank(bags, corpus, TINY, sample)
    patch.undo()
    return made


@pytest.fixture(scope="session")
def runs(bank):
    return experiment.run_seeds(bank, TINY, map)


@pytest.fixture(scope="session")
def answers(runs):
    return experiment.gather(runs)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory):
    """A tiny random CLIP, saved as the hub has it."""
    from transformers import CLIPConfig, CLIPModel

    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    model = CLIPModel(
        CLIPConfig(
            projection_dim=8, vision_config={**sizes, "image_size": 64, "patch_size": 32}, text_config=sizes
        )
    )
    folder = tmp_path_factory.mktemp("clip")
    model.save_pretrained(folder)
    return folder, model.eval()
