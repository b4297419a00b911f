"""What a killed harness leaves is cleared by the next one; what a living one uses is not."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from robotvision.systems import leftovers
from robotvision.systems.leftovers import clear_folders, is_left, owned_folder, owner_prefix

SCRIPT = """
import sys, time
from robotvision.systems.base import Session, View
from robotvision.systems.program import Program
from robotvision.tasks.model import Task
system = Program(sys.argv[2:])
if sys.argv[1] == "stay":
    system.start(Session(Task(id="t", rooms=("Kitchen",))))
    system.reset(View({}))
print("up", flush=True)
sys.stdin.readline()
"""


def owned(pid: int, folder: Path) -> list[str]:
    """Return what bears the number of a harness: folders, and control groups."""
    groups = (g for _, names, _ in os.walk("/sys/fs/cgroup") for g in names)
    names = [*os.listdir(folder), *groups]
    return [n for n in names if n.startswith(f"robotvision-{pid}-")]


@pytest.fixture
def harness(
    tmp_path: Path, no_bubblewrap: Path
) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Return a function that starts a harness without bubblewrap and waits until it is up."""
    started = []

    def start(*words: str) -> subprocess.Popen[bytes]:
        env = {"PATH": str(no_bubblewrap), "TMPDIR": str(tmp_path)}
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env,
        )  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_next_harness_clears_what_a_killed_one_left(
    harness: Callable[..., subprocess.Popen[bytes]],
    command: Callable[[str], list[str]],
    tmp_path: Path,
) -> None:
    """Folder and control groups of two that were killed go, those of one that lives stay."""
    program = command("none")
    killed = [harness("stay", *program) for _ in range(2)]
    alive = harness("stay", *program)
    for process in killed:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert all(owned(p.pid, tmp_path) for p in killed)
    before = owned(alive.pid, tmp_path)
    harness("look", *program)
    assert not any(owned(p.pid, tmp_path) for p in killed)
    assert before
    assert owned(alive.pid, tmp_path) == before


def test_an_owner_is_known_by_its_number_and_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that came around again is another process; another machine's is none of ours."""
    kind, pid, started, space, _ = owner_prefix().split("-")
    assert not is_left(f"{kind}-{pid}-{started}-{space}-x")
    assert is_left(f"{kind}-{pid}-{int(started) - 1}-{space}-x")
    assert is_left(f"{kind}-4194999-{started}-{space}-x")
    assert not is_left(f"{kind}-4194999-{started}-{int(space) + 1}-x")
    for name in ("robotvision-b4to14bv", "robotvision-4194999-0", "other-4194999-1-1-x"):
        assert not is_left(name)


def test_only_what_is_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside other people's folders; a folder of ours is removed by itself."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    prefix = owner_prefix()
    left = tmp_path / f"robotvision-4194999-5-{prefix.split('-')[3]}-x"
    (left / "deep").mkdir(parents=True)
    (tmp_path / "robotvision-b4to14bv").mkdir()
    with owned_folder() as mine:
        assert clear_folders() == [left]
        assert sorted(os.listdir(tmp_path)) == sorted(["robotvision-b4to14bv", Path(mine).name])
    assert leftovers.clear_groups([tmp_path]) == []
