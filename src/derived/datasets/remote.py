"""Files that are downloaded once, verified on every use, and kept.

A :class:`RemoteFile` says where a file comes from and what its content must be. ``read`` looks for
it in ``$DERIVED_DATA``, then in the platform's cache folder; only then does it go to the mirrors.
The hash is that of the uncompressed content, because mirrors compress it differently.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import string
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from derived.locking import LockTimeout, exclusive

from ..atomic import flush_folder
from .transfer import Limits, StorageFailed, TransferFailed, download

__all__ = ["DataUnavailable", "RemoteFile", "data_folders"]


class DataUnavailable(RuntimeError):
    """A data file is neither on this machine nor to be had; the message says what to do."""


class _WrongContent(Exception):
    """A file is there, but it is not what it should be; the text is the reason."""


def data_folders() -> list[Path]:
    """Return the folders that are searched for data, in order.

    ``$DERIVED_DATA`` comes first where it is set; the platform's cache folder is always there as
    the second choice, so that a read-only data folder still works.
    """
    import pooch  # noqa: PLC0415  (slow to import, and most pages need no download)

    chosen = os.environ.get("DERIVED_DATA", "").strip()
    folders = [Path(chosen).expanduser().absolute()] if chosen else []
    return [*folders, Path(pooch.os_cache("derived"))]


def _is_offline(offline: bool | None) -> bool:
    if offline is not None:
        return offline
    return os.environ.get("DERIVED_OFFLINE", "").strip().lower() not in ("", "0", "false", "no")


def _unzip(path: Path, most: int) -> bytes:
    """Return at most ``most + 1`` bytes of a gzip file's content (a bomb is not unpacked)."""
    try:
        with gzip.open(path, "rb") as stream:
            return stream.read(most + 1)
    except EOFError as error:
        raise _WrongContent("is truncated") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        with path.open("rb") as raw:
            start = raw.read(12)
        if start[:2] != b"\x1f\x8b":
            raise _WrongContent(f"is not a gzip file: it starts with {start!r}") from error
        raise _WrongContent(f"is a damaged gzip file ({error})") from error


@dataclass(frozen=True)
class RemoteFile:
    """A file that several mirrors offer, identified by the hash of its content.

    name : path below the data folder, with forward slashes, such as
        ``"mnist/train-images-idx3-ubyte.gz"``. If it ends in ``.gz``, the content is what
        unpacking gives, and an unpacked file of the name without ``.gz`` is accepted too.
    urls : addresses of the file, tried in order.
    sha256 : hash of the uncompressed content, 64 hexadecimal digits.
    size : length of the uncompressed content in bytes.
    alternative : what a reader without a network can use instead, as a clause.
    packed : the content is the file as it is, even if its name ends in ``.gz``: for archives
        whose published hash is that of the archive.

    Raises ValueError when made with a name outside the data folder, an address that is not http
    or https, or an impossible hash or size.
    """

    name: str
    urls: tuple[str, ...]
    sha256: str
    size: int
    alternative: str = ""
    packed: bool = False

    def __post_init__(self) -> None:
        """Refuse a record that could never be downloaded."""
        path = PurePosixPath(self.name)
        if not path.name or path.is_absolute() or ".." in path.parts or "\\" in self.name:
            raise ValueError(f"name must be a relative path, got {self.name!r}")
        if not self.urls or not all(u.startswith(("https://", "http://")) for u in self.urls):
            raise ValueError(f"{self.name}: urls must be one or more http or https addresses")
        if len(self.sha256) != 64 or set(self.sha256) - set(string.hexdigits.lower()):
            raise ValueError(f"{self.name}: sha256 must be 64 lower-case hexadecimal digits")
        if self.size <= 0:
            raise ValueError(f"{self.name}: size must be positive, got {self.size}")

    def read(self, *, offline: bool | None = None, limits: Limits | None = None) -> bytes:
        """Return the uncompressed, verified content, downloading the file if it is missing.

        Parameters
        ----------
        offline : True never uses the network, False may; None asks ``$DERIVED_OFFLINE``.
        limits : time limits of a download.

        Raises
        ------
        DataUnavailable : with one message that names the file, the folder to put it in, each
            mirror with the reason of its failure, and the alternative.
        """
        folders = data_folders()
        faults: list[str] = []
        content = self._find(folders, faults)
        if content is not None:
            return content
        if _is_offline(offline):
            raise self._unavailable(folders, faults, ["not asked: working offline"])
        return self._fetch(folders, faults, limits or Limits())

    @property
    def _zipped(self) -> bool:
        return self.name.endswith(".gz") and not self.packed

    def _candidates(self, folder: Path) -> Iterator[Path]:
        yield folder / self.name
        if self._zipped:
            yield folder / self.name.removesuffix(".gz")

    def _find(self, folders: list[Path], faults: list[str]) -> bytes | None:
        """Return the content of the first sound copy; note what is wrong with the others."""
        for path in (path for folder in folders for path in self._candidates(folder)):
            try:
                if path.exists():
                    return self._verified(path)
            except (_WrongContent, OSError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                faults.append(f"{path} {reason}")
                warnings.warn(f"not used: {path} {reason}", RuntimeWarning, stacklevel=4)
        return None

    def _verified(self, path: Path, *, zipped: bool | None = None) -> bytes:
        """Return the content of a file after comparing its length and hash."""
        if (path.suffix == ".gz" and not self.packed) if zipped is None else zipped:
            content = _unzip(path, self.size)
        else:
            with path.open("rb") as stream:
                content = stream.read(self.size + 1)
        if len(content) != self.size:
            more = "more than " if len(content) > self.size else ""
            got = min(len(content), self.size)
            raise _WrongContent(f"holds {more}{got:,} bytes instead of {self.size:,}")
        digest = hashlib.sha256(content).hexdigest()
        if digest != self.sha256:
            raise _WrongContent(f"has the wrong content (SHA-256 {digest[:12]}…)")
        return content

    def _sound(self, path: Path) -> bytes | None:
        try:
            return self._verified(path)
        except (_WrongContent, OSError):
            return None

    def _fetch(self, folders: list[Path], faults: list[str], limits: Limits) -> bytes:
        """Download into the first folder that can be written."""
        reasons: list[str] = []
        for folder in folders:
            target = folder / self.name
            lock = target.with_name(f".{target.name}.lock")
            waiting_for = f"downloading {target.name}"
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with exclusive(lock, patience=limits.patience, waiting_for=waiting_for) as alone:
                    # Another process may have brought the file while this one waited.
                    content = self._sound(target) or self._download(target, alone, limits, reasons)
            except LockTimeout as error:
                raise self._unavailable(folders, faults, [str(error)]) from error
            except (OSError, StorageFailed) as error:
                faults.append(f"{folder} cannot be written: {error}")
                continue
            if content is None:
                break
            return content
        raise self._unavailable(folders, faults, reasons or ["not asked: no folder to write to"])

    def _download(
        self, target: Path, alone: bool, limits: Limits, reasons: list[str]
    ) -> bytes | None:
        """Try the mirrors in turn; None if all fail, each with its line in ``reasons``."""
        for url in self.urls:
            # Each mirror has a partial file of its own: they may compress the content differently.
            tag = hashlib.sha256(url.encode()).hexdigest()[:8]
            if not alone:  # no locks on this file system, so nothing may be shared
                tag += f"-{os.getpid()}"
            partial = target.with_name(f".{target.name}.{tag}.part")
            try:
                content = self._from_mirror(url, partial, limits)
            except (TransferFailed, _WrongContent) as error:
                reasons.append(f"{url}: {error}")
                continue
            _install(partial, target)
            return content
        return None

    def _from_mirror(self, url: str, partial: Path, limits: Limits) -> bytes:
        # Gzip never makes a file longer by more than a few bytes in a thousand.
        most = self.size + self.size // 100 + 4096
        for last in (False, True):
            resumed = download(url, partial, most=most, limits=limits, name=self.name)
            try:
                return self._verified(partial, zipped=self._zipped)
            except _WrongContent as error:
                partial.unlink()
                if last or not resumed:
                    raise _WrongContent(f"what it sent {error}") from error
            # The first part may have been of another version of the file: once more from zero.
        raise AssertionError("unreachable")

    def _unavailable(
        self, folders: list[Path], faults: list[str], reasons: list[str]
    ) -> DataUnavailable:
        lines = [f"the data file {self.name} is not on this machine and could not be downloaded."]
        lines += [f"  found, but not usable: {fault}" for fault in faults]
        lines += [f"  mirror {reason}" for reason in reasons]
        lines += ["Get it in a browser from one of", *(f"  {url}" for url in self.urls)]
        lines += [f"and put it, as it is, into the folder\n  {(folders[0] / self.name).parent}"]
        lines += [
            f"or set DERIVED_DATA to a folder that has it as {self.name}. Then run this again."
        ]
        if self.alternative:
            lines += [f"Without a network: {self.alternative}."]
        return DataUnavailable("\n".join(lines))


def _install(partial: Path, target: Path) -> None:
    """Move a verified download into place; a damaged file that was there is set aside."""
    with partial.open("rb") as stream:
        os.fsync(stream.fileno())
    if target.exists():
        aside = target.with_name(f"{target.name}.damaged")
        number = 1
        while aside.exists():
            number += 1
            aside = target.with_name(f"{target.name}.damaged-{number}")
        os.replace(target, aside)
        warnings.warn(f"set aside: {target} is now {aside.name}", RuntimeWarning, stacklevel=7)
    os.replace(partial, target)
    flush_folder(target.parent)
    for rest in target.parent.glob(f".{target.name}.*.part"):  # of mirrors that broke off
        rest.unlink(missing_ok=True)
