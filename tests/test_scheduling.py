import subprocess
import sys

import pytest

from tests.conftest import HERE
from tests.scheduling import group_of


@pytest.mark.parametrize(
    ("test", "group"),
    [
        ("tests/data/test_hub.py::TestIt::test_a[x-y]", "tests/data/test_hub.py"),
        ("tests/data/test_hub.py::test_b", "tests/data/test_hub.py"),
        ("tests/notebooks/test_smoke.py::test_a[mirror-cg-mer]", "tests/notebooks/test_smoke.py cg-mer"),
        ("tests/notebooks/test_smoke.py::test_a[cg-mer-sample]", "tests/notebooks/test_smoke.py cg-mer"),
        ("tests/notebooks/test_smoke.py::test_b[cg-mer]", "tests/notebooks/test_smoke.py cg-mer"),
        (
            "tests/browser/test_book.py::TestBook::test_a[05_piip.html]",
            "tests/browser/test_book.py 05_piip.html",
        ),
        ("tests/browser/test_pdf.py::test_a", "tests/browser/test_pdf.py"),
    ],
)
def test_a_file_is_a_group_and_so_is_a_notebook_or_a_page(test, group):
    assert group_of(test) == group


def test_each_group_is_tested_by_one_process(tmp_path):
    (tmp_path / "conftest.py").write_text("from tests.scheduling import pytest_xdist_make_scheduler\n")
    for name in ("a", "b"):
        (tmp_path / f"test_{name}.py").write_text(
            "import time, pytest\n@pytest.mark.parametrize('x', range(4))\ndef test_it(x): time.sleep(0.1)\n"
        )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-v",
        "-n",
        "2",
        "--dist",
        "loadscope",
        "-p",
        "no:cacheprovider",
    ]
    environment = {"PYTHONPATH": str(HERE), "PATH": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = [line.split() for line in done.stdout.splitlines() if "PASSED" in line]
    assert len(passed) == 8
    processes = {(line[0], next(word for word in line if "::" in word).partition("::")[0]) for line in passed}
    assert len(processes) == 2
