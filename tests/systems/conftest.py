"""What the tests of systems share: a task, frames, a program that goes wrong as told."""

import contextlib
import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from robotvision.data.sequence import Kind
from robotvision.records import Frame
from robotvision.systems.base import Channel, Session, View
from robotvision.systems.sandbox import Bubblewrap, bubblewrap, namespaces
from robotvision.tasks.model import Task

PROGRAMS = Path(__file__).with_name("programs.py")


@pytest.fixture(scope="session", autouse=True)
def _sandbox_works() -> None:
    """Isolation is tested for real: bubblewrap has to be there."""
    if shutil.which("bwrap") is None:
        pytest.fail("bubblewrap is not installed: run 'apt-get install bubblewrap' first")
    found = bubblewrap()
    if not isinstance(found, Bubblewrap):
        pytest.fail(f"{found}: allow user namespaces on this machine, or run the tests as root")


@pytest.fixture
def session() -> Session:
    return Session(Task(id="t", rooms=("Kitchen", "Corridor"), unknown="Unknown"))


@pytest.fixture
def view() -> View:
    return View(
        {"rgb": Channel(Kind.COLOR, (24, 32, 3)), "depth": Channel(Kind.DEPTH_MM, (24, 32))},
        {"rgb": {"fx": 30.0, "fy": 30.0, "cx": 16.0, "cy": 12.0}},
        10.0,
    )


def _frame(index: int, height: int = 24, width: int = 32) -> Frame:
    rng = np.random.default_rng(index)
    images = {
        "rgb": rng.integers(0, 256, (height, width, 3), np.uint8),
        "depth": rng.integers(0, 5000, (height, width), np.uint16),
    }
    return Frame(index, index * 100_000_000, images)


@pytest.fixture(params=["shm", "pipe"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _command(what: str) -> list[str]:
    return [sys.executable, "-I", "-S", str(PROGRAMS), what]


@pytest.fixture
def make_frame() -> Callable[..., Frame]:
    """Frame number -> a frame of noise, the same each time."""
    return _frame


@pytest.fixture
def command() -> Callable[[str], list[str]]:
    """Fault -> the faulty program, with a Python that starts fast."""
    return _command


def descendants() -> set[str]:
    """Every process that a program under test has started and that is still there."""
    found = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                environ = Path(entry.path, "environ").read_bytes()
                state = Path(entry.path, "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if f"ROBOTVISION_PROGRAM={os.getpid()}-".encode() in environ and state != "Z":
                found.add(entry.name)
    return found


def descriptors() -> dict[str, str]:
    """Every open descriptor of this process and what it leads to, garbage collected first."""
    gc.collect()
    found = {}
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the listing's own
            found[fd] = os.readlink(f"/proc/self/fd/{fd}")
    return found


@pytest.fixture
def no_bubblewrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine on whose PATH bubblewrap is not; return that PATH."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "prlimit"):
        (tools / tool).symlink_to(f"/usr/bin/{tool}")
    monkeypatch.setenv("PATH", str(tools))
    bubblewrap.cache_clear()
    namespaces.cache_clear()
    yield tools
    bubblewrap.cache_clear()
    namespaces.cache_clear()


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """After the test, no process, zombie, descriptor, folder or control group is left."""
    before = descriptors()
    yield
    assert descendants() == set()
    assert zombies() == []
    left = [target for fd, target in descriptors().items() if before.get(fd) != target]
    assert len(left) <= 2, f"descriptors are left open: {left}"


def zombies() -> list[str]:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    dead = []
    for pid in children:
        stat = Path(f"/proc/{pid}/stat").read_text()
        if stat.rpartition(")")[2].split()[0] == "Z":
            dead.append(pid)
    return dead
