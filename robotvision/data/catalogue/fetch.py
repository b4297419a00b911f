"""Fetch a data set: several archives at once, digests kept, counts checked through the readers.

::

    <folder>/<id>/archives/<name>           as downloaded
    <folder>/<id>/archives/<name>.sha256    its digest when it first came
    <folder>/<id>/<sequence>/               unpacked
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from robotvision.data import READERS, read_sequence
from robotvision.data.catalogue.download import (
    ByteProgress,
    DownloadError,
    Resuming,
    Stopped,
    download,
)
from robotvision.data.catalogue.model import Archive, DataSet
from robotvision.data.catalogue.unpack import ArchiveError, unpack
from robotvision.errors import (
    Fault,
    InputFaults,
    RobotVisionError,
    near,
    not_writable,
    raise_faults,
)
from robotvision.tasks.model import KnownCount

ARCHIVES = "archives"


@dataclass(slots=True)
class Fetched:
    """The result of fetching one archive.

    ``sha256`` is None where the archive is not here; ``is_first`` says that its digest was trusted
    on first use. ``frames`` are those the reader counts, None where it does not.
    """

    archive: Archive
    path: Path
    sha256: str | None = None
    is_first: bool = False
    frames: int | None = None
    expected: int | None = None
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Fetching:
    """How a data set is fetched.

    Parameters
    ----------
    folder : Path
        Holds the data sets, each in a folder of its id.
    mirrors : sequence of str
        In place of the catalogue's addresses: URLs, or folders that have the archives.
    jobs : int
        Archives at a time.
    keep : bool
        Keep archives once they are unpacked and their counts are right.
    timeout_s, wait_s : float
        See `Resuming`.
    """

    folder: Path
    mirrors: Sequence[str] = ()
    jobs: int = 2
    keep: bool = True
    timeout_s: float = 30.0
    wait_s: float = 1.0

    def fetch(
        self, data: DataSet, wanted: Sequence[str] = (), progress: ByteProgress | None = None
    ) -> Iterator[Fetched]:
        """Fetch the wanted archives (patterns; all where none) and yield each when it is done.

        Raises
        ------
        InputFaults
            A pattern fits none, or the data set cannot be fetched at all: how it can be had.
        """
        mirrors = self._mirrors(data)
        archives = select_archives(data, wanted)
        stop = threading.Event()
        pool = ThreadPoolExecutor(max(1, self.jobs))
        try:
            todo = [pool.submit(self._one, data, a, mirrors, progress, stop) for a in archives]
            for done in as_completed(todo):
                yield done.result()
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _mirrors(self, data: DataSet) -> list[str]:
        if self.mirrors and data.archives:
            return list(self.mirrors)
        if data.access == "form" or not data.bases:
            remedy = f"see {data.homepage.url} ({data.homepage.status})"
            if data.archives:
                remedy += (
                    f"; with the archives in hand: robotvision data fetch {data.id} --mirror FOLDER"
                )
            raise InputFaults(Fault(data.id, data.how, remedy=remedy))
        return [b.url for b in data.bases]

    def _one(
        self,
        data: DataSet,
        archive: Archive,
        mirrors: list[str],
        progress: ByteProgress | None,
        stop: threading.Event,
    ) -> Fetched:
        place = self.folder / data.id
        fetched = Fetched(
            archive,
            place / archive.sequence
            if archive.unpack
            else place / archive.sequence / Path(archive.name).name,
        )
        try:
            if not fetched.path.exists() or (place / ARCHIVES / archive.name).exists():
                self._download(place, fetched, mirrors, progress, stop)
            if not fetched.path.exists():
                self._put(place, fetched, detector(data))
        except Stopped:
            fetched.faults.append(f"{archive.name}: stopped")
            return fetched
        except (DownloadError, ArchiveError) as e:
            fetched.faults += e.lines()
            return fetched
        except OSError as e:
            fetched.faults.append(str(not_writable(e.filename or place, e)))
            return fetched
        check_counts(data, fetched)
        if not self.keep and not fetched.faults and archive.unpack:
            (place / ARCHIVES / archive.name).unlink(missing_ok=True)
        return fetched

    def _download(
        self,
        place: Path,
        fetched: Fetched,
        mirrors: list[str],
        progress: ByteProgress | None,
        stop: threading.Event,
    ) -> None:
        name = fetched.archive.name
        digest_file = place / ARCHIVES / f"{name}.sha256"
        known, why = known_digest(place, fetched.archive)
        resuming = Resuming(
            place / ARCHIVES / f"{name}.part",
            name,
            progress,
            stop,
            timeout_s=self.timeout_s,
            wait_s=self.wait_s,
        )
        fetched.sha256 = download(name, mirrors, place / ARCHIVES, known, why, resuming)
        if known is None:
            fetched.is_first = True
            digest_file.write_text(f"{fetched.sha256}  {Path(name).name}\n", encoding="utf-8")

    def _put(self, place: Path, fetched: Fetched, detects: Callable[[Path], bool]) -> None:
        source = place / ARCHIVES / fetched.archive.name
        fetched.path.parent.mkdir(parents=True, exist_ok=True)
        if fetched.archive.unpack:
            unpack(source, fetched.path, detects)
        else:
            shutil.copyfile(source, fetched.path)


def select_archives(data: DataSet, wanted: Sequence[str]) -> list[Archive]:
    """Return the archives whose sequence or file name fits one of the patterns, all where none.

    A name of the form of ``data.more`` need not be listed.

    Raises
    ------
    InputFaults
        A pattern fits none.
    """
    listed = [a for a in data.archives if not wanted or any(_fits(a, p) for p in wanted)]
    unlisted, faults = [], []
    for pattern in wanted:
        if any(_fits(a, pattern) for a in listed):
            continue
        if data.more and re.fullmatch(data.more, pattern):
            sequence = pattern.rpartition(".")[0].replace("/", "_")
            unlisted.append(Archive(name=pattern, sequence=sequence, sha256=None))
            continue
        known = near(pattern, [a.sequence for a in data.archives])
        faults.append(
            Fault(
                data.id,
                f"no archive fits {pattern!r}{known}",
                remedy=f"robotvision data list {data.id} shows them",
            )
        )
    raise_faults(faults)
    return listed + unlisted


def _fits(archive: Archive, pattern: str) -> bool:
    return fnmatchcase(archive.sequence, pattern) or fnmatchcase(archive.name, pattern)


def known_digest(place: Path, archive: Archive) -> tuple[str | None, str]:
    """Return the SHA-256 that an archive must have and where it is from; None: trust the first."""
    if archive.sha256 is not None:
        return archive.sha256, "as the catalogue says"
    digest_file = place / ARCHIVES / f"{archive.name}.sha256"
    if not digest_file.exists():
        return None, ""
    text = digest_file.read_text(encoding="utf-8", errors="replace").split()
    if not text or len(text[0]) != 64:
        raise DownloadError(
            f"{digest_file}: expected a SHA-256 and a file name; delete the file to trust "
            "the next download"
        )
    return text[0].lower(), f"as first downloaded, {digest_file}; delete that to take the new one"


def detector(data: DataSet) -> Callable[[Path], bool]:
    """Return the check whether a folder has the data set's layout."""
    if data.reader is None:
        return lambda _: False
    detects: Callable[[Path], bool] = READERS.create(data.reader, {}).detects
    return detects


def check_counts(data: DataSet, fetched: Fetched) -> None:
    """Count the frames and rooms of an unpacked sequence and note where others were expected."""
    expected = data.known_counts().get(fetched.archive.sequence)
    if data.reader is None or not fetched.archive.unpack:
        return
    try:
        reading = read_sequence(fetched.path, data.reader)
    except RobotVisionError as e:
        fetched.faults += e.lines()
        return
    fetched.faults += map(str, reading.faults)
    if reading.sequence is None:
        return
    fetched.frames = len(reading.sequence)
    if expected is not None:
        fetched.expected = expected.frames
        rooms = reading.sequence.room_counts() if reading.sequence.truth is not None else None
        fetched.faults += _differences(fetched.path, expected, fetched.frames, rooms)


def _differences(
    path: Path, expected: KnownCount, frames: int, rooms: dict[str, int] | None
) -> list[str]:
    differences = []
    if expected.frames is not None and expected.frames != frames:
        differences.append(
            f"{path}: expected {expected.frames} frames ({expected.status}), got "
            f"{frames}; delete the folder and fetch it again"
        )
    for room, n in expected.rooms.items() if rooms is not None else ():
        if rooms is not None and rooms.get(room, 0) != n:
            differences.append(
                f"{path}: expected {n} frames of {room} ({expected.status}), got "
                f"{rooms.get(room, 0)}"
            )
    return differences


def verify(data: DataSet, folder: Path) -> list[Fetched]:
    """Check what was fetched of a data set: digests of kept archives, counts of sequences.

    Raises
    ------
    InputFaults
        ``folder`` holds nothing of it.
    """
    import pooch

    place, results = folder / data.id, []
    for archive in data.archives:
        packed, unpacked = place / ARCHIVES / archive.name, place / archive.sequence
        fetched = Fetched(archive, unpacked)
        if packed.exists():
            try:
                known, why = known_digest(place, archive)
            except DownloadError as e:
                fetched.faults += e.lines()
                known = None
            fetched.sha256 = pooch.file_hash(str(packed), alg="sha256")
            if known is not None and fetched.sha256 != known:
                fetched.faults.append(
                    f"{packed}: expected the SHA-256 {known} ({why}), got {fetched.sha256}"
                )
        if archive.unpack and unpacked.exists():
            check_counts(data, fetched)
        if packed.exists() or (archive.unpack and unpacked.exists()):
            results.append(fetched)
    if not results:
        raise InputFaults(
            Fault(place, f"nothing of {data.id} in it", remedy=f"robotvision data fetch {data.id}")
        )
    return results
