"""Licences: the address of one that the SPDX list names."""

from __future__ import annotations


def licence_url(licence: str) -> str | None:
    """Return the address of `licence`; None for words of its own, as "none stated" or ``LicenseRef-…``."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        found = canonicalize_license_expression(licence)
    except InvalidLicenseExpression:
        return None
    if found != licence or " " in licence or licence.startswith("LicenseRef-"):
        return None
    return f"https://spdx.org/licenses/{licence}"
