from pathlib import Path

import pytest

from .specimen import Checkout, checkout


@pytest.fixture
def house(tmp_path: Path) -> Checkout:
    return checkout(tmp_path)
