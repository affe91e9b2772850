import os
import time

import pytest
from click.testing import CliRunner

from mmrepro.execution import cache
from mmrepro.execution.cache import kept_runs
from mmrepro.execution.cache_commands import cache as command


@pytest.fixture
def three(checkout):
    """Entries unused for 30, 20 and 10 days, of 1000 bytes each."""
    for days in (10, 30, 20):
        folder = cache.cache_dir() / f"{days:064d}-cpu-smoke-0"
        (folder / "smoke").mkdir(parents=True)
        (folder / "smoke" / f"days-{days}.run.json").write_bytes(b"x" * 1000)
        then = time.time() - days * 86_400 - 60
        os.utime(folder, (then, then))


def invoke(*arguments):
    return CliRunner().invoke(command, arguments)


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        (["--older-than", "25d"], ["days-20", "days-10"]),
        (["--older-than", "3w"], ["days-20", "days-10"]),
        (["--larger-than", "2kB"], ["days-20", "days-10"]),
        (["--larger-than", "1999B"], ["days-10"]),
        (["--older-than", "25d", "--larger-than", "1kB"], ["days-10"]),
        (["--older-than", "40d"], ["days-30", "days-20", "days-10"]),
        (["--all"], []),
    ],
)
def test_the_longest_unused_are_dropped_first(three, asked, left):
    done = invoke("prune", *asked)
    assert done.exit_code == 0, done.output
    assert [each.slug for each in kept_runs()] == left
    assert f"Dropped {3 - len(left)} run(s)" in done.output


def test_the_list_tells_chapter_profile_age_size_and_key(three):
    lines = invoke("list").output.splitlines()
    assert [line.split() for line in lines[:3]] == [
        [f"days-{days}", "smoke", f"{days}.0", "d", "0.0", "MB", "0" * 12] for days in (30, 20, 10)
    ]
    assert lines[3].startswith("3 run(s), 0.0 MB in ")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ([], "Say what to drop"),
        (["--older-than", "30"], "'30' is no age; write 90m, 12h, 30d or 4w"),
        (["--older-than", "-3d"], "is no age"),
        (["--larger-than", "much"], "'much' is no size; write 500MB or 2GB"),
        (["--larger-than", "-1GB"], "is no size"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(three, asked, told):
    done = invoke("prune", *asked)
    assert done.exit_code == 2
    assert told in done.output
    assert len(kept_runs()) == 3
