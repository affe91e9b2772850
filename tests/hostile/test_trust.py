"""No module of the package uses a reader that trusts what it reads."""

import ast
from pathlib import Path

import pytest

import mmrepro

PACKAGE = Path(mmrepro.__file__).parent
# The finished parts of our own runs, whose bytes have their hash before them.
OWN = {"resume.py": {"pickle.loads"}}
NEVER = {
    "pickle.load",
    "pickle.loads",
    "pd.read_pickle",
    "pandas.read_pickle",
    "joblib.load",
    "dill.load",
    "marshal.loads",
    "shelve.open",
    "yaml.unsafe_load",
    "yaml.full_load",
    "os.system",
    "os.popen",
    "eval",
    "exec",
    "shutil.unpack_archive",
}
METHODS = {"extractall", "extract_all"}
# Call -> the argument without which it trusts, and what that must be.
ONLY_WITH = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}
CALLS = [
    (path.relative_to(PACKAGE).as_posix(), node)
    for path in sorted(PACKAGE.rglob("*.py"))
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.Call)
]


@pytest.mark.hostile(
    "readers that trust their file, anywhere in the package: plain pickles, eval, shells, whole archives",
    "none is called; torch loads weights only, numpy no objects",
)
def test_nothing_in_the_package_trusts_a_file():
    found = []
    for place, node in CALLS:
        name, given = ast.unparse(node.func), {each.arg: ast.unparse(each.value) for each in node.keywords}
        wrong = name in NEVER - OWN.get(place, set()) or name.rpartition(".")[2] in METHODS
        if name in ONLY_WITH:
            argument, right = ONLY_WITH[name]
            wrong = given.get(argument) != str(right)
        if wrong or given.get("shell") == "True" or given.get("trust_remote_code") == "True":
            found.append(f"{place}:{node.lineno}: {name}")
    assert len(CALLS) > 1000
    assert found == []
