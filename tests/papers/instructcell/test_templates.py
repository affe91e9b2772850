import gzip
import json

import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.instructcell import templates
from mmrepro.papers.instructcell.templates import Template


def write(path, content):
    path.write_bytes(gzip.compress(json.dumps(content).encode()))
    return path


def content_of(instruction="Which is {input}?", response="{output}"):
    row = {"instruction": instruction, "response": response}
    other = {"instruction": "Write a {cell_type}.", "response": "{cell_type}: {output}"}
    names = list(templates._NAMES.values())
    return {
        name: {split: [other if "pseudo" in name else row] for split in templates.SPLITS} for name in names
    }


def test_templates_are_read_by_task_and_split(tmp_path):
    found = templates.read_templates(write(tmp_path / "t.json.gz", content_of()))
    assert found["annotation"]["test"] == [Template("Which is {input}?", "{output}")]
    assert templates.names_type_first(found) == 100


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (content_of(instruction="Which is it?"), r"number 1: the instruction has no \{input\}"),
        (content_of(response="Beta"), r"the response has no \{output\}"),
        ({}, "has no templates for cell type annotation, split train"),
    ],
)
def test_a_template_without_its_hole_and_a_missing_split_are_refused(tmp_path, content, told):
    with pytest.raises(MMReproError, match=told):
        templates.read_templates(write(tmp_path / "t.json.gz", content))


def test_what_is_no_gzipped_json_is_told(tmp_path):
    (tmp_path / "t.json.gz").write_text("{}")
    with pytest.raises(MMReproError, match="not readable gzipped JSON"):
        templates.read_templates(tmp_path / "t.json.gz")


def test_holes_are_filled_and_a_value_may_look_like_a_hole():
    assert (
        Template("{input} of {species}", "{output}").fill({"input": "{x}", "species": "mouse"})
        == "{x} of mouse"
    )
    with pytest.raises(MMReproError, match=r"asks for \{drug\}"):
        Template("{input} and {drug}", "{output}").fill({"input": "a"})


def test_counts_tell_sizes_lengths_and_options(official):
    row = templates.counts(official).set_index("task").loc["annotation"]
    assert (row["train"], row["valid"], row["test"], row["all"]) == (8, 2, 2, 12)
    assert row["with options (%)"] == 50


def test_overlap_of_equal_instructions_is_one_and_of_disjoint_ones_zero():
    same = [Template("one two three", "{output}")] * 2
    assert templates.overlap(same, 2).tolist() == [1.0]
    apart = [Template("one two", "{output}"), Template("three four", "{output}")]
    assert templates.overlap(apart, 2).tolist() == [0.0]
    # Two of four words in order, on both sides: recall and precision are a half.
    half = [Template("a b c d", "{output}"), Template("a x b y", "{output}")]
    assert templates.overlap(half, 2).tolist() == [0.5]


def test_a_share_of_the_training_templates_is_kept_and_all_of_the_others(official):
    kept = templates.chosen(official, 40, share=0.5)
    assert len(kept["annotation"]["train"]) == 4
    assert kept["annotation"]["test"] == official["annotation"]["test"]
    with pytest.raises(MMReproError, match="raise max_words"):
        templates.chosen(official, 3)


def test_the_official_templates_are_those_of_the_paper():
    import os
    from pathlib import Path

    mirror = os.environ.get("MMREPRO_MIRROR")
    if mirror is None:
        pytest.skip("MMREPRO_MIRROR is not set, so the official templates are not here")
    counted = templates.counts(
        templates.read_templates(Path(mirror) / "instructcell/instructcell_templates.json.gz")
    ).set_index("task")
    assert counted["all"].to_dict() == {"annotation": 2787, "generation": 2080, "drug response": 2395}
