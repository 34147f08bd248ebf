"""One resumable HTTP download into a partial file.

Pooch finds the cache folder for us but always starts a download anew, so the transfer is our own:
a partial file is continued with a ``Range`` request, a server that ignores the range is read from
its first byte, and nothing waits for ever.
"""

from __future__ import annotations

import http.client
import re
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from tqdm import tqdm

__all__ = ["Limits", "StorageFailed", "TransferFailed", "download"]

_CHUNK = 1 << 16

Bar: TypeAlias = "tqdm[Any]"


class TransferFailed(Exception):
    """A mirror did not deliver; the text is the reason. What arrived stays in the partial file."""


class StorageFailed(Exception):
    """The partial file could not be written; another mirror would not help."""


@dataclass(frozen=True)
class Limits:
    """How long a download may take: it fails rather than hang.

    timeout : seconds that connecting, or waiting for the next bytes, may take.
    attempts : connections made to one mirror, as long as each brings some bytes.
    minimum_rate : bytes per second, below which a transfer counts as stalled.
    window : seconds over which the rate is measured.
    patience : seconds to wait while another process downloads the same file.
    """

    timeout: float = 15.0
    attempts: int = 4
    minimum_rate: float = 1000.0
    window: float = 30.0
    patience: float = 3600.0


class _Interrupted(Exception):
    """The connection ended early; trying again may continue it."""


class _RangeRefused(Exception):
    """The server has no such range; only a start from the first byte can help."""


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@cache
def _tls() -> ssl.SSLContext:
    """Trust the system's certificates, and those of certifi: some Pythons ship without any."""
    context = ssl.create_default_context()
    try:
        import certifi  # noqa: PLC0415  (comes with pooch's requests, but is not ours to demand)
    except ImportError:
        return context
    context.load_verify_locations(certifi.where())
    return context


def _open(url: str, offset: int, timeout: float) -> Any:
    # "identity": a server must not decompress a .gz on the way, or ranges would not fit.
    headers = {"User-Agent": "derived-datasets", "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    request = urllib.request.Request(url, headers=headers)
    context = _tls() if url.startswith("https:") else None
    return urllib.request.urlopen(request, timeout=timeout, context=context)


def _start_of(response: Any, offset: int) -> int:
    """Return the position in the file of the first byte that the response will deliver."""
    if response.status != 206:
        return 0  # the server does not do ranges and sends the whole file
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if match is None or int(match.group(1)) != offset:
        raise _RangeRefused("answered with another range than the one asked for")
    return offset


class _Pace:
    """Notices a transfer that trickles."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._since, self._bytes = limits, time.monotonic(), 0
        self.received = 0

    def count(self, received: int) -> None:
        self.received += received
        self._bytes += received
        elapsed = time.monotonic() - self._since
        if elapsed < self._limits.window:
            return
        if self._bytes < self._limits.minimum_rate * elapsed:
            raise TransferFailed(f"stalled: {self._bytes} bytes in {elapsed:.0f} s")
        self._since, self._bytes = time.monotonic(), 0


def _receive(response: Any, stream: BinaryIO, most: int, bar: Bar, pace: _Pace) -> None:
    """Append the body of the response to ``stream``."""
    while block := response.read1(_CHUNK):
        if stream.tell() + len(block) > most:
            raise TransferFailed(f"sent more than {most:,} bytes, so it is another file")
        try:
            stream.write(block)
        except OSError as error:
            raise StorageFailed(f"{stream.name}: {error.strerror}") from error
        bar.update(len(block))
        pace.count(len(block))
    if bar.total is not None and stream.tell() < bar.total:
        raise _Interrupted(f"connection closed after {stream.tell():,} of {bar.total:,} bytes")


def _attempt(url: str, partial: Path, most: int, timeout: float, name: str, pace: _Pace) -> None:
    """Make one connection, and append what it brings to the partial file."""
    offset = _size(partial)
    with _open(url, offset, timeout) as response:
        start = _start_of(response, offset)
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        try:
            stream: BinaryIO = partial.open("r+b" if partial.exists() else "w+b")
        except OSError as error:
            raise StorageFailed(f"{partial}: {error.strerror}") from error
        with (
            stream,
            tqdm(
                desc=name, total=total, initial=start, unit="B", unit_scale=True, leave=False
            ) as bar,
        ):
            stream.seek(start)
            stream.truncate()
            _receive(response, stream, most, bar, pace)


def _explain(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}"
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    text = str(reason) or type(reason).__name__
    return re.sub(r"^\[Errno -?\d+\] ", "", text)


def download(url: str, partial: Path, *, most: int, limits: Limits, name: str) -> bool:
    """Bring the file at ``url`` into ``partial``, continuing what is already there.

    Parameters
    ----------
    url : an http or https address.
    partial : the partial file; it is kept when the transfer fails, so that a later call resumes.
    most : bytes that the file can have at most; a longer answer is refused.
    limits : time limits.
    name : shown beside the progress bar.

    Returns
    -------
    bool : whether any part was resumed (the caller may then want to start anew on a wrong hash).

    Raises
    ------
    TransferFailed : with the reason, when this mirror cannot deliver.
    StorageFailed : when the partial file cannot be written.
    """
    resumed, reason = False, ""
    for _ in range(limits.attempts):
        before, pace = _size(partial), _Pace(limits)
        resumed |= before > 0
        try:
            _attempt(url, partial, most, limits.timeout, name, pace)
            return resumed
        except urllib.error.HTTPError as error:
            error.close()
            reason = _explain(error)
            if error.code != 416 or before == 0:
                raise TransferFailed(reason) from error
            partial.unlink()
        except _RangeRefused as error:
            reason = _explain(error)
            partial.unlink()
        except (OSError, http.client.HTTPException, _Interrupted) as error:
            reason = _explain(error)
            if pace.received == 0:
                break
    raise TransferFailed(reason)
