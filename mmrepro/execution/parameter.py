"""Parameters that papermill puts into a notebook, checked before anything is loaded."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from mmrepro.errors import shortened
from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import ChapterSettings, SettingsError, resolve_settings

# What the parameters cell of every chapter declares; any other name is a setting of the chapter.
DECLARED = ("profile", "seeds", "device", "overrides")
_INJECTED = "# Parameters"


def settings_from(slug: str, parameters: Mapping[str, Any]) -> tuple[str, ChapterSettings]:
    """Turn papermill parameters into the profile and the settings they ask for.

    A name outside the declared four overrides the setting of that name, so that
    ``papermill -p epochs 3`` does what it says.

    Raises
    ------
    SettingsError
        For an unknown name, a wrong type or a value out of range.
    """
    overrides = parameters.get("overrides") or {}
    if not isinstance(overrides, Mapping):
        raise SettingsError(f"overrides must map setting names to values, not be {shortened(overrides)}.")
    singles = {name: value for name, value in parameters.items() if name not in DECLARED}
    profile = parameters.get("profile", "smoke")
    settings = resolve_settings(
        load_paper(slug),
        profile,
        seeds=parameters.get("seeds"),
        device=parameters.get("device"),
        overrides={**overrides, **singles},
    )
    return profile, settings


def injected_parameters(history: list[str]) -> dict[str, Any]:
    """Read the parameters that papermill injected from the cells executed so far.

    Without our engine papermill would drop a name that the parameters cell does not declare; the
    cell it injected still shows it.
    """
    for source in reversed(history):
        if source.startswith(_INJECTED):
            assigned = [node for node in ast.parse(source).body if isinstance(node, ast.Assign)]
            return {
                node.targets[0].id: _value_of(node.value)
                for node in assigned
                if isinstance(node.targets[0], ast.Name)
            }
    return {}


def _value_of(node: ast.expr) -> Any:
    """Evaluate a literal; of NaN, which papermill writes as a call, the text, which no setting accepts."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)
