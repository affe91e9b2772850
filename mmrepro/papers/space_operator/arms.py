"""Names of the operators that are compared."""

from __future__ import annotations

from mmrepro.papers.space_operator.policy import Senses

TEACHER = "navball bot (teacher)"
TEXT, PICTURE, BOTH = "telemetry", "picture", "telemetry + picture"
BLANKED, SHUFFLED = "telemetry + blank picture", "telemetry + another's picture"
MORE, CORRECTED = "telemetry, trained on", "telemetry, corrected"
SLOW = "telemetry + picture, slow replies"
COMMON = "most common reply"

SENSES: dict[str, Senses] = {TEXT: "text", PICTURE: "picture", BOTH: "both"}
"""The operators that learn from the teacher, and what each is given."""
