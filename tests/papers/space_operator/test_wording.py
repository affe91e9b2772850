import os
from pathlib import Path

import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.prompt import told, understood
from mmrepro.papers.space_operator.wording import FORM, OURS, read_wording

MIRROR = os.environ.get("MMREPRO_MIRROR")
TEMPLATES = """# Comments
PE_SYSTEM_PROMPT_NAVBALL="An older one."
PE_SYSTEM_PROMPT_NAVBALL="You chase
a \\"target\\"."

PE_USER_PROMPT="{CoT}Given these observations {obs}, what now?"
PE_USER_PROMPT_odd="Given nothing, what now?"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text(TEMPLATES)
    return path


def test_templates_are_read_as_the_authors_load_them(file):
    wording = read_wording(file)
    assert wording.system == f'You chase a "target". {FORM}'  # the last of its name, on one line
    assert wording.asks("speed 1.0 m/s") == "Given these observations speed 1.0 m/s, what now?"


def test_a_missing_section_is_told(file):
    with pytest.raises(MMReproError, match=r"prompts\.txt lacks the section LBG_USER_PROMPT"):
        read_wording(file, user="LBG_USER_PROMPT")
    with pytest.raises(MMReproError, match=r"PE_USER_PROMPT_odd of prompts\.txt has no \{obs\}"):
        read_wording(file, user="PE_USER_PROMPT_odd")


@pytest.mark.skipif(not MIRROR, reason="MMREPRO_MIRROR is not set, so there are no real data here")
@pytest.mark.parametrize("game", ["PE", "LBG"])
def test_the_authors_own_templates_are_read(game):
    path = Path(MIRROR) / "space-operator/kspdg_logs/alex_prompts.txt"
    system = "PE_SYSTEM_PROMPT_NAVBALL" if game == "PE" else "LBG_SYSTEM_PROMPT"
    wording = read_wording(path, system, f"{game}_USER_PROMPT")
    assert wording.system.startswith("You operate as an autonomous agent")
    assert "best throttle to capture" in wording.asks("X") and "{" not in wording.asks("X")


def test_the_form_of_a_reply_can_be_read():
    example = FORM.split("Example: ")[1]
    assert told(understood(example)) == example
    assert OURS.asks("abc").startswith("Observations: abc.")
