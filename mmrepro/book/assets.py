"""Scripts and fonts that the book serves itself, so that it reads without a network."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mmrepro.errors import MMReproError
from mmrepro.files import sha256_bytes, sha256_file, write_atomic

_NPM_TIMEOUT_S = 300


@dataclass(frozen=True)
class NodePackage:
    """One published package and what the book takes from it.

    Attributes
    ----------
    files
        Path in the package -> SHA-256.
    """

    name: str
    version: str
    files: dict[str, str]

    @property
    def spec(self) -> str:
        """Name and exact version, as npm spells them."""
        return f"{self.name}@{self.version}"


# The full MathJax component holds every TeX extension; the plain one fetches \cancel and its like later.
PACKAGES = (
    NodePackage(
        "mathjax",
        "3.2.2",
        {"es5/tex-svg-full.js": "a4354ff94fd868aea0cc6eaaa79a57fda0588646fc46ee3700a349ee0a11cbe6"},
    ),
    NodePackage(
        "requirejs",
        "2.3.8",
        {"require.js": "c1fc6b1d53af7522f78d664922abb32acac64ed0ecccb8f907f1e6fc7262563a"},
    ),
    NodePackage(
        "@jupyter-widgets/html-manager",
        "1.0.15",
        {
            "dist/embed-amd.js": "ca87dff57c70ffb2658794fde0eab0e27e5f5472a1f5df7ab2b08e1039fc4b72",
            # Icons of widgets; their names are those that embed-amd.js asks for.
            "dist/1551f4f60c37af51121f.woff2": (
                "9834b82ad26e2a37583d22676a12dd2eb0fe7c80356a2114d0db1aa8b3899537"
            ),
            "dist/7a3337626410ca2f4071.woff2": (
                "e42a88444448ac3d60549cc7c1ff2c8a9cac721034c073d80a14a44e79730cca"
            ),
            "dist/d878b0a6a1144760244f.woff2": (
                "8ea8791754915a898a3100e63e32978a6d1763be6df8e73a39d3a90d691cdeef"
            ),
        },
    ),
)


def fetch_assets(cache: Path, packages: tuple[NodePackage, ...] = PACKAGES) -> list[Path]:
    """Bring every asset into the folder `cache` and return their paths.

    Files that are there with the right hash stay; the others come through the npm client, which
    follows the registry or mirror that the machine's npm configuration names.

    Raises
    ------
    MMReproError
        When npm is missing, fails, or delivers something else than expected.
    """
    for package in packages:
        wanted = {member: cache / Path(member).name for member in package.files}
        if any(not _matches(path, package.files[member]) for member, path in wanted.items()):
            for member, content in _download(package, cache).items():
                write_atomic(wanted[member], content)
    plotly = cache / "plotly.min.js"
    installed = _installed_plotly()
    if not _matches(plotly, sha256_file(installed)):
        write_atomic(plotly, installed.read_bytes())
    return [cache / Path(member).name for package in packages for member in package.files] + [plotly]


def _matches(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_file(path) == sha256


def _installed_plotly() -> Path:
    """Find plotly.js in the installed package without importing it."""
    spec = importlib.util.find_spec("plotly")
    if spec is None or spec.origin is None:
        raise MMReproError("The book needs plotly; install it with `pip install -e '.[book]'`.")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


def _download(package: NodePackage, cache: Path) -> dict[str, bytes]:
    """Fetch `package` and return the wanted files, verified."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".npm-") as folder:
        archive = _pack(package, Path(folder), cache)
        contents = {member: _member(archive, f"package/{member}", package) for member in package.files}
    for member, content in contents.items():
        if sha256_bytes(content) != package.files[member]:
            raise MMReproError(
                f"{member} of {package.spec} is not the file that the book was made for "
                f"(SHA-256 {sha256_bytes(content)}, expected {package.files[member]})."
            )
    return contents


def _pack(package: NodePackage, folder: Path, cache: Path) -> Path:
    """Let npm download the package's archive into `folder`."""
    npm, path = _npm()
    command = [npm, "pack", package.spec, "--silent", "--pack-destination", str(folder)]
    hint = f"without a network, copy {cache} from a machine that has built the book"
    try:
        outcome = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=_NPM_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise MMReproError(
            f"npm did not deliver {package.spec} within {_NPM_TIMEOUT_S} seconds; {hint}."
        ) from None
    archives = list(folder.glob("*.tgz"))
    if outcome.returncode or len(archives) != 1:
        told = " ".join((outcome.stderr or outcome.stdout).split())[-300:] or "no message"
        raise MMReproError(f"npm could not fetch {package.spec} ({told}); {hint}.")
    return archives[0]


def _npm() -> tuple[str, str]:
    """Find npm, first beside this Python; return it and the search path it needs for node."""
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join([beside, os.environ.get("PATH", os.defpath)])
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise MMReproError(
            "The book's scripts come through npm, which is missing; `pip install -e '.[book]'` brings it."
        )
    return npm, path


def _member(archive: Path, name: str, package: NodePackage) -> bytes:
    try:
        with tarfile.open(archive) as content:
            stream = content.extractfile(name)
            if stream is not None:
                return stream.read()
    except (tarfile.TarError, KeyError, EOFError, OSError):
        pass
    raise MMReproError(f"npm's archive of {package.spec} has no file {name.removeprefix('package/')}.")
