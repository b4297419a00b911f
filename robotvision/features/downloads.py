"""Weights of published networks: taken from this machine, else downloaded once, checked, and kept.

A download happens while features are prepared, never inside a timed frame: `InProcess.start` asks
every extractor for its files. ``ROBOTVISION_OFFLINE=1`` refuses downloads, where none may be made.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

from robotvision.errors import RobotVisionError
from robotvision.plugins.files import file_digest

OFFLINE = "ROBOTVISION_OFFLINE"
"""The variable that refuses downloads."""
SILENCE_S = 30.0
"""A server that sends nothing for so long is given up."""
_SHA256 = 64
"""Letters of a SHA-256 in hexadecimal."""


@contextmanager
def refused_downloads() -> Iterator[None]:
    """Refuse downloads within this: what only describes a network fetches nothing."""
    before = os.environ.get(OFFLINE)
    os.environ[OFFLINE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[OFFLINE]
        else:
            os.environ[OFFLINE] = before


def download(url: str, path: Path, what: str) -> Path:
    """Return ``path``, downloaded from ``url`` where it does not exist.

    Parameters
    ----------
    url : str
        As PyTorch's hub publishes weights: its file name ends in ``-`` and the first digits of the
        file's SHA-256, which is checked.
    path : Path
        Written beside and moved there when it is whole and right.
    what : str
        What messages call it.

    Raises
    ------
    RobotVisionError
        Downloads are refused here, the address does not answer, or the file is not the one meant.
    """
    import torch

    if path.is_file():
        return path
    _check_allowed(what, f"download {url} to {path}, or anywhere and give its path as 'weights'")
    digits = path.stem.rpartition("-")[2] or None
    print(f"downloading {what} from {url} to {path}", file=sys.stderr)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _silence_limited():
            torch.hub.download_url_to_file(url, str(path), hash_prefix=digits)
    except (OSError, URLError, RuntimeError) as e:  # RuntimeError: torch's of a wrong digest
        raise _failed(what, url, e) from e
    return path


@contextmanager
def _silence_limited() -> Iterator[None]:
    """Limit how long sockets opened within this wait: PyTorch's hub has no limit of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE_S if before is None else before)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def hub_file(repository: str, name: str, what: str) -> Path:
    """Return a file of a repository on the Hugging Face hub, downloaded where it is not here.

    Its cache (``HF_HOME``) names a large file by its SHA-256, which is checked after a download.

    Raises
    ------
    RobotVisionError
        As `download`.
    """
    import huggingface_hub as hub

    try:
        return Path(hub.hf_hub_download(repository, name, local_files_only=True))  # nosec B615
    except (OSError, ValueError):  # the library's own errors are among these: not here yet
        pass
    where = f"https://huggingface.co/{repository}"
    _check_allowed(what, f"download {name} of {where} and give its path as 'weights'")
    print(f"downloading {what}: {name} of {repository}", file=sys.stderr)
    try:
        # the publisher's newest revision: weights are data, and their digest is checked below
        path = Path(hub.hf_hub_download(repository, name))  # nosec B615
    except Exception as e:  # httpx's errors and the library's share no base class
        raise _failed(what, f"{where}/{name}", e) from e
    blob = path.resolve()
    if len(blob.name) == _SHA256 and file_digest(blob) != blob.name:
        blob.unlink()
        raise RobotVisionError(
            f"{what}: {name} of {repository} arrived damaged (its SHA-256 is not {blob.name}); "
            "it was deleted: try again"
        )
    return path


def _check_allowed(what: str, remedy: str) -> None:
    if os.environ.get(OFFLINE, "0") not in ("", "0"):
        raise RobotVisionError(
            f"{what}: not on this machine, and {OFFLINE} refuses downloads; {remedy}"
        )


def _failed(what: str, url: str, reason: Any) -> RobotVisionError:
    lines = str(reason).splitlines() or [type(reason).__name__]
    return RobotVisionError(
        f"{what}: not on this machine, and cannot be downloaded from {url} ({lines[0]}); "
        "give a file's path as 'weights'"
    )
