import numpy as np
import pytest
from PIL import Image

from mmrepro.errors import MMReproError
from mmrepro.papers.ewing_vls import stain, tiles

from .conftest import TINY


@pytest.fixture
def tile(tmp_path):
    """Save an image as a tile."""

    def save(image, name="tile.png"):
        image.save(tmp_path / name)
        return tiles.Tile(tmp_path / name, "Viable", "P1", "A1")

    return save


def stained(side=64, glass=0):
    """A square of pink dots on pink, with `glass` columns of near white."""
    rng = np.random.default_rng(0)
    pixels = np.clip(np.array([200, 110, 170]) + rng.normal(0, 12, (side, side, 3)), 0, 255)
    pixels[:, :glass] = rng.integers(240, 246)
    return Image.fromarray(pixels.astype(np.uint8))


def test_names_tell_label_patient_and_block():
    told = tiles._NAME.fullmatch("Non-Viable-Tumor___Case-48-P5-C18-17610-25605_104.jpg")
    assert told.groupdict() == {"label": "Non-Viable-Tumor", "patient": "Case-48", "block": "C18"}
    told = tiles._NAME.fullmatch("Non-Tumor___P9-B12-15791-34183_103.jpg")
    assert (told["patient"], told["block"]) == ("P9", "B12")


def test_a_name_that_tells_nothing_is_refused(sample):
    class Other:
        files = ("picture_1.jpg",)

    with pytest.raises(MMReproError, match=r"picture_1\.jpg does not tell label, patient and block"):
        tiles.list_tiles(Other)
    assert len(tiles.list_tiles(sample("osteosarcoma"), 4)) == 12


def test_patches_are_where_their_cells_say(tile):
    image = stained(64)
    bags = tiles.cut([tile(image), tile(stained(64, glass=40), "other.png")], 16, 4, 0.5)
    whole = np.asarray(image)
    own = bags.tile_of == 0
    for patch, (row, column) in zip(bags.patches[own], bags.cells[own], strict=True):
        assert np.array_equal(patch, whole[16 * row : 16 * row + 16, 16 * column : 16 * column + 16])


def test_glass_is_left_out_and_pale_tissue_is_not(tile):
    pale = Image.fromarray(np.uint8(0.25 * np.asarray(stained(64)) + 0.75 * 245))
    bags = tiles.cut([tile(stained(64, glass=32)), tile(pale, "pale.png")], 16, 4, 0.5)
    assert (bags.cells[bags.tile_of == 0][:, 1] >= 2).all() and (bags.tile_of == 0).sum() == 8
    assert (bags.tile_of == 1).sum() == 16


def test_a_tile_without_tissue_is_named(tile):
    glass = tile(stained(64, glass=64), "empty.png")
    with pytest.raises(MMReproError, match=r"empty.png holds no tissue: no patch has 50% of pixels"):
        tiles.cut([tile(stained(64)), glass], 16, 4, 0.5)


def test_a_tile_smaller_than_its_patches_is_refused(tile):
    with pytest.raises(MMReproError, match="64 x 64 pixels; 4 x 4 patches of 32 pixels need 128 x 128"):
        tiles.read_tile(tile(stained(64)), 32, 4)


@pytest.mark.parametrize("mode", ["L", "RGBA", "I;16", "P"])
def test_an_image_that_is_not_rgb_is_refused(tile, mode):
    image = Image.fromarray(np.zeros((64, 64), np.uint16)) if mode == "I;16" else stained(64).convert(mode)
    with pytest.raises(MMReproError, match=f"image of mode {mode}; stained tissue is 8-bit RGB"):
        tiles.read_image(tile(image).path)


def test_unreadable_and_truncated_images_are_named(tile, tmp_path):
    whole = tile(stained(256), "whole.jpg").path.read_bytes()
    (tmp_path / "short.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no image")
    for name in ("short.jpg", "text.jpg"):
        with pytest.raises(MMReproError, match=f"{name} is not a readable image .*fetch it again"):
            tiles.read_image(tmp_path / name)


def test_own_tables_are_read_and_their_mistakes_named(tile, tmp_path):
    tile(stained(64), "a.png")
    table = tmp_path / "tiles.csv"
    table.write_text("path,label,patient,block\na.png,Viable,P1,A1\n")
    assert tiles.list_own_tiles(table) == (tiles.Tile(tmp_path / "a.png", "Viable", "P1", "A1"),)
    table.write_text("path,label,patient\na.png,Viable,P1\n")
    with pytest.raises(MMReproError, match="has no column 'block'"):
        tiles.list_own_tiles(table)
    table.write_text("path,label,patient,block\nb.png,Viable,P1,A1\n")
    with pytest.raises(MMReproError, match=r"names b.png, and there is no such file"):
        tiles.list_own_tiles(table)
    table.write_text("path,label,patient,block\na.png,,P1,A1\n")
    with pytest.raises(MMReproError, match="has an empty field"):
        tiles.list_own_tiles(table)


def test_blocks_of_two_patients_never_share_a_name(bags):
    assert len({block.split()[0] for block in bags.blocks}) == len(set(bags.patients))
    assert len(bags.labels) == len(bags.tiles) == 3 * TINY.max_tiles


def test_reinhard_gives_a_tile_the_mean_colour_of_its_target():
    target, other = np.asarray(stained(64)), np.uint8(np.clip(np.asarray(stained(64)) * 0.7, 0, 255))
    moved = stain.reinhard(target)(other)
    assert np.abs(moved.mean((0, 1)) - target.mean((0, 1))).max() < 4
    assert np.abs(stain.reinhard(target)(target).astype(int) - target).max() <= 3


def test_normalising_leaves_the_target_and_brings_the_rest_nearer(bags):
    target = stain.middle(bags)
    changed = stain.normalise(bags, target)
    before, after = (stain.looks(bags, patches) for patches in (bags.patches, changed))
    assert after["blue"].std() < before["blue"].std()
    own = bags.tile_of == target
    assert np.abs(changed[own].astype(int) - bags.patches[own]).mean() < 3
