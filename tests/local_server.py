"""A server on 127.0.0.1 that misbehaves as it is told, and folders for what it sends."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from derived.datasets import RemoteFile

CONTENT = np.random.default_rng(0).integers(0, 99, 120_000, dtype=np.uint8).tobytes()
ZIPPED = gzip.compress(CONTENT, 6, mtime=0)
NAME = "toy/values.gz"


class Server(http.server.ThreadingHTTPServer):
    """Serves ``files`` as the page of behaviour registered for each path asks."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour: dict[str, Callable[[Handler], None]] = {}
        self.requests: list[tuple[str, str | None]] = []  # path and Range header
        self.stop = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def handle_error(self, request, client_address) -> None:
        pass  # a client that hangs up is what several tests want


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.server.requests.append((path, self.headers.get("Range")))
        self.server.behaviour.get(path, missing)(self)

    def log_message(self, *arguments) -> None:
        pass

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def missing(handler: Handler) -> None:
    handler.send_error(404)


def serve(
    body: bytes, *, ranges: bool = True, break_after: int | None = None, breaks: int = 10**9
) -> Callable[[Handler], None]:
    """Serve a file; hang up after ``break_after`` bytes of each of the first ``breaks`` answers."""
    left = [breaks]

    def answer(handler: Handler) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        start = int(asked.group(1)) if asked and ranges else 0
        if start >= len(body) and start:
            handler.send(416, {"Content-Range": f"bytes */{len(body)}"}, b"")
            return
        part = body[start:]
        headers = {"Content-Length": str(len(part))}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        if break_after is not None and left[0] > 0:
            left[0] -= 1
            part = part[:break_after]
        handler.send(206 if start else 200, headers, part)

    return answer


def running_server() -> Iterator[Server]:
    running = Server()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield running
    running.stop.set()
    running.shutdown()
    running.server_close()
    thread.join()


def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder; the platform's cache folder is beside it."""
    monkeypatch.setenv("DERIVED_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("DERIVED_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "data"


def remote(*urls: str, name: str = NAME, content: bytes = CONTENT) -> RemoteFile:
    digest = hashlib.sha256(content).hexdigest()
    return RemoteFile(name, urls, digest, len(content), "toy() needs no download")


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
