import pytest

from mmrepro.data import sample
from mmrepro.data.sample import sample_data
from mmrepro.data.tree import hash_folder, tree_sha256
from mmrepro.errors import MMReproError


def write(folder):
    (folder / "numbers").mkdir()
    (folder / "numbers" / "a.csv").write_text("1,2\n")
    (folder / "b.csv").write_text("3\n")


@pytest.fixture
def declared(project):
    project.write(
        numbers={"title": "Real numbers", "licence": "CC-BY-4.0", "files": [project.file("a.csv", b"x")]}
    )
    return project


def test_a_sample_is_data_like_the_real_one_but_says_what_it_is(declared):
    made = sample_data("demo", "numbers", write)
    assert (made.slug, made.name, made.tier, made.source) == ("demo", "numbers", "synthetic", "sample")
    assert made.title == "Generated sample in the layout of: Real numbers"
    assert made.licence == "BSD-3-Clause"
    assert made.files == ("b.csv", "numbers/a.csv")
    assert made.path("numbers/a.csv").read_text() == "1,2\n"
    assert made.sha256 == tree_sha256(hash_folder(made.folder))


def test_the_same_sample_has_one_place(declared):
    first, second = (sample_data("demo", "numbers", write) for _ in range(2))
    assert first == second
    assert len(list(first.folder.parent.iterdir())) == 1


def test_another_sample_does_not_replace_it(declared):
    first = sample_data("demo", "numbers", write)
    other = sample_data("demo", "numbers", lambda folder: (folder / "c.csv").write_text("4\n"))
    assert other.folder != first.folder
    assert first.path("b.csv").read_text() == "3\n"


def test_a_sample_lies_in_the_cache_apart_from_real_data(declared):
    made = sample_data("demo", "numbers", write)
    assert made.folder.parent == declared.cache / "samples" / "demo" / "numbers"


def test_a_writer_that_fails_leaves_nothing(declared):
    def failing(folder):
        write(folder)
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError, match="no luck"):
        sample_data("demo", "numbers", failing)
    assert list((declared.cache / "samples" / "demo" / "numbers").iterdir()) == []


def test_another_process_may_have_been_first(declared, monkeypatch):
    """Its copy is put in place while ours is still being hashed."""
    hashed = sample.hash_folder

    def overtaken(folder):
        files = hashed(folder)
        theirs = folder.parent / tree_sha256(files)
        if not theirs.exists():
            theirs.mkdir()
            write(theirs)
        return files

    monkeypatch.setattr(sample, "hash_folder", overtaken)
    made = sample_data("demo", "numbers", write)
    assert made.path("b.csv").read_text() == "3\n"
    assert len(list(made.folder.parent.iterdir())) == 1


def test_only_a_declared_data_set_has_a_sample(declared):
    with pytest.raises(MMReproError, match="has no data set 'letters'"):
        sample_data("demo", "letters", write)
