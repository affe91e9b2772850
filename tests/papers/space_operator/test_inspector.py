import numpy as np
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.inspector import (
    ALL,
    BLANK,
    MAJORITY,
    TESTS,
    InspectionSettings,
    Inspector,
    accuracy_rows,
    answer_loss,
    answers,
    confusion,
    inspect_seed,
    most_common,
    train_inspector,
)
from mmrepro.papers.space_operator.satellite import FAULTS
from mmrepro.papers.space_operator.sightings import blanked, draw_pictures

TINY = InspectionSettings(train=40, test=20, epochs=1, width=4, size=48)


def test_scores_gradients_and_wrong_sizes():
    net = Inspector(48, 4)
    scores = net(torch.zeros(5, 48, 48, 3, dtype=torch.uint8))
    assert [tuple(each.shape) for each in scores] == [(5, 3), (5, 5), (5, 4)]
    pictures = draw_pictures(10, 0, size=48)
    answer_loss(net, (torch.from_numpy(pictures.images), torch.from_numpy(pictures.labels))).backward()
    assert all(part.grad is not None and torch.isfinite(part.grad).all() for part in net.parameters())
    with pytest.raises(MMReproError, match=r"were shown to an inspector made for \(48, 48, 3\)"):
        net(torch.zeros(1, 64, 64, 3))
    with pytest.raises(MMReproError, match="cannot look at 50 pixels"):
        Inspector(50)


def test_loss_of_indifferent_scores_is_the_mean_logarithm():
    net = Inspector(48, 4)
    for head in net.heads:
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.zeros_(head.bias)
    loss = answer_loss(net, (torch.zeros(2, 48, 48, 3), torch.zeros(2, 3, dtype=torch.long)))
    assert loss.item() == pytest.approx(np.log([3, 5, 4]).mean())


def test_learns_which_panel_is_missing():
    pictures = draw_pictures(500, 0, size=48)
    kept = [row for row, scene in enumerate(pictures.scenes) if scene.fault in ("none", "missing")]
    easy = type(pictures)(pictures.images[kept], tuple(pictures.scenes[row] for row in kept))
    net, history = train_inspector(easy, InspectionSettings(size=48, width=8, epochs=8, batch_size=25), 0)
    assert history["loss"].iloc[-1] < 0.3 * history["loss"].iloc[0]
    test = draw_pictures(200, 1, size=48)
    rows = [row for row, scene in enumerate(test.scenes) if scene.fault in ("none", "missing")]
    told = answers(net, test.images[rows])
    assert np.mean(told[:, 0] == test.labels[rows, 0]) > 0.85
    assert len({tuple(each) for each in answers(net, blanked(test.images[:9]))}) == 1


def test_accuracy_and_floor_by_hand():
    right = np.array([[0, 1, 2], [1, 1, 0], [2, 0, 2], [1, 1, 2]])
    floor = most_common(right, 2)
    assert floor.tolist() == [[1, 1, 2]] * 2
    told = right.copy()
    told[0, 0], told[1, 2] = 2, 1
    found = {row["metric"]: row["value"] for row in accuracy_rows("x", 3, told, right)}
    assert found == {"panel": 75, "fault": 100, "face": 75, ALL: 50}


def test_a_seed_runs_through_twice_alike():
    run, again = inspect_seed(TINY, 1), inspect_seed(TINY, 1)
    assert run.rows.equals(again.rows)
    assert list(run.rows.columns) == ["system", "seed", "metric", "value"]
    systems = {f"{system}, {test}" for system in ("narrow", "wide") for test in TESTS} | {BLANK, MAJORITY}
    assert set(run.rows["system"]) == systems
    table = confusion([run, again], "narrow, seen")
    assert table.sum(axis=1).to_numpy() == pytest.approx([100] * 5)
    assert list(table.columns) == list(FAULTS)
