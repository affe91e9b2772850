"""Transfers over HTTP: pooch does them; here are limits, resuming, retries and hosts not to be asked."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
import sys
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from mmrepro.data.environment import (
    OFFLINE_VARIABLE,
    PRIVATE_VARIABLE,
    mirror_url,
    offline,
    private_allowed,
)
from mmrepro.data.errors import SourceError, WrongContentError
from mmrepro.files import sha256_file

if TYPE_CHECKING:
    import requests

ATTEMPTS = 4
BACKOFF_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0  # that a server may ask for
TIMEOUT_SECONDS = (5.0, 30.0)  # to connect, and between two pieces of an answer

log = logging.getLogger("mmrepro.data")
# Hosts that could not be reached once are not asked again by this process, so that a chapter without
# network comes to its other sources at once.
_unreachable: set[str] = set()


class _PassingError(Exception):
    """A failure that may pass: worth another attempt, after `pause_s` where the server asks for a pause."""

    def __init__(self, message: str, pause_s: float = 0.0) -> None:
        super().__init__(message)
        self.pause_s = pause_s


class _Partial:
    """The partial file that a transfer continues, and that never grows beyond `limit` bytes."""

    def __init__(self, path: Path, limit: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.stream = path.open("ab")
        self.size = path.stat().st_size
        self.limit = limit

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size > self.limit:
            raise WrongContentError(f"more than the declared {self.limit:,} bytes")
        self.stream.write(chunk)

    def flush(self) -> None:
        """Do nothing: pooch flushes after every piece, closing the file is enough."""

    def on_response(self, response: requests.Response, **_: Any) -> None:
        """Begin anew unless the server continues exactly where the partial file ends."""
        continues = response.headers.get("Content-Range", "").startswith(f"bytes {self.size}-")
        if response.is_redirect:
            _refuse_private(urljoin(response.url, response.headers["location"]))
        elif response.ok and not (response.status_code == 206 and continues):
            if response.status_code == 206:
                raise SourceError("the server answered with another part than was asked for")
            self.stream.truncate(0)
            self.size = 0


def download(url: str, target: Path, limit: int, sha256: str | None = None, token: str | None = None) -> None:
    """Bring `url` to `target`, continuing what an interrupted transfer left there.

    Parameters
    ----------
    url
        An http or https address.
    target
        File to write; what it holds already is taken for the beginning of the content.
    limit
        Bytes that are never exceeded.
    sha256
        Expected hash; where it differs nothing is left at `target`.
    token
        Bearer token, where the data are gated.

    Raises
    ------
    SourceError
        When the server cannot be reached or does not deliver what is declared.
    """
    require_network()
    resumed = target.exists() and target.stat().st_size > 0
    try:
        if not (resumed and sha256 and target.stat().st_size == limit):
            _persist(url, target, limit, token)
        _check(target, sha256)
    except WrongContentError:
        target.unlink(missing_ok=True)
        if not resumed:
            raise
        download(url, target, limit, sha256, token)  # what was left belonged to another version


def require_network() -> None:
    """Raise SourceError where ``MMREPRO_OFFLINE`` forbids the network."""
    if offline():
        raise SourceError(f"{OFFLINE_VARIABLE} is set")


def _check(target: Path, sha256: str | None) -> None:
    found = sha256_file(target) if sha256 else None
    if found and found != sha256:
        raise WrongContentError(f"SHA-256 {found[:12]}… instead of {str(sha256)[:12]}…")


def _persist(url: str, target: Path, limit: int, token: str | None) -> None:
    """Attempt the transfer again while the failure is one that may pass."""
    if urlsplit(url).netloc in _unreachable:
        raise SourceError("was not reachable a moment ago")
    _refuse_private(url)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _attempt(url, target, limit, token)
        except _PassingError as error:
            if attempt == ATTEMPTS:
                raise SourceError(f"{error}, {ATTEMPTS} times") from None
            if error.pause_s > LONGEST_PAUSE_SECONDS:
                raise SourceError(f"{error}, and it asks for a pause of {error.pause_s:,.0f} s") from None
            time.sleep(max(error.pause_s, BACKOFF_SECONDS * 2 ** (attempt - 1)))


def _attempt(url: str, target: Path, limit: int, token: str | None) -> None:
    """Transfer once; tell failures apart into final, passing and unreachable."""
    import requests

    partial = _Partial(target, limit)
    try:
        _request(url, partial, token)
    except requests.HTTPError as error:
        status = error.response.status_code
        if status == 416:  # nothing beyond what is here already, so that is not the beginning of it
            raise WrongContentError("the partial file does not fit") from None
        if status < 500 and status != 429:
            raise SourceError(f"HTTP {status}") from None
        raise _PassingError(f"HTTP {status}", _pause(error.response)) from None
    except requests.ConnectionError as error:
        if _never_connected(error):
            _unreachable.add(urlsplit(url).netloc)
            raise SourceError("cannot be reached") from None
        raise _PassingError("the connection broke") from None
    except (requests.Timeout, requests.exceptions.ChunkedEncodingError):
        raise _PassingError("the transfer stalled or broke") from None
    except requests.RequestException as error:
        raise SourceError(f"{type(error).__name__} for {url}") from None
    finally:
        partial.stream.close()


def _request(url: str, partial: _Partial, token: str | None) -> None:
    import pooch

    # Identity: a compressed answer would count other bytes than the ranges and limits do.
    headers = {"Accept-Encoding": "identity"}
    if partial.size:
        headers["Range"] = f"bytes={partial.size}-"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    bar = _bar(url, partial.limit)
    transfer = pooch.HTTPDownloader(
        progressbar=bar or False,
        chunk_size=1 << 16,
        timeout=TIMEOUT_SECONDS,
        headers=headers,
        hooks={"response": partial.on_response},
    )
    try:
        transfer(url, partial, None)
    finally:
        if bar is not None:
            bar.close()


def _pause(response: requests.Response) -> float:
    """Return the seconds that a busy server asks to be left alone for."""
    asked = response.headers.get("Retry-After", "")
    with contextlib.suppress(ValueError):
        return float(int(asked))
    with contextlib.suppress(ValueError, TypeError):
        return (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
    return 0.0


def _refuse_private(url: str) -> None:
    """Refuse an address of this machine or its network, where nobody but a user may lead us.

    A mirror is named by the user. Behind a proxy names are the proxy's to look up.
    """
    from requests.utils import get_environ_proxies

    host = urlsplit(url).hostname or ""
    mirror = urlsplit(mirror_url() or "").hostname
    if private_allowed() or host == mirror or get_environ_proxies(url):
        return
    try:
        found = {each[4][0] for each in socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)}
    except OSError:
        return  # the request will say that nobody has that name
    if not all(ipaddress.ip_address(str(address).partition("%")[0]).is_global for address in found):
        raise SourceError(f"{host} is in a private network, and {PRIVATE_VARIABLE} is not set")


def _bar(url: str, total: int) -> Any:
    """Return a progress bar on a terminal, else None (a log full of bars helps nobody)."""
    if not sys.stderr.isatty():
        return None
    from tqdm import tqdm

    return tqdm(total=total, desc=url.rsplit("/", 1)[-1], unit="B", unit_scale=True, leave=False)


def _never_connected(error: requests.ConnectionError) -> bool:
    """Tell a host that cannot be reached (name, route, refusal, TLS) from a connection that broke."""
    import requests
    from urllib3.exceptions import MaxRetryError

    if isinstance(error, requests.exceptions.ProxyError | requests.exceptions.SSLError):
        return True
    return bool(error.args) and isinstance(error.args[0], MaxRetryError)
