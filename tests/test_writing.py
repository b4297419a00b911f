"""Files and folders are whole or not there: killed writers, full disks, folders of other people."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from robotvision.errors import RobotVisionError
from robotvision.writing import (
    MARKER,
    csv_of,
    new_file,
    new_folder,
    new_path,
    require_replaceable,
    write_bytes,
    write_text,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

WRITER = """
import itertools, sys
from pathlib import Path
from robotvision.writing import new_folder, write_bytes
root = Path(sys.argv[1])
print("ready", flush=True)
for k in itertools.count():
    sign = b"AB"[k % 2 : k % 2 + 1]
    write_bytes(root / "file", sign * 400_000, is_durable=False)
    with new_folder(root / "folder", "site") as part:
        for name in "abcdefgh":
            (part / name).write_bytes(sign * 5_000)
"""
RUN = "from robotvision.cli import main; main()"


def kill_writer(root: Path, after_s: float) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(root)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(after_s)
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_killed_writer_leaves_one_version_or_the_other(tmp_path: Path) -> None:
    """Real kills at seeded moments: no file is cut short, no folder holds two versions."""
    rng, n_writing = random.Random(5), 0
    for _ in range(12):
        kill_writer(tmp_path, rng.random() * 0.1)
        n_writing += bool(list(tmp_path.glob(".*.part*")))
        if (tmp_path / "file").exists():
            content = (tmp_path / "file").read_bytes()
            assert content in (b"A" * 400_000, b"B" * 400_000)
        if (tmp_path / "folder").exists():
            pages = {p.name: p.read_bytes() for p in (tmp_path / "folder").glob("[a-h]")}
            assert sorted(pages) == list("abcdefgh")
            assert set(pages.values()) in ({b"A" * 5_000}, {b"B" * 5_000})
    assert n_writing > 3  # else the kills came between two writes, and show nothing
    write_text(tmp_path / "file", "new")
    with new_folder(tmp_path / "folder", "site"):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_commands_that_are_killed_leave_nothing_half(tmp_path: Path) -> None:
    """The short form of ``scripts/check_kills.py``."""
    import check_kills

    check_kills.prepare(tmp_path)
    for case in check_kills.CASES:
        if case.name == "rank-site":
            assert check_kills.check(tmp_path, case, kills=2, seed=1) == 0


def fail_in_a_file(path: Path, error: type[BaseException]) -> None:
    with new_file(path) as f:
        f.write(b"new")
        raise error


def fail_in_a_folder(path: Path, error: type[BaseException]) -> None:
    with new_folder(path, "site") as part:
        (part / "index.html").write_text("half")
        raise error


def test_what_fails_while_it_is_written_changes_nothing(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "old")
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            fail_in_a_file(path, error)
        with pytest.raises(error):
            fail_in_a_folder(tmp_path / "site", error)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_keeps_its_mode_and_its_links(tmp_path: Path) -> None:
    path, link = tmp_path / "a.txt", tmp_path / "link"
    write_text(path, "old")
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()
    path.chmod(0o600)
    link.symlink_to("a.txt")
    write_text(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def test_names_near_the_longest_are_written(tmp_path: Path) -> None:
    for name in ("x" * 255, "y" * 250 + ".json", "[a]*?.csv", "line\nbreak"):
        assert write_text(tmp_path / name, "text").read_text() == "text"
    assert len(list(tmp_path.iterdir())) == 4


def test_devices_and_fifos_are_written_to_and_stay(tmp_path: Path) -> None:
    write_text(Path("/dev/null"), "text")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(RobotVisionError, match=r"^/dev/full: cannot be written \(No space left"):
        write_bytes(Path("/dev/full"), b"x" * 100_000)
    with pytest.raises(RobotVisionError, match="it is a folder"):
        write_text(tmp_path, "text")


def test_a_library_that_opens_by_name_sees_the_ending(tmp_path: Path) -> None:
    with new_path(tmp_path / "figure.pdf") as part:
        assert part.suffix == ".pdf"
        part.write_bytes(b"1")
    assert (tmp_path / "figure.pdf").read_bytes() == b"1"


def write_site(path: Path, **files: str) -> None:
    with new_folder(path, "site") as part:
        for name, text in files.items():
            (part / f"{name}.html").write_text(text)


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    site = tmp_path / "site"
    write_site(site, index="1", gone="1")
    write_site(site, index="2")
    assert sorted(p.name for p in site.iterdir()) == [MARKER, "index.html"]
    assert (site / "index.html").read_text() == "2"
    assert json.loads((site / MARKER).read_text())["files"] == ["index.html"]
    assert [p.name for p in tmp_path.iterdir()] == ["site"]


def test_it_is_replaced_without_an_exchange_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robotvision.writing._exchange", lambda one, other: False)
    test_a_folder_is_replaced_as_a_whole(tmp_path)


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Home folders, notes beside pages, another kind of folder: nothing of them is lost."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "thesis.tex").write_text("five years")
    with pytest.raises(RobotVisionError, match="a site written before, got one without"):
        write_site(own, index="1")
    site = tmp_path / "site"
    write_site(site, index="1")
    (site / "CNAME").write_text("example.org")
    with pytest.raises(RobotVisionError, match="CNAME: not written with this site"):
        write_site(site, index="2")
    (site / "CNAME").unlink()
    (site / "data").symlink_to(own)
    with pytest.raises(RobotVisionError, match="data: not written with this site"):
        write_site(site, index="2")
    with pytest.raises(RobotVisionError, match="expected a new or empty folder"):
        require_replaceable(site, None)
    with pytest.raises(RobotVisionError, match="a page written before"):
        require_replaceable(site, "page")
    with pytest.raises(RobotVisionError, match="expected a folder, or none yet"):
        write_site(own / "thesis.tex", index="1")
    assert (own / "thesis.tex").read_text() == "five years"
    (tmp_path / "empty").mkdir()
    write_site(tmp_path / "empty", index="1")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of 64 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("option", ["--site", "--organiser-site", "--out"])
def test_a_full_disk_loses_no_points(tmp_path: Path, small_disk: Path, option: str) -> None:
    """The ranking is printed, then one line; nothing half stays, and what was there is whole."""
    import bench_site

    bench_site.write_contest(tmp_path, 3, 400)
    (small_disk / "filling").write_bytes(b"x" * 60_000)
    command = ["rank", "--task", "task.yaml", "--truth", "truth.csv", "runs", option]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *command, str(small_disk / "out")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "team000" in done.stdout
    assert len(done.stderr.strip().splitlines()) == 1
    assert "No space left on device" in done.stderr
    left = [p for p in small_disk.rglob("*") if p.is_file() and p.name != "filling"]
    if option == "--out":  # tables are moved there one by one
        assert {p.name for p in left} <= {"ranking.md", "ranking.csv"}
        assert all(p.read_text().endswith("\n") for p in left)
    else:
        assert left == []


def test_a_full_disk_after_a_run_loses_no_points(
    config: Callable[..., Path], small_disk: Path
) -> None:
    """The log fits and the page does not: the report is printed, then one line."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, "run", str(config()), "--out", str(small_disk / "run")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "points" in done.stdout
    assert done.stderr.strip().splitlines()[-1].endswith("No space left on device)")
    assert "Traceback" not in done.stderr
    assert not list((small_disk / "run").glob("*.html"))
    assert not list((small_disk / "run").glob(".*.part*"))


def test_rows_become_csv_whose_lines_end_alike_everywhere() -> None:
    """Cells are quoted where they must be; there is no carriage return."""
    assert csv_of([["room", "n"], ["a, b", 2], ['"c"', None]]) == 'room,n\n"a, b",2\n"""c""",\n'
