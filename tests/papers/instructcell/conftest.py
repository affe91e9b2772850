import pytest

from mmrepro.data.sample import sample_data
from mmrepro.papers.instructcell import cells, corpus, runs, templates
from mmrepro.papers.instructcell.sample import SAMPLES
from mmrepro.papers.instructcell.settings import Settings

TINY = Settings(
    seeds=(0, 1),
    genes_per_set=40,
    hidden_size=16,
    num_heads=2,
    vocabulary_size=500,
    num_queries=2,
    num_values=2,
    latent_size=3,
    decoder_size=16,
    steps=8,
    batch_size=12,
    max_words=40,
)


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """Obtain a data set's generated sample; the cells that come with scanpy are real."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("cells")
    patch.setenv("MMREPRO_DATA", str(folder / "data"))
    made = {name: sample_data("instructcell", name, write) for name, write in SAMPLES.items()}
    cells.copy_packaged({}, folder)
    patch.undo()

    class Packaged:
        @staticmethod
        def path(name):
            return folder / name

    return {**made, "pbmc68k": Packaged}.__getitem__


@pytest.fixture(scope="session")
def official(sample):
    return templates.read_templates(sample("templates").path("instructcell_templates.json.gz"))


@pytest.fixture(scope="session")
def bank(sample):
    sets = {name: corpus.load_set(name, sample(name)) for name in ("pancreas", "pbmc68k", "pc9")}
    return corpus.make_bank(sets, TINY)


@pytest.fixture(scope="session")
def trained(bank, official, sample):
    return runs.train_systems(bank, official, TINY, sample)
