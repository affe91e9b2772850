import numpy as np
import pandas as pd
import pytest
import torch

from mmrepro.papers.piip.boxes import Boxes, resized
from mmrepro.papers.piip.detection import Run, Task
from mmrepro.papers.piip.precision import average_precision
from mmrepro.papers.piip.results import scores_in_pixels
from mmrepro.training.batches import Tensors

SIZES = [(480, 640), (240, 640)]


@pytest.fixture
def task(settings):
    """Two images with a box of 40 x 40 pixels, and in the second one of 120 x 120."""
    large = np.array([[0, 0, 40, 40], [100, 100, 220, 220]], dtype=np.float32)
    truth = [Boxes(large[:1], np.zeros(1, dtype=np.int64)), Boxes(large, np.zeros(2, dtype=np.int64))]
    return Task(Tensors(torch.zeros(0)), Tensors(torch.zeros(0)), truth, SIZES, ("cell",), settings)


@pytest.fixture
def run(task):
    """Find the first image's box and the second image's large one, but not its other."""
    sure = np.ones(1, dtype=np.float32)
    rows = zip(task.truth, (slice(0, 1), slice(1, 2)), strict=True)
    found = [Boxes(each.corners[row], each.labels[row], sure) for each, row in rows]
    precision = average_precision(task.truth, found, task.classes)
    return Run("single", 0, precision, found, pd.DataFrame(), {}, 0.0)


def test_boxes_move_with_their_image_and_keep_the_rest():
    boxes = Boxes(np.array([[64, 24, 128, 48]], dtype=np.float32), np.array([2]), np.ones(1, np.float32))
    moved = resized(boxes, (480, 640), (120, 320))
    assert moved.corners.tolist() == [[32, 6, 64, 12]] and moved.corners.dtype == np.float32
    assert moved.labels is boxes.labels and moved.scores is boxes.scores
    assert np.array_equal(resized(moved, (120, 320), (480, 640)).corners, boxes.corners)


def test_in_the_originals_pixels_the_scores_are_those_of_the_run(task, run):
    found = scores_in_pixels(run, task, None)
    assert found == run.precision.scores
    assert found["AP large"] == pytest.approx(100) and found["AP medium"] < 100 and "AP small" not in found


def test_in_other_pixels_the_same_boxes_have_other_sizes_and_the_same_overlaps(task, run):
    # The first image shrinks to a quarter, the second to a quarter of its width and half of its height.
    found = scores_in_pixels(run, task, (120, 160))
    assert found["AP"] == pytest.approx(run.precision.scores["AP"])
    assert found["AP small"] == pytest.approx(run.precision.scores["AP medium"])
    assert found["AP medium"] == pytest.approx(100) and "AP large" not in found


def test_pixels_in_which_no_box_changes_its_class_of_size_change_nothing(task, run):
    same = [(480, 640), (480, 640)]
    alike = Task(task.train, task.test, task.truth, same, task.classes, task.settings)
    assert scores_in_pixels(run, alike, (456, 608)) == pytest.approx(run.precision.scores)
