"""Bring one file here: resumed where it was interrupted, checked by pooch, from several mirrors.

pooch keeps the files and compares digests; what it leaves to a downloader is done here. What has
come stays in ``<name>.part`` until the file is whole, and the next attempt (of this run or of a
later one) asks for the rest alone, if the server's file is still the same (RFC 9110, section 14).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pooch
import requests

from robotvision.errors import RobotVisionError, not_writable

ByteProgress = Callable[[str, int, int | None], None]
"""Called with (file, bytes done, bytes in all or None)."""

BLOCK = 2**14
"""At most so much of what came is lost where a transfer breaks off."""

_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


class DownloadError(RobotVisionError):
    """A file cannot be downloaded; the message says which and why."""


class Stopped(Exception):
    """The user interrupted the download."""


class _Interrupted(Exception):
    """The transfer broke off and may go on."""


@dataclass(slots=True)
class Resuming:
    """A downloader for pooch that goes on where it was interrupted.

    Parameters
    ----------
    part : Path
        Holds the bytes received so far until the file is whole.
    name : str
        The file's name in progress reports.
    timeout_s : float
        Nothing for so long is an interruption.
    tries : int
        Attempts in a row without a new byte.
    wait_s : float
        Before the first of them; doubled each time.
    """

    part: Path
    name: str
    progress: ByteProgress | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    timeout_s: float = 30.0
    tries: int = 3
    wait_s: float = 1.0
    digest: str = ""

    def __call__(
        self, url: str, output_file: Any, pooch_: Any, *, check_only: bool = False
    ) -> None:
        """Download ``url`` and leave it at ``output_file``. Raises DownloadError, Stopped."""
        self.part.parent.mkdir(parents=True, exist_ok=True)
        if urlsplit(url).scheme in ("http", "https"):
            self._retry(url)
        else:
            self._copy(Path(url))
        self.digest = pooch.file_hash(str(self.part), alg="sha256")
        os.replace(self.part, output_file)
        self._state_path.unlink(missing_ok=True)

    @property
    def _state_path(self) -> Path:
        return self.part.with_name(self.part.name + ".json")

    @property
    def _n_received(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _retry(self, url: str) -> None:
        stalled = 0
        while True:
            before = self._n_received
            try:
                return self._download_once(url)
            except _Interrupted as e:
                stalled = 0 if self._n_received > before else stalled + 1
                if stalled >= self.tries:
                    n = self._n_received
                    hint = f"; {_size(n)} are kept: run it again to go on" if n else ""
                    raise DownloadError(f"{url}: {e}{hint}") from e
            if self.stop.wait(self.wait_s * 2**stalled / 2):
                raise Stopped

    def _download_once(self, url: str) -> None:
        have, about = self._n_received, self._read_state(url)
        headers = {"Accept-Encoding": "identity"}
        if have and about:
            headers["Range"] = f"bytes={have}-"
            if about.get("validator"):
                headers["If-Range"] = about["validator"]
        try:
            with requests.get(
                url, stream=True, headers=headers, timeout=(10.0, self.timeout_s)
            ) as answer:
                total = self._begin(url, answer, have, about)
                if total is not None:
                    self._receive(answer, total[0])
        except requests.Timeout as e:
            raise _Interrupted(f"nothing came for {self.timeout_s:g} s") from e
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as e:
            raise _Interrupted(_why(e, self._n_received, self._read_state(url).get("total"))) from e
        except requests.RequestException as e:
            raise DownloadError(f"{url}: cannot be downloaded ({e})") from e
        total_bytes = self._read_state(url).get("total")
        if total_bytes is not None and self._n_received != total_bytes:
            raise _Interrupted(_cut_short(self._n_received, total_bytes))

    def _begin(
        self, url: str, answer: requests.Response, have: int, about: dict[str, Any]
    ) -> tuple[int | None] | None:
        """Check the answer's headers; return the file's size, or None where all is here."""
        status = answer.status_code
        if status == 416 and have and have == about.get("total"):
            return None
        if status == 416:
            self.part.unlink(missing_ok=True)
            raise _Interrupted("the file there is shorter than what was kept: begun anew")
        if status >= 500 or status in (408, 429):
            raise _Interrupted(f"the server answers {status} {answer.reason}")
        if status not in (200, 206):
            raise DownloadError(f"{url}: the server answers {status} {answer.reason}")
        if status == 206 and not _goes_on(answer, have, about.get("total")):
            self.part.unlink(missing_ok=True)
            raise _Interrupted("the server sent another part than was asked for: begun anew")
        total: int | None = about.get("total") if status == 206 else _length(answer)
        if status == 200:
            self.part.write_bytes(b"")
            validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
            is_strong = not validator.startswith("W/")
            state = {"url": url, "total": total, "validator": validator if is_strong else ""}
            self._state_path.write_text(json.dumps(state), encoding="utf-8")
        self._require_space((total or 0) - self._n_received)
        return (total,)

    def _receive(self, answer: requests.Response, total: int | None) -> None:
        with open(self.part, "ab", buffering=0) as f:
            for block in answer.iter_content(BLOCK):
                with self._writing():
                    left = memoryview(block)
                    while left:  # a disk that fills up takes a piece before it refuses
                        left = left[f.write(left) :]
                if self.progress is not None:
                    self.progress(self.name, f.tell(), total)
                if self.stop.is_set():
                    raise Stopped

    def _copy(self, source: Path) -> None:
        if not source.is_file():
            raise DownloadError(f"{source}: no such file")
        self._require_space(source.stat().st_size)
        with self._writing():
            shutil.copyfile(source, self.part)

    def _read_state(self, url: str) -> dict[str, Any]:
        """Return the state of the part received so far, empty where it is of another file."""
        with contextlib.suppress(OSError, ValueError):
            about = json.loads(self._state_path.read_text(encoding="utf-8"))
            if isinstance(about, dict) and about.get("url") == url:
                return about
        return {}

    def _require_space(self, n_bytes: int) -> None:
        free = shutil.disk_usage(self.part.parent).free
        if n_bytes > free:
            raise DownloadError(
                f"{self.part.parent}: the disk is too full: {_size(n_bytes)} are "
                f"needed, {_size(free)} are free; make room or choose another "
                "folder with --to"
            )

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as e:
            if e.errno not in _FULL:
                raise DownloadError(str(not_writable(self.part, e))) from e
            raise DownloadError(
                f"{self.part}: the disk is full ({e.strerror}); "
                f"{_size(self._n_received)} are kept: make room and run it again to "
                "go on"
            ) from e


def download(
    name: str,
    mirrors: Sequence[str],
    folder: Path,
    known: str | None,
    why_known: str,
    resuming: Resuming,
) -> str:
    """Bring ``name`` to ``folder`` from the first mirror that has it and return its SHA-256.

    Parameters
    ----------
    name : str
        Its path under each mirror and in ``folder``.
    known : str or None
        Its SHA-256; None: whatever comes is trusted.
    why_known : str
        Where the SHA-256 is from, for the message.

    Raises
    ------
    DownloadError
        No mirror has it; one line a mirror.
    """
    pooch.get_logger().setLevel("WARNING")
    reasons = []
    for mirror in mirrors:
        url = f"{mirror.rstrip('/')}/{quote(name)}" if "://" in mirror else f"{mirror}/{name}"
        try:
            path = pooch.retrieve(
                url, known and f"sha256:{known}", name, folder, downloader=resuming
            )
            digest: str = pooch.file_hash(str(path), alg="sha256")
            return digest
        except DownloadError as e:
            reasons.append(str(e))
        except ValueError:
            reasons.append(
                f"{url}: expected the SHA-256 {known} ({why_known}), got "
                f"{resuming.digest}; the file was thrown away"
            )
    raise DownloadError("\n".join(reasons))


def _goes_on(answer: requests.Response, have: int, total: int | None) -> bool:
    """Return whether a part begins where ours ends and is of a file of the same size."""
    span, _, whole = answer.headers.get("Content-Range", "").partition("/")
    same = total is None or whole in ("*", str(total))
    return span.startswith(f"bytes {have}-") and same


def _length(answer: requests.Response) -> int | None:
    text = answer.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _why(error: Exception, have: int, total: int | None) -> str:
    if total is not None and have:
        return _cut_short(have, total)
    reason: BaseException = error
    while (inner := reason.__cause__ or reason.__context__) is not None:
        reason = inner
    return f"no connection ({reason}); is there a network?"


def _cut_short(have: int, total: int) -> str:
    return f"the transfer was cut short: expected {total} bytes, got {have}"


def _size(n_bytes: int) -> str:
    for factor, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.3g} {unit}"
    return f"{n_bytes} bytes"
