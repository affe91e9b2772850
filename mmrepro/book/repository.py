"""The repository's address, named in `_config.yml` alone, and what the book makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmrepro.document import read_yaml
from mmrepro.errors import MMReproError

CONFIG = "_config.yml"
# GitHub alone: Colab opens notebooks from nowhere else.
_ADDRESS = re.compile(r"https://github\.com/[\w-]+/[\w.-]*\w")


@dataclass(frozen=True)
class Repository:
    """Where the project's sources are published.

    Attributes
    ----------
    url
        As a browser opens it, ``https://github.com/OWNER/NAME``.
    branch
        The branch of the sources.
    """

    url: str
    branch: str


def read_config(root: Path) -> dict[str, Any]:
    """Return the book's configuration as `_config.yml` of the checkout `root` gives it."""
    config: dict[str, Any] = read_yaml(root / CONFIG)
    return config


def repository_of(config: Mapping[str, Any]) -> Repository | None:
    """Return the repository that the configuration names, None while it names none.

    Raises
    ------
    MMReproError
        When the address is not that of a repository on GitHub.
    """
    named = config["repository"]
    url = named["url"]
    if not url:
        return None
    if not isinstance(url, str) or not _ADDRESS.fullmatch(url) or url.endswith(".git"):
        raise MMReproError(
            f"{CONFIG} gives {url!r} as repository.url; give https://github.com/OWNER/NAME, "
            'or "" for a book without launch buttons.'
        )
    return Repository(url, named["branch"])


def staged_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration for Jupyter Book: buttons where the repository is known, else none.

    Raises
    ------
    MMReproError
        As `repository_of`.
    """
    staged = dict(config)
    if repository_of(config) is None:
        del staged["launch_buttons"]  # the theme would look for a repository, and fail
    else:
        staged["html"] = {**config["html"], "use_repository_button": True, "use_edit_page_button": True}
    return staged
