"""Data sets are fetched whole or not at all, from servers that break off, lie and dawdle."""

from __future__ import annotations

import hashlib
import io
import json
import re
import resource
import socket
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from robotvision.data.catalogue import Archive, DataSet, data_set, data_set_names
from robotvision.data.catalogue.download import DownloadError, Resuming
from robotvision.data.catalogue.fetch import Fetched, Fetching, select_archives, verify
from robotvision.data.catalogue.model import Address
from robotvision.data.catalogue.unpack import ArchiveError, unpack
from robotvision.errors import InputFaults, UnknownNameError
from robotvision.tasks.model import KnownCount, Status
from tests.fixtures.commands import CommandLine
from tests.fixtures.patience import PATIENCE_S

BODY = bytes(range(256)) * 4096


class Server(ThreadingHTTPServer):
    """Serves bytes by path; ``plan`` says what goes wrong with a path, in order of requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.plan: dict[str, list[str]] = {}
        self.ranges: list[str] = []
        self.at_once = self.most_at_once = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One request; the plan's next word says how it goes."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        plan = self.server.plan.get(self.path, [])
        how = plan.pop(0) if plan else "well"
        body = self.server.files.get(self.path)
        self.server.ranges.append(self.headers.get("Range", ""))
        if body is None or how == "404":
            return self.answer(404, b"no such file")
        if how == "503":
            return self.answer(503, b"later")
        etag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        start = 0
        asked = re.fullmatch(r"bytes=([0-9]+)-", self.headers.get("Range", ""))
        fits = self.headers.get("If-Range", etag) == etag
        if asked and fits and how != "no ranges":
            start = int(asked[1])
            if start >= len(body):
                return self.answer(416, b"")
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.send_header("ETag", etag)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        self.send(body[start:], how)

    def send(self, body: bytes, how: str) -> None:
        self.server.at_once += 1
        self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        if how == "half":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif how == "nothing":
            self.close_connection = True
        elif how == "stall":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            time.sleep(0.8)
            self.close_connection = True
        elif how == "slow":
            for i in range(8):
                self.wfile.write(body[i * len(body) // 8 : (i + 1) * len(body) // 8])
                time.sleep(0.05)
        else:
            self.wfile.write(body)
        self.server.at_once -= 1

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def idol2_names(rooms: dict[str, int]) -> list[str]:
    """Return file names of KTH-IDOL2 with so many frames of each room."""
    labels = [room for room, n in rooms.items() for _ in range(n)]
    return [
        f"t{1138915584 + i // 5}.{200000 * (i % 5):06d}_r{room}_x1.5_y{i}_a0.1.png"
        for i, room in enumerate(labels)
    ]


def tar_of(names: list[str], folder: str = "png/") -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as t:
        for name in names:
            info = tarfile.TarInfo(folder + name)
            info.size = 3
            t.addfile(info, io.BytesIO(b"pix"))
    return raw.getvalue()


ROOMS = {"BO": 3, "CR": 5}


def made(n: int = 1, access: str = "public", sha256: str | None = None) -> DataSet:
    """Return a data set of ``n`` sequences of eight frames."""
    home = Address(url="https://example.org/", status=Status.RECOLLECTED)
    return DataSet.model_construct(
        id="made",
        title="Made",
        about="",
        homepage=home,
        access=access,
        how="by hand only",
        bases=(),
        size="small",
        licence="none",
        citation="none",
        reader="idol2",
        note="",
        archives=tuple(
            Archive(name=f"s{i}.tar", sequence=f"s{i}", sha256=sha256) for i in range(n)
        ),
        counts=tuple(
            KnownCount(sequence=f"s{i}", frames=8, rooms=ROOMS, status=Status.VERIFIED)
            for i in range(n)
        ),
        counts_from=None,
        more=None,
    )


def fetched(
    server: Server, folder: Path, data: DataSet | None = None, **params: object
) -> list[Fetched]:
    fetching = Fetching(folder, [server.url], wait_s=0.01, **params)  # type: ignore[arg-type]
    return list(fetching.fetch(data or made()))


def test_every_entry_is_valid() -> None:
    """Addresses carry a status, no checksum is made up, counts are those of TASKS."""
    for name in data_set_names():
        data = data_set(name)
        assert data.id == name
        assert all(a.sha256 is None for a in data.archives)
        assert len({a.name for a in data.archives}) == len(data.archives)
        assert data.access == "form" or data.archives
    idol2 = data_set("kth-idol2").known_counts()
    assert len(data_set("kth-idol2").archives) == 24
    assert sum(c.frames or 0 for c in idol2.values()) == 11_440
    assert idol2["dum_night3"].rooms == {"BO": 124, "CR": 483, "EO": 134, "KT": 135, "PA": 158}
    vidrilo = data_set("vidrilo").known_counts()
    assert sum(c.frames or 0 for c in vidrilo.values()) == 22_454
    assert data_set("imageclef2012").known_counts()["training1"].frames == 2667
    with pytest.raises(UnknownNameError, match="did you mean 'kth-idol2'"):
        data_set("kth-idol")


def test_chosen_archives() -> None:
    """Patterns of sequences or files; a COLD archive by its own name; a wrong one is told."""
    idol2, cold = data_set("kth-idol2"), data_set("cold")
    assert len(select_archives(idol2, ["dum_*"])) == 12
    assert [a.name for a in select_archives(idol2, ["min_sunny4.tar"])] == ["min_sunny4.tar"]
    more = select_archives(cold, ["cold-ljubljana/part_a/seq2_sunny3.tar"])
    assert [a.sequence for a in more] == ["cold-ljubljana_part_a_seq2_sunny3"]
    with pytest.raises(InputFaults, match=r"no archive fits 'dum_cludy1'; did you mean 'dum_cloud"):
        select_archives(idol2, ["dum_cludy1"])


def test_fetch_unpacks_and_counts(server: Server, tmp_path: Path) -> None:
    """Downloaded, digest kept, unpacked, counted; the second time nothing is downloaded."""
    server.files["/s0.tar"] = tar_of(idol2_names(ROOMS))
    (result,) = fetched(server, tmp_path)
    assert (result.faults, result.frames, result.expected, result.is_first) == ([], 8, 8, True)
    assert len(list((tmp_path / "made/s0/png").iterdir())) == 8
    kept = (tmp_path / "made/archives/s0.tar.sha256").read_text()
    assert kept == f"{hashlib.sha256(server.files['/s0.tar']).hexdigest()}  s0.tar\n"
    (again,) = fetched(server, tmp_path)
    assert (again.faults, again.is_first, again.frames) == ([], False, 8)
    assert len(server.ranges) == 1
    assert [r.faults for r in verify(made(), tmp_path)] == [[]]


def test_counts_are_compared(server: Server, tmp_path: Path) -> None:
    """Frames that are missing are told in one line a count."""
    server.files["/s0.tar"] = tar_of(idol2_names({"BO": 3, "CR": 4}))
    (result,) = fetched(server, tmp_path)
    assert [f.partition(": ")[2] for f in result.faults] == [
        "expected 8 frames (verified), got 7; delete the folder and fetch it again",
        "expected 5 frames of CR (verified), got 4",
    ]


def test_parallel(server: Server, tmp_path: Path) -> None:
    """Several archives come at once, and one that fails does not stop the others."""
    for i in range(4):
        server.files[f"/s{i}.tar"] = tar_of(idol2_names(ROOMS))
        server.plan[f"/s{i}.tar"] = ["slow"]
    del server.files["/s2.tar"]
    results = fetched(server, tmp_path, made(4), jobs=4)
    assert sorted(r.archive.name for r in results if not r.faults) == ["s0.tar", "s1.tar", "s3.tar"]
    assert server.most_at_once > 1


def bring(server: Server, folder: Path, timeout_s: float = 5.0, **params: object) -> Path:
    resuming = Resuming(folder / "x.part", "x", timeout_s=timeout_s, wait_s=0.01, **params)  # type: ignore[arg-type]
    resuming(f"{server.url}/x", folder / "x", None)
    return folder / "x"


def test_interrupted_transfer_goes_on(server: Server, tmp_path: Path) -> None:
    """Two breaks on the way: each time only the rest is asked for."""
    server.files["/x"] = BODY
    server.plan["/x"] = ["half", "half"]
    assert bring(server, tmp_path).read_bytes() == BODY
    half, three = len(BODY) // 2, len(BODY) * 3 // 4
    assert server.ranges == ["", f"bytes={half}-", f"bytes={three}-"]
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_interrupted_run_goes_on(server: Server, tmp_path: Path) -> None:
    """A later run goes on where an earlier one gave up."""
    server.files["/x"] = BODY
    server.plan["/x"] = ["half", "nothing", "nothing", "nothing"]
    with pytest.raises(
        DownloadError,
        match=r"cut short: expected 1048576 bytes, got 524288; 524 "
        "kB are kept: run it again to go on",
    ):
        bring(server, tmp_path)
    server.ranges.clear()
    assert bring(server, tmp_path).read_bytes() == BODY
    assert server.ranges == ["bytes=524288-"]


def test_changed_file_is_begun_anew(server: Server, tmp_path: Path) -> None:
    """A part of another version of the file is never continued."""
    server.files["/x"] = BODY
    server.plan["/x"] = ["half", "nothing", "nothing", "nothing"]
    with pytest.raises(DownloadError):
        bring(server, tmp_path)
    server.files["/x"] = BODY[::-1]
    assert bring(server, tmp_path).read_bytes() == BODY[::-1]


@pytest.mark.parametrize("plan", [["half", "no ranges"], ["503", "well"], ["nothing", "slow"]])
def test_other_troubles(server: Server, tmp_path: Path, plan: list[str]) -> None:
    """A server without ranges, one that is busy, one that dawdles."""
    server.files["/x"] = BODY
    server.plan["/x"] = plan
    assert bring(server, tmp_path).read_bytes() == BODY


def test_part_that_is_whole_already(server: Server, tmp_path: Path) -> None:
    """Killed between the last byte and the renaming: nothing is downloaded again."""
    server.files["/x"] = BODY
    server.plan["/x"] = ["half", "nothing", "nothing", "nothing"]
    with pytest.raises(DownloadError):
        bring(server, tmp_path)
    (tmp_path / "x.part").write_bytes(BODY)
    assert bring(server, tmp_path).read_bytes() == BODY
    assert server.ranges[-1] == f"bytes={len(BODY)}-"


def test_stalled_transfer_times_out(server: Server, tmp_path: Path) -> None:
    """Nothing for too long is an interruption, and the rest is asked for."""
    server.files["/x"] = BODY
    server.plan["/x"] = ["stall"]
    assert bring(server, tmp_path, timeout_s=0.3).read_bytes() == BODY
    assert server.ranges[-1] == "bytes=524288-"


def test_second_mirror(server: Server, tmp_path: Path) -> None:
    """Where the first mirror does not have it the second is asked."""
    server.files["/b/s0.tar"] = tar_of(idol2_names(ROOMS))
    fetching = Fetching(tmp_path, [f"{server.url}/a", f"{server.url}/b"], wait_s=0.01)
    (result,) = fetching.fetch(made())
    assert result.faults == []


def test_folder_as_a_mirror(tmp_path: Path) -> None:
    """Archives that were got by hand are taken from a folder."""
    (tmp_path / "got").mkdir()
    (tmp_path / "got/s0.tar").write_bytes(tar_of(idol2_names(ROOMS)))
    data = made(access="form")
    (result,) = Fetching(tmp_path / "to", [str(tmp_path / "got")]).fetch(data)
    assert (result.faults, result.frames) == ([], 8)


def test_by_hand_only(tmp_path: Path) -> None:
    """What needs a form says so, with the page and the way on."""
    with pytest.raises(InputFaults) as e:
        list(Fetching(tmp_path).fetch(made(access="form")))
    assert e.value.lines() == [
        "made: by hand only; see https://example.org/ (recollected); with the archives in hand: "
        "robotvision data fetch made --mirror FOLDER"
    ]


def test_not_there(server: Server, tmp_path: Path) -> None:
    (result,) = fetched(server, tmp_path)
    assert result.faults == [f"{server.url}/s0.tar: the server answers 404 Not Found"]


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port where nobody listens: one line."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{s.getsockname()[1]}"
    (result,) = Fetching(tmp_path, [url], wait_s=0.01).fetch(made())
    (line,) = result.faults
    assert line.startswith(f"{url}/s0.tar: no connection (")
    assert "Connection refused" in line
    assert line.endswith("is there a network?")


def test_other_digest_than_at_first(server: Server, tmp_path: Path) -> None:
    """The first digest is trusted, another one later is refused and the file thrown away."""
    server.files["/s0.tar"] = tar_of(idol2_names(ROOMS))
    fetched(server, tmp_path)
    (tmp_path / "made/archives/s0.tar").unlink()
    (tmp_path / "made/s0").rename(tmp_path / "elsewhere")
    before = hashlib.sha256(server.files["/s0.tar"]).hexdigest()
    server.files["/s0.tar"] += b"\0" * 512
    (result,) = fetched(server, tmp_path)
    after = hashlib.sha256(server.files["/s0.tar"]).hexdigest()
    kept = tmp_path / "made/archives/s0.tar.sha256"
    assert result.faults == [
        f"{server.url}/s0.tar: expected the SHA-256 {before} (as first downloaded, {kept}; delete "
        f"that to take the new one), got {after}; the file was thrown away"
    ]
    assert [p.name for p in kept.parent.iterdir()] == [kept.name]
    assert not (tmp_path / "made/s0").exists()


def test_digest_of_the_catalogue(server: Server, tmp_path: Path) -> None:
    server.files["/s0.tar"] = tar_of(idol2_names(ROOMS))
    right = hashlib.sha256(server.files["/s0.tar"]).hexdigest()
    (wrong,) = fetched(server, tmp_path, made(sha256="0" * 64))
    assert "as the catalogue says" in wrong.faults[0]
    (result,) = fetched(server, tmp_path, made(sha256=right))
    assert (result.faults, result.is_first) == ([], False)


def test_damaged_later(server: Server, tmp_path: Path) -> None:
    """What changes on the disk is found by verify."""
    server.files["/s0.tar"] = tar_of(idol2_names(ROOMS))
    fetched(server, tmp_path)
    with open(tmp_path / "made/archives/s0.tar", "r+b") as f:
        f.write(b"x")
    next((tmp_path / "made/s0/png").iterdir()).unlink()
    (result,) = verify(made(), tmp_path)
    assert "expected the SHA-256" in result.faults[0]
    assert "expected 8 frames (verified), got 7" in result.faults[1]
    with pytest.raises(InputFaults, match="nothing of made in it"):
        verify(made(), tmp_path / "elsewhere")


def test_web_page_for_an_archive(server: Server, tmp_path: Path) -> None:
    """A page where the archive should be: one line, and nothing half unpacked."""
    server.files["/s0.tar"] = b"<!DOCTYPE html><html>log in</html>" * 100
    (result,) = fetched(server, tmp_path)
    (line,) = result.faults
    assert "cannot be unpacked" in line
    assert "it is a web page" in line
    assert [p.name for p in (tmp_path / "made").iterdir()] == ["archives"]


def test_discarded_archive(server: Server, tmp_path: Path) -> None:
    """Archives can go once they are unpacked; their digests stay and nothing comes again."""
    server.files["/s0.tar"] = tar_of(idol2_names(ROOMS))
    fetched(server, tmp_path, keep=False)
    assert [p.name for p in (tmp_path / "made/archives").iterdir()] == ["s0.tar.sha256"]
    (again,) = fetched(server, tmp_path, keep=False)
    assert (again.faults, again.frames, len(server.ranges)) == ([], 8, 1)


def hostile_tar(kind: str) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as t:
        names = {
            "up": "../evil",
            "root": "/tmp/evil",
            "deep": "a/../../evil",
            "windows": "a\\..\\evil",
            "drive": "C:evil",
        }
        info = tarfile.TarInfo(names.get(kind, "a/link"))
        if kind in ("symlink", "hardlink"):
            info.type = tarfile.SYMTYPE if kind == "symlink" else tarfile.LNKTYPE
            info.linkname = "/etc/passwd"
        elif kind == "device":
            info.type = tarfile.CHRTYPE
        elif kind == "bomb":
            info.size = 2**28
        t.addfile(info, io.BytesIO(bytes(info.size)) if info.size else None)
    return raw.getvalue()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("up", "leads out"),
        ("root", "leads out"),
        ("deep", "leads out"),
        ("windows", "leads out"),
        ("drive", "leads out"),
        ("symlink", "a link or a device"),
        ("hardlink", "a link or a device"),
        ("device", "a link or a device"),
        ("bomb", "more than 20 times its size"),
    ],
)
def test_hostile_archives(tmp_path: Path, kind: str, said: str) -> None:
    """Nothing leaves the folder, no links, bounded size; nothing stays behind."""
    archive = tmp_path / "in" / "a.tar.gz"
    archive.parent.mkdir()
    archive.write_bytes(hostile_tar(kind))
    with pytest.raises(ArchiveError, match=said) as e:
        unpack(archive, tmp_path / "out" / "a", lambda _: True)
    assert len(e.value.lines()) == 1
    assert list((tmp_path / "out").iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_zip_and_needless_folders(tmp_path: Path) -> None:
    """A ZIP file; a folder around everything goes, unless the layout wants it."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as z:
        z.writestr("whatever/std_cam/x.jpeg", b"x")
    unpack(tmp_path / "a.zip", tmp_path / "seq", lambda p: (p / "std_cam").exists())
    assert (tmp_path / "seq/std_cam/x.jpeg").read_bytes() == b"x"
    unpack(tmp_path / "a.zip", tmp_path / "all", lambda _: True)
    assert (tmp_path / "all/whatever/std_cam/x.jpeg").exists()
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as z:
        z.writestr("../evil", b"x")
    with pytest.raises(ArchiveError, match="leads out"):
        unpack(tmp_path / "b.zip", tmp_path / "b", lambda _: True)
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as z:
        z.writestr(link, "/etc/passwd")
    with pytest.raises(ArchiveError, match="is a link"):
        unpack(tmp_path / "c.zip", tmp_path / "c", lambda _: True)


def test_cut_short_archive(tmp_path: Path) -> None:
    whole = tar_of(idol2_names(ROOMS))
    for n in (len(whole) // 3, 700, 2048):
        (tmp_path / "a.tar").write_bytes(whole[:n])
        with pytest.raises(ArchiveError, match="cannot be unpacked"):
            unpack(tmp_path / "a.tar", tmp_path / "a", lambda _: True)


def run(*args: object, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, its files no longer than ``limit``."""

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    code = "from robotvision.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        text=True,
        capture_output=True,
        preexec_fn=limited,
        timeout=PATIENCE_S,
    )


def test_command_line(server: Server, tmp_path: Path, robotvision: CommandLine) -> None:
    """A sequence of KTH-IDOL2 as large as the real one, from 127.0.0.1."""
    rooms = data_set("kth-idol2").known_counts()["dum_cloudy1"].rooms
    server.files["/dum_cloudy1.tar"] = tar_of(idol2_names(rooms))
    to = ("--mirror", server.url, "--to", tmp_path)
    done = robotvision("data", "fetch", "kth-idol2", "dum_cloudy1", *to)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(
        rf"ok: {tmp_path}/kth-idol2/dum_cloudy1: 917 frames as expected; SHA-256 "
        r"[0-9a-f]{12}\.\.\., trusted on first use\n",
        done.stdout,
    )
    done = robotvision("data", "fetch", "kth-idol2", "dum_cloudy[12]", "--json", *to)
    assert done.returncode == 1
    archives = {a["archive"]: a for a in json.loads(done.stdout)["archives"]}
    assert archives["dum_cloudy1.tar"]["frames"] == 917
    assert archives["dum_cloudy2.tar"]["faults"] == [
        f"{server.url}/dum_cloudy2.tar: the server answers 404 Not Found"
    ]
    done = robotvision("data", "list", "kth-idol2", "--json")
    assert json.loads(done.stdout)["data_sets"][0]["archives"][0]["frames"] == 917


def test_disk_full(server: Server, tmp_path: Path, robotvision: CommandLine) -> None:
    """Where no more can be written: one line, what has come is kept, the next run goes on."""
    rooms = data_set("kth-idol2").known_counts()["dum_cloudy1"].rooms
    server.files["/dum_cloudy1.tar"] = body = tar_of(idol2_names(rooms))
    args = ("data", "fetch", "kth-idol2", "dum_cloudy1", "--mirror", server.url, "--to", tmp_path)
    done = run(*args, limit=300_000)
    part = tmp_path / "kth-idol2/archives/dum_cloudy1.tar.part"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"{part}: the disk is full (File too large); 300 kB are kept: make room "
        "and run it again to go on\n"
    )
    assert part.read_bytes() == body[:300_000]
    assert robotvision(*args).returncode == 0
    assert server.ranges[-1] == "bytes=300000-"
