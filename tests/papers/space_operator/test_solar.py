import numpy as np
import pytest
from PIL import Image

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.solar import LAST, block_of, read_cells, type_of
from mmrepro.papers.space_operator.solar_sample import write_cells


@pytest.fixture
def folder(tmp_path):
    write_cells(tmp_path, 5)
    return tmp_path


def replace_labels(folder, old, new):
    table = folder / "labels.csv"
    table.write_text(table.read_text().replace(old, new, 1))


def test_the_whole_set_makes_as_many_blocks_as_it_has_modules():
    numbers = np.arange(1, LAST + 1)
    sizes = np.bincount(block_of(numbers))
    assert len(sizes) == 44
    assert sizes.min() >= 30 and sizes.max() < 90
    types = type_of(numbers)
    assert all(len(set(types[block_of(numbers) == block])) == 1 for block in range(44))
    assert (np.sum(types == "mono"), np.sum(types == "poly")) == (1074, 1550)


def test_blocks_restart_with_each_type_and_short_ends_join():
    numbers = np.array([1, 60, 61, 120, 121, 2145, 2204, 2205, 2216, 2217, LAST])
    found = block_of(numbers)
    assert list(found[:5]) == [0, 0, 1, 1, 2]
    assert len(set(found[5:9])) == 1  # 72 cells: one block of 60 and 12 more
    assert found[9] == found[8] + 1
    with pytest.raises(MMReproError, match="cell 2625 is not in the data set"):
        block_of(np.array([2625]))


def test_reads_the_table_with_a_heading(folder):
    cells = read_cells(folder, 64)
    assert cells.images.shape == (40, 64, 64)
    assert cells.images.dtype == np.uint8
    assert list(cells.numbers) == sorted(cells.numbers)
    assert set(cells.probability) == {0.0, 1.0}
    assert len(set(cells.blocks.tolist())) == 5


def test_reads_the_package_s_table(folder):
    named = read_cells(folder, 64)
    (folder / "images").mkdir()
    lines = []
    for line in reversed((folder / "labels.csv").read_text().splitlines()[1:]):
        name, probability, kind = line.split(",")
        (folder / name).rename(folder / "images" / name)
        lines.append(f"images/{name}  {probability}   {kind}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    cells = read_cells(folder, 64)
    assert np.array_equal(cells.images, named.images)
    assert np.array_equal(cells.probability, named.probability)


def test_only_cells_that_experts_agree_on_are_decided(folder):
    replace_labels(folder, "cell0003.png,1.0", "cell0003.png,0.3333333")
    replace_labels(folder, "cell0003.png,0.0", "cell0003.png,0.3333333")
    cells = read_cells(folder, 64)
    assert len(cells.decided()) == len(cells) - 1
    assert 3 not in cells.decided().numbers


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("file,defect_probability,type", "file,chance,type", "defect_probability of file is 'chance'"),
        ("0.0", "1.5", "defect_probability of cell.* is '1.5'; it must be from 0 to 1"),
        ("mono", "thin", "type of cell.* is 'thin'; it must be mono or poly"),
        ("mono", "poly", "the cells were numbered anew"),
        ("cell0003.png", "third.png", "does not tell the cell's number"),
        ("cell0003.png", "cell0004.png", "names cell0004.png, which is not there"),
    ],
)
def test_wrong_labels_are_told(folder, old, new, sentence):
    replace_labels(folder, old, new)
    with pytest.raises(MMReproError, match=sentence):
        read_cells(folder)


def test_wrong_tables_and_images_are_told(folder):
    (folder / "cell0003.png").write_bytes(b"no image")
    with pytest.raises(MMReproError, match=r"cell0003\.png is not a readable image"):
        read_cells(folder)
    (folder / "labels.csv").write_text("file,defect_probability,type\n")
    with pytest.raises(MMReproError, match="lists no cell"):
        read_cells(folder)
    (folder / "labels.csv").write_text("cell0001.png,0.0\n")
    with pytest.raises(MMReproError, match="has 2 columns; it needs file, defect_probability, type"):
        read_cells(folder)
    (folder / "labels.csv").unlink()
    with pytest.raises(MMReproError, match="There is no file"):
        read_cells(folder)


def test_a_truncated_image_is_told(folder):
    whole = (folder / "cell0003.png").read_bytes()
    (folder / "cell0003.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MMReproError, match="is not a readable image"):
        read_cells(folder)


def test_generated_cells_do_not_change(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("again")
    write_cells(other, 5)
    assert all((other / path.name).read_bytes() == path.read_bytes() for path in folder.iterdir())
    with Image.open(folder / "cell0003.png") as image:
        assert image.size == (300, 300) and image.mode == "L"
