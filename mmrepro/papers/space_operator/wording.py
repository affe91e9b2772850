"""What a real vision-language model is told: how it flies, what it sees, and in which form it replies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from mmrepro.errors import MMReproError

FORM = (
    "Reply with the three arguments of perform_action and nothing else: forward, none or backward; "
    "left, none or right; up, none or down. Example: forward none up"
)
"""The authors have their models call a function `perform_action` of three enums, forward, right and down."""
UNSEEN = "in the picture"
"""Told in place of telemetry to one that has only the picture."""


class Wording(NamedTuple):
    """What is said to the model.

    Attributes
    ----------
    system
        Once, at the beginning.
    user
        At every decision, with `{obs}` where the telemetry goes.
    """

    system: str
    user: str

    def asks(self, line: str) -> str:
        """Put telemetry into the question."""
        return self.user.replace("{obs}", line)


OURS = Wording(
    "You fly a spacecraft whose nose points at its target. Observations tell the direction of motion "
    "relative to the target (right, forward, down), distance and speed. In the navball a yellow ring with "
    "wings is where you move to, a yellow ring with a cross where you come from, a red square a guard, and "
    "bars show distance, speed, propellant. Catch the target: close in while it is far, brake when it is "
    f"near, burn against motion sideways, keep away from a guard. {FORM}",
    "Observations: {obs}. Which burn now?",
)
"""Our own short prompt; the authors' is read by `read_wording`."""


def read_wording(
    path: Path, system: str = "PE_SYSTEM_PROMPT_NAVBALL", user: str = "PE_USER_PROMPT"
) -> Wording:
    """Read the authors' prompt from the file of their templates, and add in which form to reply.

    Parameters
    ----------
    system, user
        Names of the sections. As where the file is loaded from, the last of a name counts. The place for
        a chain of thought is left empty. That of the navball says that the third axis points up, though
        its vector and its replies have it point down: the words are left as they are.

    Raises
    ------
    MMReproError
        If a section is missing, or the question has no place for observations.
    """
    text = path.read_text(encoding="utf-8")
    told, asked = _section(text, system, path), _section(text, user, path)
    if "{obs}" not in asked:
        raise MMReproError(f"the section {user} of {path.name} has no {{obs}}, so no telemetry can be told.")
    return Wording(f"{told} {FORM}", asked.replace("{CoT}", ""))


def _section(text: str, name: str, path: Path) -> str:
    """Return a section as one line: its name, an equals sign, and the text in double quotes."""
    found = re.findall(rf'^{re.escape(name)}="((?:[^"\\]|\\.)*)"', text, re.MULTILINE)
    if not found:
        raise MMReproError(f'{path.name} lacks the section {name}; it needs a line {name}="...".')
    return " ".join(found[-1].replace('\\"', '"').split())
