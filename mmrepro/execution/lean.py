"""papermill, without two seconds of getting ready for what notebooks do not have."""

import sys
from types import ModuleType
from typing import cast

# jsonschema would build a grammar of international addresses with it, and does without where it is missing.
sys.modules.setdefault("rfc3987_syntax", cast(ModuleType, None))

import papermill  # noqa: E402 - imports jsonschema

__all__ = ["papermill"]
