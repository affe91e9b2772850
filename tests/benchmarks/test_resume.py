import re
import subprocess
import sys

import pytest

from tests.conftest import HERE


@pytest.mark.notebook
def test_a_killed_run_goes_on_where_it_was():
    """Three kills at random moments; the script itself can do any number."""
    script = HERE / "benchmarks" / "resume.py"
    command = [sys.executable, str(script), "--kills", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^3 of 3 kills resumed to the same records\.$", done.stdout, re.MULTILINE)
