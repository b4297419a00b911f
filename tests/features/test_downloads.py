"""Weights are downloaded once, from a real server on this machine, checked and kept."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from robotvision.errors import RobotVisionError
from robotvision.features.downloads import download

CONTENT = b"weights" * 5000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Hub(BaseHTTPRequestHandler):
    """Serves the content under any name; a name with ``damaged`` in it, all but its end."""

    asked: list[str]
    may_end: threading.Event

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        content = self.answer()
        if "stalled" in self.path:
            self.wfile.write(content[:10_000])
            self.wfile.flush()
            self.may_end.wait(60)
        elif "cut" in self.path:
            self.wfile.write(content[:10_000])
        else:
            self.wfile.write(content)

    def answer(self) -> bytes:
        content = CONTENT if "damaged" not in self.path else CONTENT[:-1] + b"!"
        if "missing" in self.path:
            self.send_error(404)
            return b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{DIGEST}"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.end_headers()
        return content

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Hub.asked, Hub.may_end = [], threading.Event()
    http = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}"
    Hub.may_end.set()
    http.shutdown()
    http.server_close()


def test_a_file_is_downloaded_once_and_checked(server, tmp_path, capsys, monkeypatch):
    """The second time it is there; a damaged one leaves nothing; one may refuse to download."""
    path = tmp_path / "hub" / f"net-{DIGEST[:8]}.pth"
    for _ in range(2):
        assert download(f"{server}/net-{DIGEST[:8]}.pth", path, "net") == path
    assert path.read_bytes() == CONTENT
    assert len(Hub.asked) == 1
    assert capsys.readouterr().err.count("downloading net from") == 1
    with pytest.raises(RobotVisionError, match=r"net: .* cannot be downloaded .*hash"):
        download(f"{server}/damaged/net-{DIGEST[:8]}.pth", tmp_path / path.name, "net")
    with pytest.raises(RobotVisionError, match=r"cannot be downloaded .*404"):
        download(f"{server}/missing/{path.name}", tmp_path / path.name, "net")
    monkeypatch.setenv("ROBOTVISION_OFFLINE", "1")
    with pytest.raises(RobotVisionError, match="ROBOTVISION_OFFLINE refuses downloads; download"):
        download(f"{server}/{path.name}", tmp_path / path.name, "net")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hub"]


@pytest.mark.parametrize(("how", "reason"), [("stalled", "timed out"), ("cut", "invalid hash")])
def test_a_server_that_falls_silent_or_ends_early_is_given_up(
    server, tmp_path, monkeypatch, how, reason
):
    """Nothing is left behind, and other sockets wait as before."""
    monkeypatch.setattr("robotvision.features.downloads.SILENCE_S", 0.3)
    name = f"net-{DIGEST[:8]}.pth"
    with pytest.raises(RobotVisionError, match=f"cannot be downloaded .*{reason}"):
        download(f"{server}/{how}/{name}", tmp_path / name, "net")
    assert not list(tmp_path.iterdir())
    assert socket.getdefaulttimeout() is None


def test_a_file_of_the_hub_is_downloaded_once_and_checked(server, tmp_path):
    """In a process of its own, since the library reads its address when it is imported."""
    code = """
import sys
from robotvision.errors import RobotVisionError
from robotvision.features.downloads import hub_file
for repository in sys.argv[1:]:
    try:
        print(hub_file(repository, "model.safetensors", "net").read_bytes()[:7].decode())
    except RobotVisionError as e:
        print(e)
"""
    environment = {**os.environ, "HF_ENDPOINT": server, "HF_HOME": str(tmp_path)}
    environment["HF_HUB_DISABLE_XET"] = "1"
    done = subprocess.run(
        [sys.executable, "-c", code, "a/net", "a/net", "a/damaged", "a/missing"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    first, second, damaged, missing = done.stdout.splitlines()
    assert first == second == "weights"
    assert "arrived damaged (its SHA-256 is not" in damaged
    assert "not on this machine, and cannot be downloaded" in missing
    assert [p for p in Hub.asked if "/a/net/" in p] == ["/a/net/resolve/main/model.safetensors"]
