"""What jobs need is loaded without what they do not."""

import subprocess
import sys

from mmrepro.execution.runner import _new_process

BUILT = "'lark' in __import__('sys').modules"  # what the grammar of addresses is built with


def test_papermill_comes_without_the_grammar_of_addresses():
    code = f"import mmrepro.execution.lean, nbformat; print({BUILT})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_notebooks_are_still_validated():
    code = (
        "from mmrepro.execution.lean import papermill\nimport nbformat\n"
        "try:\n    nbformat.v4.new_code_cell(execution_count='first')\n"
        "except nbformat.ValidationError:\n    print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"


def test_what_forks_the_processes_of_jobs_has_loaded_what_they_need_and_no_more():
    with _new_process() as process:
        loaded = "{'papermill', 'pandas', 'mmrepro.execution.client'} - set(__import__('sys').modules)"
        assert process.submit(eval, loaded).result() == set()
        assert not process.submit(eval, BUILT).result()
