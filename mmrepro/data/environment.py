"""Where data may come from and where it is kept: the environment variables of the data layer."""

from __future__ import annotations

import os
from pathlib import Path

from mmrepro.errors import MMReproError

CACHE_VARIABLE = "MMREPRO_DATA"
MIRROR_VARIABLE = "MMREPRO_MIRROR"
OFFLINE_VARIABLE = "MMREPRO_OFFLINE"
PRIVATE_VARIABLE = "MMREPRO_PRIVATE"


def cache_folder() -> Path:
    """Return the folder that fetched data are kept in: ``MMREPRO_DATA``, or the user's cache."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser().resolve()
    import platformdirs

    return Path(platformdirs.user_cache_dir("mmrepro"))


def mirror_folder() -> Path | None:
    """Return the mirror where ``MMREPRO_MIRROR`` names a folder, else None.

    Raises
    ------
    MMReproError
        When the variable names a folder that is not there.
    """
    named = os.environ.get(MIRROR_VARIABLE)
    if not named or mirror_url():
        return None
    folder = Path(named).expanduser().resolve()
    if not folder.is_dir():
        raise MMReproError(f"{MIRROR_VARIABLE} names {folder}, which is not a folder; correct or unset it.")
    return folder


def mirror_url() -> str | None:
    """Return the mirror's base URL, without a closing slash, where ``MMREPRO_MIRROR`` is one."""
    named = os.environ.get(MIRROR_VARIABLE, "")
    return named.rstrip("/") if named.startswith(("http://", "https://")) else None


def offline() -> bool:
    """Say whether ``MMREPRO_OFFLINE`` forbids the network."""
    return _is_set(OFFLINE_VARIABLE)


def private_allowed() -> bool:
    """Say whether ``MMREPRO_PRIVATE`` lets manifests name addresses of this machine and its network."""
    return _is_set(PRIVATE_VARIABLE)


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "").lower() not in {"", "0", "false", "no"}
