"""Hypothesis as the suite uses it: the same examples in every run, and nothing kept in the tree."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

# It would keep its tables of Unicode in the folder that tests run in.
set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "mmrepro-hypothesis")
settings.register_profile(
    "suite",
    derandomize=True,
    database=None,
    deadline=None,  # a busy machine is no fault
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("suite")
