"""Which tests share a process: those of a file, with its fixtures; of notebooks and pages, those of one.

pytest-xdist's own groups do nothing under this pytest (pytest-dev/pytest-xdist#1386).
"""

import re

import pytest

_BY_CASE = ("tests/notebooks/", "tests/browser/")
_CASE = re.compile(r"\[(?:mirror-|sample-)?(?P<case>.*?)(?:-mirror|-sample)?\]$")


def group_of(nodeid):
    """Name the group that a test belongs to."""
    path, _, name = nodeid.partition("::")
    case = _CASE.search(name) if path.startswith(_BY_CASE) else None
    return f"{path} {case['case']}" if case else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Send the tests of a group to one process."""
    from xdist.scheduler import LoadScopeScheduling

    class Grouped(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group_of(nodeid)

    return Grouped(config, log) if config.getvalue("dist") == "loadscope" else None
