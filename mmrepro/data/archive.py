"""Archives from outside: only plain files come out, inside their folder and within the declared bytes."""

from __future__ import annotations

import errno
import gzip
import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from mmrepro.data.errors import SourceError, WrongContentError
from mmrepro.data.source import NO_TEXT
from mmrepro.errors import first_line

_UNREADABLE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    gzip.BadGzipFile,
    RuntimeError,  # an encrypted zip
    NotImplementedError,  # an unknown compression
    LookupError,  # a member without a name
    OverflowError,
    ValueError,
    struct.error,
)
# Of a system asked for what no intact archive asks for: a place before the file's beginning, an endless name.
_NO_ARCHIVE_ASKS = {errno.EINVAL, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR}
_PIECE = 1 << 20


def extract(archive: Path, members: Sequence[str], strip: int, folder: Path, limit: int) -> list[Path]:
    """Extract the wanted members of a zip or tar archive.

    Parameters
    ----------
    archive
        The zip or (compressed) tar file.
    members
        Patterns on the full path inside the archive; ``*`` also crosses folders.
    strip
        Number of leading folders to leave out of a member's path.
    folder
        Where the files go.
    limit
        Bytes that the extracted files may have together.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    SourceError
        When the archive cannot be read, no member is wanted, or a wanted member is a link or device, lies
        outside the folder, comes twice, or exceeds the limit.
    """
    try:
        with _opened(archive) as walk:
            wanted = (member for member in walk if any(fnmatchcase(member[0], like) for like in members))
            written = _write(wanted, strip, folder, limit)
    except FileExistsError:
        raise WrongContentError(f"{archive.name} has two members of one name") from None
    except OSError as error:
        if error.errno not in _NO_ARCHIVE_ASKS and not isinstance(error, _UNREADABLE):
            raise
        raise WrongContentError(
            f"{archive.name} is not a readable archive ({error.strerror or error})"
        ) from None
    except _UNREADABLE as error:
        raise WrongContentError(f"{archive.name} is not a readable archive ({first_line(error)})") from None
    if not written:
        raise WrongContentError(f"the archive has no member like {' or '.join(members)}")
    return written


def pack(files: Mapping[str, Path], archive: Path) -> None:
    """Write files (path inside the archive -> file) into a zip whose bytes depend on nothing but them."""
    with zipfile.ZipFile(archive, "w") as bundle:
        for name, path in sorted(files.items()):
            info = zipfile.ZipInfo(name)  # its date is that of 1980
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            with path.open("rb") as stream, bundle.open(info, "w", force_zip64=True) as copy:
                shutil.copyfileobj(stream, copy, _PIECE)


_Member = tuple[str, bool, Callable[[], IO[bytes]]]


@contextmanager
def _opened(archive: Path) -> Iterator[Iterator[_Member]]:
    """Open the archive as a walk over (name, is a plain file, opener), without its folders."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as bundle:
            yield _zip_members(bundle)
    else:
        with tarfile.open(archive) as tape:
            yield _tar_members(tape)


def _zip_members(bundle: zipfile.ZipFile) -> Iterator[_Member]:
    for info in bundle.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if not info.is_dir():
            yield info.filename, kind in (0, stat.S_IFREG), partial(bundle.open, info)


def _tar_members(tape: tarfile.TarFile) -> Iterator[_Member]:
    for info in tape:
        if not info.isdir():
            yield info.name, info.isreg(), partial(_tar_stream, tape, info)


def _tar_stream(tape: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = tape.extractfile(info)
    assert stream is not None, "a plain file has content"
    return stream


def _write(members: Iterable[_Member], strip: int, folder: Path, limit: int) -> list[Path]:
    written, left = [], limit
    for name, plain, opener in members:
        if not plain:
            raise WrongContentError(f"the archive member {name!r} is a link or device")
        target = folder / _safe(name, strip)
        left -= _copy(opener, target, left, limit)
        written.append(target)
    return written


def _safe(name: str, strip: int) -> PurePosixPath:
    path = PurePosixPath(name)
    if NO_TEXT.search(name):
        raise WrongContentError(f"the archive member {name!r} has a name that is no text")
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise WrongContentError(f"the archive member {name!r} lies outside its folder")
    if len(path.parts) <= strip:
        raise SourceError(f"the archive member {name!r} has no more than {strip} folders to strip")
    return PurePosixPath(*path.parts[strip:])


def _copy(opener: Callable[[], IO[bytes]], target: Path, left: int, limit: int) -> int:
    """Copy one member in pieces, counting what really comes out, whatever the archive claims."""
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with opener() as stream, target.open("xb") as copy:
        while piece := stream.read(_PIECE):
            size += len(piece)
            if size > left:
                raise WrongContentError(f"the archive holds more than the declared {limit:,} bytes")
            copy.write(piece)
    return size
