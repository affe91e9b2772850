import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.defects import (
    BLOCK_ALONE,
    SHUFFLED,
    Judging,
    classifier,
    features,
    flattery,
    fold_auc,
    judge_by_module,
    judge_cells,
    judge_seed,
    judge_seeds,
    name_blocks,
    neighbours_in_block,
    rates_of_blocks,
    shares_ordered,
    split,
    within_auc,
)
from mmrepro.papers.space_operator.solar import Cells, read_cells, type_of
from mmrepro.papers.space_operator.solar_sample import write_cells

BLOCKS = np.repeat(np.arange(20), 12)


@pytest.fixture(scope="module")
def leaky():
    """Features that tell the block and nothing else, and blocks that are all sound or all defective."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 1, (20, 30))
    seen = (centres[BLOCKS] + rng.normal(0, 0.2, (240, 30))).astype(np.float32)
    return seen, rng.permutation(20)[BLOCKS] < 10


@pytest.fixture(scope="module")
def honest():
    """Features that tell the defect and nothing of the block."""
    rng = np.random.default_rng(1)
    defective = rng.random(240) < 0.5
    return (defective[:, None] * 1.0 + rng.normal(0, 1, (240, 30))).astype(np.float32), defective


def values(judged, metric):
    rows = judged.rows[judged.rows["metric"] == metric]
    return dict(zip(rows["system"], rows["value"], strict=True))


def test_grouped_folds_never_split_a_block(leaky):
    for seed in range(5):
        for learnt, judged in split("grouped folds", leaky[1], BLOCKS, 5, seed):
            assert not set(BLOCKS[learnt]) & set(BLOCKS[judged])
            assert len(learnt) + len(judged) == 240
    learnt, judged = split("random folds", leaky[1], BLOCKS, 5, 0)[0]
    assert set(BLOCKS[learnt]) & set(BLOCKS[judged])


def test_random_folds_flatter_where_only_the_block_is_told(leaky):
    found = values(judge_seed(*leaky, BLOCKS, Judging(), 0), "AUC")
    assert found["random folds"] > 0.98
    assert found[SHUFFLED] > 0.98
    assert found[BLOCK_ALONE] == 1
    assert abs(found["grouped folds"] - 0.5) < 0.3


def test_folds_do_not_matter_where_the_defect_is_told(honest):
    found = values(judge_seed(*honest, BLOCKS, Judging(), 0), "AUC")
    assert found["random folds"] > 0.95
    assert abs(found["random folds"] - found["grouped folds"]) < 0.03
    assert abs(found[BLOCK_ALONE] - 0.5) < 0.15


def test_leak_controls_tell_both_cases_apart(leaky, honest):
    judging = Judging()
    assert name_blocks(leaky[0], BLOCKS, judging, 0) > 0.95
    assert name_blocks(honest[0], BLOCKS, judging, 0) < 0.2
    near, chance = neighbours_in_block(leaky[0], BLOCKS, judging)
    assert near > 0.95
    assert chance == pytest.approx(11 / 239)
    assert neighbours_in_block(honest[0], BLOCKS, judging)[0] < 0.2


def test_auc_is_that_of_scikit_learn_in_each_fold(honest):
    seen, defective = honest
    parts, decisions = judge_cells(seen, defective, BLOCKS, Judging(), "random folds", 0)
    shares = shares_ordered(parts, defective, decisions)
    each = [roc_auc_score(defective[test], decisions[test]) for _, test in parts]
    assert fold_auc(parts, defective, decisions) == pytest.approx(np.mean(each))
    for (_, test), auc in zip(parts, each, strict=True):
        assert shares[test][defective[test]].mean() == pytest.approx(auc)
        assert shares[test][~defective[test]].mean() == pytest.approx(auc)


def test_each_fold_is_judged_by_a_classifier_of_the_others(honest):
    seen, defective = honest
    parts, decisions = judge_cells(seen, defective, BLOCKS, Judging(), "grouped folds", 3)
    learnt, judged = parts[2]
    alone = classifier(Judging(), seen[learnt], 3).fit(seen[learnt], defective[learnt])
    assert np.allclose(decisions[judged], alone.decision_function(seen[judged]))


def test_pairs_within_blocks_by_hand():
    defective = np.array([True, False, False, True, False, True])
    decisions = np.array([0.9, 0.1, 0.9, 0.2, 0.5, 0.7])
    blocks = np.array([0, 0, 0, 1, 1, 2])
    parts = [(np.arange(0), np.arange(6))]
    # Block 0: one ordered, one tied; block 1: one out of order; block 2 has no pair.
    assert within_auc(parts, defective, decisions, blocks) == pytest.approx(1.5 / 3)
    assert np.isnan(within_auc(parts, defective, decisions, np.arange(6)))


def test_rates_are_of_learnt_cells_of_the_block():
    defective = np.array([True, False, True, True, False, False])
    blocks = np.array([0, 0, 0, 1, 1, 2])
    rates = rates_of_blocks([(np.array([0, 1, 3]), np.array([2, 4, 5]))], defective, blocks)
    assert rates[[2, 4, 5]] == pytest.approx([1 / 2, 1, 2 / 3])


def test_too_few_cells_or_blocks_are_told(leaky):
    defective = leaky[1]
    with pytest.raises(MMReproError, match="5 folds need 5 defective cells and there are 0"):
        split("random folds", np.zeros(240, bool), BLOCKS, 5, 0)
    with pytest.raises(MMReproError, match="5 folds need 5 sound cells and there are 3"):
        split("random folds", np.arange(240) > 2, BLOCKS, 5, 0)
    with pytest.raises(MMReproError, match="3 blocks cannot be kept together in 5 folds"):
        split("grouped folds", defective, np.arange(240) % 3, 5, 0)
    with pytest.raises(MMReproError, match="cells of one class only; ask for fewer than 5"):
        split("grouped folds", np.arange(240) < 12, BLOCKS, 5, 0)
    with pytest.raises(MMReproError, match="images of 100 pixels do not divide by 16"):
        features(np.zeros((1, 100, 100), np.uint8))


def test_blocks_that_cut_through_modules_leak_again(leaky):
    seen, defective = leaky
    numbers = 901 + np.arange(240)  # inside one stretch of a type
    cells = Cells(np.zeros((240, 1, 1), np.uint8), defective * 1.0, type_of(numbers), numbers)
    table = judge_by_module(seen, cells, (6, 12), (0, 1)).groupby("module")["AUC"].mean()
    assert table[6] > 0.9
    assert table[12] < table[6] - 0.2


def test_generated_cells_run_through_twice_alike(tmp_path):
    write_cells(tmp_path, 6)
    cells = read_cells(tmp_path).decided()
    seen = features(cells.images)
    assert seen.shape == (48, 8 * 8 * 8 + 16 * 16)
    judged, again = (judge_seeds(seen, cells, (0, 1), Judging(folds=3, components=20)) for _ in range(2))
    assert all(one.rows.equals(other.rows) for one, other in zip(judged, again, strict=True))
    assert list(judged[0].rows.columns) == ["system", "seed", "metric", "value"]
    by_hand = [one.right["random folds"] - one.right["grouped folds"] for one in judged]
    assert np.allclose(flattery(judged), sum(by_hand) / 2)
