import numpy as np
import pytest

from mmrepro.papers.piip.boxes import Boxes
from mmrepro.papers.piip.precision import average_precision
from mmrepro.papers.piip.results import jackknife_interval


def boxes(corners, labels=None, scores=None):
    array = np.array(corners, dtype=np.float32).reshape(-1, 4)
    labels = np.zeros(len(array), dtype=np.int64) if labels is None else np.array(labels)
    return Boxes(array, labels, None if scores is None else np.array(scores, dtype=np.float32))


def overlap(one, other):
    """Intersection over union of two boxes."""
    left, top = np.maximum(one[:2], other[:2])
    right, bottom = np.minimum(one[2:], other[2:])
    inside = max(0, right - left) * max(0, bottom - top)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return inside / (sum(areas) - inside)


def reference_ap(truth, found, threshold):
    """AP of one class at one IoU threshold: greedy matching, 101 recall points, from the definition."""
    ranked = sorted(
        ((score, image, box) for image, each in enumerate(found)
         for score, box in zip(each.scores, each.corners, strict=True)),
        key=lambda entry: -entry[0],
    )  # fmt: skip
    free = [list(each.corners) for each in truth]
    total, hits, curve = sum(map(len, free)), 0, []
    for rank, (_, image, box) in enumerate(ranked, start=1):
        overlaps = [overlap(box, other) for other in free[image]]
        if overlaps and max(overlaps) >= threshold:
            free[image].pop(int(np.argmax(overlaps)))
            hits += 1
        curve.append((hits / total, hits / rank))
    points = np.linspace(0, 1, 101)
    return float(np.mean([max([p for r, p in curve if r >= point], default=0) for point in points]))


def random_case(seed):
    rng = np.random.default_rng(seed)
    truth, found = [], []
    for _ in range(5):
        corner = rng.uniform(0, 80, (4, 2))
        real = np.concatenate([corner, corner + rng.uniform(10, 60, (4, 2))], 1)
        noise = real + rng.normal(0, 3, real.shape)
        extra = rng.uniform(0, 40, (2, 4)).cumsum(1)[:, [0, 1, 2, 3]]
        extra[:, 2:] = extra[:, :2] + 20
        truth.append(boxes(real))
        found.append(boxes(np.concatenate([noise, extra]), scores=rng.uniform(0, 1, 6)))
    return truth, found


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_an_implementation_from_the_definition(seed):
    truth, found = random_case(seed)
    scores = average_precision(truth, found, ["thing"]).scores
    expected = [reference_ap(truth, found, threshold) for threshold in np.arange(0.5, 1, 0.05)]
    assert scores["AP50"] == pytest.approx(100 * expected[0], abs=0.01)
    assert scores["AP"] == pytest.approx(100 * np.mean(expected), abs=0.2)
    assert scores["AP thing"] == scores["AP"]


def test_a_worked_example():
    truth = [boxes([[0, 0, 10, 10], [50, 50, 60, 60]])]
    found = [boxes([[0, 0, 10, 10]], scores=[0.9])]
    scores = average_precision(truth, found, ["thing"]).scores
    assert scores["AP"] == pytest.approx(100 * 51 / 101)  # full precision up to half of the recall


def test_sizes_and_classes_are_told_apart():
    truth = [boxes([[0, 0, 10, 10], [0, 0, 200, 200]], labels=[0, 1])]
    found = [boxes([[0, 0, 10, 10], [300, 300, 310, 310]], labels=[0, 1], scores=[0.9, 0.8])]
    scores = average_precision(truth, found, ["small thing", "large thing"]).scores
    assert scores["AP small"] == scores["AP small thing"] == pytest.approx(100)
    assert scores["AP large"] == scores["AP large thing"] == 0
    assert "AP medium" not in scores


def test_nothing_found_is_nothing_scored():
    assert average_precision([boxes([[0, 0, 9, 9]])], [boxes([], scores=[])], ["thing"]).scores["AP"] == 0


def test_leaving_out_a_group_is_scoring_the_others():
    truth, found = random_case(7)
    precision = average_precision(truth, found, ["thing"], groups=5)
    for group, value in enumerate(precision.without["AP"]):
        rest = [row for row in range(5) if row != group]
        alone = average_precision([truth[row] for row in rest], [found[row] for row in rest], ["thing"])
        assert value == pytest.approx(alone.scores["AP"])


def test_the_jackknife_of_a_mean_is_its_t_interval():
    from scipy import stats

    values = np.random.default_rng(0).normal(3, 2, 12)
    without = np.array([np.delete(values, place).mean() for place in range(12)])
    low, high = jackknife_interval(values.mean(), without)
    expected = stats.t.interval(0.95, 11, loc=values.mean(), scale=stats.sem(values))
    assert (low, high) == pytest.approx(expected)
