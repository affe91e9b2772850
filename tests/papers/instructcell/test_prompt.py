import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.instructcell import corpus, prompt, runs
from mmrepro.papers.instructcell.prompt import CELL, CELL_END, SIGNAL, SLOT
from mmrepro.papers.instructcell.templates import TASKS, Template


@pytest.fixture(scope="module")
def tokens():
    texts = [f"User:\nWhich type is {CELL}{SLOT}{SLOT}{CELL_END}?\n\nAssistant:\n", f"Beta{SIGNAL}", "Alpha"]
    return prompt.train_tokenizer(texts, 400, num_slots=2)


def test_special_tokens_stay_whole_and_text_comes_back(tokens):
    ids, mask = tokens.encode([f"Which {tokens.cell_text} is it?", "Beta"])
    assert (ids[0] == tokens.slot).sum() == 2 and mask[1].sum() < mask[0].sum()
    assert tokens.decode(tokens.encode([f"Beta{SIGNAL}"])[0]) == ["Beta"]


def test_targets_end_and_their_padding_is_ignored(tokens):
    targets = tokens.targets(["Beta" + SIGNAL, "Al"])
    assert targets[0].tolist()[-2:] == [tokens.signal, tokens.end] or tokens.end in targets[0].tolist()
    assert -100 in targets[1].tolist() or -100 in targets[0].tolist()
    assert tokens.pad not in targets


def test_a_prompt_that_is_too_long_is_refused_not_cut(tokens):
    with pytest.raises(MMReproError, match="more than 6; lower max_words"):
        tokens.encode(["Which type is it then, after all?"], limit=6)


def test_a_question_frames_the_instruction_and_hides_the_answer(bank):
    cells, rng = bank.sets["pancreas"], np.random.default_rng(0)
    template = Template("{species} {tissue}: {input}? {choices}", "{output}")
    asked, wanted = prompt.ask(cells, 3, "annotation", template, "<x>", "type, then signal", rng)
    assert asked.startswith("User:\nmouse pancreas: <x>? (") and asked.endswith("\n\nAssistant:\n")
    assert wanted == cells.labels[3]
    assert sorted(asked.split("(")[1].split(")")[0].split(", ")) == cells.choices


def test_options_stand_in_changing_order(bank):
    cells, template = bank.sets["pancreas"], Template("{input} {choices}", "{output}")
    orders = {
        prompt.ask(cells, 0, "annotation", template, "", "signal", np.random.default_rng(seed))[0]
        for seed in range(12)
    }
    assert len(orders) > 3


def test_the_answer_before_the_signal_is_a_choice(bank):
    cells, template = bank.sets["pancreas"], Template("Write a {cell_type}.", "{output}")
    rng = np.random.default_rng(0)
    label = str(cells.labels[0])
    assert prompt.ask(cells, 0, "generation", template, "", "type, then signal", rng)[1] == label + SIGNAL
    assert prompt.ask(cells, 0, "generation", template, "", "signal", rng)[1] == SIGNAL


def test_training_examples_share_tasks_alike_and_use_training_cells_only(bank, official):
    splits = runs.split_sets(bank, 0)
    found = prompt.training_examples(bank, splits, official, TASKS, 300, "<x>", "type, then signal", seed=1)
    tasks = [each.task for each in found]
    assert all(abs(tasks.count(task) - 100) <= 1 for task in TASKS)
    allowed = {int(row) for name in bank.sets for row in bank.rows(name, splits[name]["train"])}
    assert {each.row for each in found} <= allowed
    again = prompt.training_examples(bank, splits, official, TASKS, 300, "<x>", "type, then signal", seed=1)
    assert found == again


def test_test_cells_never_meet_training_ones():
    parts = corpus.split_cells(57, 3)
    assert not set(parts["train"]) & (set(parts["test"]) | set(parts["valid"]))
