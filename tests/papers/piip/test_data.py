import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from mmrepro.data.store import fetch
from mmrepro.errors import MMReproError
from mmrepro.papers.piip.annotations import box_frame, load_annotations
from mmrepro.papers.piip.boxes import checked, thinned
from mmrepro.papers.piip.cells import load_cells, read_annotation
from mmrepro.papers.piip.coco import load_coco
from mmrepro.papers.piip.detection import AnnotatedImages
from mmrepro.papers.piip.scenes import Scenes, list_scenes


@pytest.fixture
def one(sample, tmp_path):
    """One annotation of the sample, to be spoilt: the file, and the folder of images."""
    source = sample("bccd")
    copy = tmp_path / "BloodImage_00000.xml"
    copy.write_text(source.path("Annotations/BloodImage_00000.xml").read_text())
    return copy, source.folder / "JPEGImages"


def spoil(path, old, new):
    path.write_text(path.read_text().replace(old, new, 1))


def test_the_sample_reads_like_the_real_data(sample):
    splits, classes = load_annotations(sample("bccd"))
    assert sum(each.degenerate for images in splits.values() for each in images) == 1
    frame = box_frame(splits["train"], classes)
    medians = frame.groupby("class")["size"].median()
    assert medians["platelets"] < medians["red cells"] < medians["white cells"]


def test_a_box_without_area_is_refused_unless_it_is_dropped(sample):
    source = sample("bccd")
    path, images = source.path("Annotations/BloodImage_00003.xml"), source.folder / "JPEGImages"
    with pytest.raises(MMReproError, match=r"BloodImage_00003.xml: the box 0, 0, 0, 0 has no area"):
        read_annotation(path, images)
    kept = read_annotation(path, images, drop_degenerate=True)
    assert (len(kept.boxes.labels), kept.degenerate) == (10, 1)


def test_boxes_given_as_width_and_height_are_caught():
    with pytest.raises(MMReproError, match="not width and height"):
        checked(np.array([[100, 80, 40, 30]], dtype=np.float32), (480, 640), "x.xml", drop_degenerate=False)


def test_spoilt_annotations_are_told(one):
    path, images = one
    spoil(path, "<name>WBC</name>", "<name>WBCs</name>")
    with pytest.raises(MMReproError, match="class 'WBCs': did you mean 'WBC'"):
        read_annotation(path, images)
    spoil(path, "<name>WBCs</name>", "<name>WBC</name>")
    spoil(path, "<xmax>", "<xmax>9")
    with pytest.raises(MMReproError, match="leaves the image of 640 x 480 pixels"):
        read_annotation(path, images)
    spoil(path, "<xmax>9", "<xmax>nine")
    with pytest.raises(MMReproError, match="numeric boxes"):
        read_annotation(path, images)
    path.write_text("no XML")
    with pytest.raises(MMReproError, match="not a Pascal VOC annotation"):
        read_annotation(path, images)


def test_an_annotation_without_its_image_is_told(one, tmp_path):
    with pytest.raises(MMReproError, match=r"annotates BloodImage_00000.jpg, which is not in"):
        read_annotation(one[0], tmp_path)


def test_an_image_without_cells_is_allowed(one):
    path, images = one
    root = ElementTree.parse(path)
    for each in root.getroot().findall("object"):
        root.getroot().remove(each)
    root.write(path)
    empty = read_annotation(path, images)
    assert empty.boxes.corners.shape == (0, 4)
    pixels, boxes, labels = AnnotatedImages([empty], (24, 32))[0]
    assert (pixels.shape, boxes.shape, labels.tolist()) == ((3, 24, 32), (1, 4), [-1])


def test_boxes_shrink_with_their_image(sample):
    annotations = load_cells(sample("bccd"), "test")
    pixels, boxes, labels = AnnotatedImages(annotations, (120, 160)).in_memory().tensors
    assert pixels.shape == (12, 3, 120, 160) and pixels.dtype.is_floating_point is False
    first = annotations[0].boxes
    assert np.allclose(boxes[0, : len(first.labels)], first.corners / 4)
    assert labels[0, : len(first.labels)].tolist() == first.labels.tolist()


def test_thinning_keeps_an_even_spread(sample):
    annotations = load_cells(sample("bccd"), "train")
    assert [each.name for each in thinned(annotations, 3)] == [annotations[row].name for row in (0, 11, 23)]
    assert thinned(annotations, None) == thinned(annotations, 99) == annotations


@pytest.fixture
def coco(tmp_path):
    """A folder in COCO's layout with two images, one box without area and one crowd."""
    for name in ("annotations", "val2017"):
        (tmp_path / name).mkdir()
    for number in (1, 2):
        Image.new("RGB", (60, 40)).save(tmp_path / f"val2017/{number:012d}.jpg")
    images = [{"id": n, "file_name": f"{n:012d}.jpg", "height": 40, "width": 60} for n in (1, 2)]
    box = {"image_id": 1, "category_id": 44, "iscrowd": 0, "area": 100.0}
    annotations = [
        box | {"id": 1, "bbox": [5, 5, 10, 20]},
        box | {"id": 2, "bbox": [50, 30, 10.02, 10]},
        box | {"id": 3, "bbox": [1, 1, 0, 5]},
        box | {"id": 4, "bbox": [1, 1, 30, 30], "iscrowd": 1},
    ]
    content = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 18, "name": "dog"}, {"id": 44, "name": "bottle"}],
    }
    path = tmp_path / "annotations/instances_val2017.json"
    path.write_text(json.dumps(content))
    return path, content


def test_coco_gives_its_validation_images_as_the_test(coco, monkeypatch):
    path, content = coco
    (path.parents[1] / "train2017").mkdir()
    (path.parent / "instances_train2017.json").write_text(
        json.dumps(content | {"images": [], "annotations": []})
    )
    monkeypatch.setenv("MMREPRO_COCO", str(path.parent / "instances_train2017.json"))
    splits, classes = load_annotations(fetch("piip", "coco"))
    assert [len(splits[name]) for name in ("train", "test")] == [0, 2]
    assert classes == ["dog", "bottle"]


def test_cocos_layout_is_read(coco):
    found, names = load_coco(coco[0], "val")
    assert names == ["dog", "bottle"]
    assert found[0].boxes.corners.tolist() == [[5, 5, 15, 25], [50, 30, 60, 40]]
    assert found[0].boxes.labels.tolist() == [1, 1] and found[0].degenerate == 1
    assert (found[1].size, len(found[1].boxes.labels)) == ((40, 60), 0)


def test_spoilt_coco_is_told(coco):
    path, content = coco
    with pytest.raises(MMReproError, match=r"There is no .*instances_train2017\.json; unpack"):
        load_coco(path, "train")
    (path.parents[1] / "val2017/000000000002.jpg").unlink()
    with pytest.raises(MMReproError, match=r"name 000000000002.jpg, which is not in"):
        load_coco(path, "val")
    path.write_text(json.dumps({"images": content["images"]}))
    with pytest.raises(MMReproError, match="not in the format of COCO"):
        load_coco(path, "val")


def test_scenes_are_read_by_folder(sample):
    source = sample("ucmerced")
    listed, classes = list_scenes(source.folder / "test")
    assert classes == ["disc", "square", "stripes"] and len(listed) == 12
    found = Scenes(listed, (32, 32), 6)
    pixels, labels = found.in_memory().tensors
    assert len(found) == 6 and torch.equal(found[2][0], pixels[2]) and found[2][1] == labels[2]
    assert pixels.shape == (6, 3, 32, 32) and sorted(set(labels.tolist())) == [0, 1, 2]


def test_spoilt_scenes_are_told(tmp_path):
    with pytest.raises(MMReproError, match="one folder of images a class"):
        list_scenes(tmp_path / "none")
    with pytest.raises(MMReproError, match="no class folders"):
        list_scenes(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MMReproError, match="holds no image"):
        list_scenes(tmp_path)
    (tmp_path / "empty/a.jpg").write_text("no image")
    with pytest.raises(MMReproError, match="not a readable image"):
        Scenes(list_scenes(tmp_path)[0], (8, 8))[0]
