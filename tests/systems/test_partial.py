"""Without bubblewrap: what still holds, what does not, and that the report says which."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.errors import RobotVisionError, SystemFault
from robotvision.records import Frame
from robotvision.systems import sandbox
from robotvision.systems.base import Session, View
from robotvision.systems.limits import Limits
from robotvision.systems.program import Program
from tests.fixtures.patience import PATIENCE_S

AT = 3
PROBE = Path(__file__).with_name("probe.py").read_text()
PYTHON = [sys.executable, "-I", "-S"]
Command = Callable[[str], list[str]]
MakeFrame = Callable[[int], Frame]


@pytest.fixture(autouse=True)
def _kept_apart(no_bubblewrap: Path, nothing_left: None) -> None:
    """Every test here does without bubblewrap and leaves nothing."""


@pytest.fixture
def ask(session: Session, view: View, make_frame: MakeFrame) -> Callable[[Program], list[str]]:
    """Return a function that asks for seven frames: the words of each fault, else nothing."""

    def asked(system: Program) -> list[str]:
        system.start(session)
        system.reset(view)
        words = []
        for i in range(7):
            try:
                assert system.answer(make_frame(i)).answer.room == "Kitchen"
                words.append("")
            except SystemFault as e:
                words.append(str(e))
        return words

    return asked


@pytest.fixture
def look(
    tmp_path: Path, session: Session, view: View, make_frame: MakeFrame
) -> Callable[..., object]:
    """Return a function: expression -> what a program finds."""
    path = tmp_path / "probe.py"
    path.write_text(PROBE)

    def found(expression: str, **options: object) -> object:
        env = {"LOOK": expression}
        with Program([*PYTHON, str(path)], env=env, **options) as system:  # type: ignore[arg-type]
            system.start(session)
            system.reset(view)
            with pytest.raises(SystemFault, match="the program says") as caught:
                system.answer(make_frame(0))
        return json.loads(str(caught.value).partition("the program says: ")[2])

    return found


def test_the_words_say_what_is_held(command: Command) -> None:
    """Partial, why, and by what else; required refuses."""
    isolation = Program(command("none")).isolation
    why = r"partial: bubblewrap is not installed \(apt-get install bubblewrap\)"
    assert re.match(
        why + "; held by the kernel's namespaces instead: no network, no foreign processes or "
        "files; user 65534, no capabilities, /proc/sys and the system read-only; memory 4096 MB.*; "
        "not held: ",
        isolation,
    ), isolation
    with pytest.raises(RobotVisionError, match="required, but bubblewrap is not installed"):
        Program(command("none"), isolation="required")


def test_a_hunter_finds_no_truth(look: Callable[..., object], tmp_path: Path) -> None:
    """No data, no home, no process of others; not through the harness's own folders either."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "truth.csv").write_text("index,room\n")
    assert look(f"os.path.exists({str(data)!r})") is False
    # the demo's sequences come with the package, truth and all, for everybody
    own = "'/site-packages/robotvision/shipped/' not in r"
    hunt = f"[p for r, _, fs in os.walk('/') for p in fs if p == 'truth.csv' and {own}]"
    assert look(hunt) == []
    assert look("sorted(p for p in os.listdir('/proc') if p.isdigit())") == ["1", "2"]
    assert look("[os.path.exists('/home'), os.listdir('.'), os.getcwd()]") == [False, [], "/box"]
    covered = f"os.listdir({str(data)!r})"
    assert look(covered, read=[data]) == ["truth.csv"]
    assert look(covered, read=[data.parent], hide=[data]) == []


def test_it_cannot_reach_out_or_write(look: Callable[..., object]) -> None:
    """No network; the system is read-only, also to root; no way back to privileges."""
    connect = "__import__('socket').create_connection(('127.0.0.1', 9), 1)"
    assert look(f"str(try_({connect!r}))") == "[Errno 111] Connection refused"  # its own loopback
    outside = "__import__('socket').create_connection(('192.0.2.1', 9), 1)"
    assert look(f"try_({outside!r}).errno") == 101  # network is unreachable
    assert (
        look("[os.access(p, os.W_OK) for p in ('/', '/usr', '/etc', sys.argv[0])]") == [False] * 4
    )
    status = "[w for w in open('/proc/self/status') if w[:6] in ('CapEff', 'CapBnd', 'CapPrm')]"
    assert {w.split()[1] for w in look(status)} == {"0" * 16}  # type: ignore[attr-defined]
    assert look("sorted(map(int, os.listdir('/proc/self/fd')))[:4]") == [0, 1, 2, 3]


def test_pixels_come_and_cannot_be_changed(look: Callable[..., object]) -> None:
    """The shared memory is there, for reading."""
    assert look("os.stat(m['shm']['path']).st_size == m['shm']['bytes']") is True
    assert look(
        "try_(\"os.open(m['shm']['path'], os.O_RDWR) and os.truncate(m['shm']['path'], 0)\").errno"
    ) in (1, 13)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("exit0", "ended with exit status 0"),
        ("crash", "ended with exit status 1; its last words: 'RuntimeError: the model fell over'"),
        ("segv", "was ended by SIGSEGV"),
        ("kill9", "was ended by SIGKILL"),
        ("hang", r"no answer within 1\.5 s"),
        ("flood", r"no answer within 1\.5 s"),
        ("close_stdout", "closed its stdout"),
        ("fork_away", "ended with exit status 0"),
    ],
)
def test_a_fault_fails_one_frame(
    what: str, words: str, command: Command, ask: Callable[[Program], list[str]]
) -> None:
    """The words are those of the full isolation; the program is started again."""
    timeout_s = 1.5 if "within" in words else 20.0
    with Program(command(what), timeout_s=timeout_s) as system:
        outcome = ask(system)
    assert [i for i, fault in enumerate(outcome) if fault] == [AT]
    assert re.search(words, outcome[AT]), outcome[AT]


def test_a_closed_stdin_is_noticed_at_once(
    command: Command, ask: Callable[[Program], list[str]]
) -> None:
    """The next frame fails, without waiting for the time to be up."""
    with Program(command("close_stdin"), timeout_s=100) as system:
        outcome = ask(system)
    assert [i for i, fault in enumerate(outcome) if fault] == [AT + 1]
    assert "closed its stdin" in outcome[AT + 1]


@pytest.mark.parametrize(
    ("what", "limits"),
    [
        ("memory", Limits(memory_mb=200)),
        ("fork_bomb", Limits(processes=20)),
    ],
)
def test_hogs_are_contained(
    what: str, limits: Limits, command: Command, ask: Callable[[Program], list[str]]
) -> None:
    """A memory hog and a fork bomb cost the one frame."""
    with Program(command(what), timeout_s=3, limits=limits) as system:
        outcome = ask(system)
    assert [i for i, fault in enumerate(outcome) if fault] == [AT]


def running(sleep: str) -> list[str]:
    """Return the processes that sleep so long."""
    found = []
    for entry in os.scandir("/proc"):
        try:
            words = Path(entry, "cmdline").read_bytes() if entry.name.isdigit() else b""
            if words == f"sleep\0{sleep}\0".encode():
                found.append(entry.name)
        except OSError:  # gone meanwhile
            continue
    return found


def until(holds: Callable[[], bool]) -> bool:
    """Return whether ``holds`` comes true within a minute."""
    end = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


SCRIPT = """
import sys, time
import numpy as np
from robotvision.data.sequence import Kind
from robotvision.records import Frame
from robotvision.systems.base import Channel, Session, View
from robotvision.systems.program import Program
from robotvision.tasks.model import Task
s = Program(sys.argv[1:], isolation="auto")
print(s.isolation, flush=True)
s.start(Session(Task(id="t", rooms=("Kitchen",))))
s.reset(View({"rgb": Channel(Kind.COLOR)}))
for i in range(5):
    s.answer(Frame(i, i, {"rgb": np.zeros((2, 2, 3), np.uint8)}))
print("answered", flush=True)
sys.stdin.readline()
s.close()
print("closed", flush=True)
time.sleep(1000)
"""
WITHOUT = """
echo 0 > /proc/sys/user/max_user_namespaces
mount -t tmpfs -o ro none /sys/fs/cgroup
exec setpriv --bounding-set=-all --inh-caps=-all env "PATH=$PATHS" "$@"
"""
"""Makes of the harness one that may make no namespaces and no control groups."""


@pytest.mark.parametrize("how", ["namespaces", "keeper", "full"])
@pytest.mark.parametrize("end", ["close", "kill"])
def test_a_daemon_is_ended_too(how: str, end: str, command: Command, no_bubblewrap: Path) -> None:
    """Forked twice, of its own session, its environment wiped: it goes when the program goes."""
    sleep = f"1000.{random.randrange(10**9)}"
    path = os.defpath if how == "full" else str(no_bubblewrap)
    argv = [sys.executable, "-c", SCRIPT]
    if how == "keeper":
        argv = [
            "/usr/bin/unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "/bin/sh",
            "-c",
            WITHOUT,
            "sh",
            *argv,
        ]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*argv, *command("daemon"), sleep],
        stdin=pipe,
        stdout=pipe,
        text=True,
        env={"PATH": os.defpath if how == "keeper" else path, "PATHS": path},
    ) as harness:
        try:
            assert harness.stdin is not None
            assert harness.stdout is not None
            isolation = harness.stdout.readline()
            expected = {
                "namespaces": "the kernel's namespaces",
                "full": "full: bubblewrap",
                "keeper": "not held: network (it may use it), files (it can read what the "
                "user can, the data too)",
            }[how]
            assert expected in isolation
            assert harness.stdout.readline() == "answered\n"
            assert until(lambda: bool(running(sleep)))
            if end == "close":
                harness.stdin.write("\n")
                harness.stdin.flush()
                assert harness.stdout.readline() == "closed\n"
                assert not running(sleep)
                children = Path(f"/proc/{harness.pid}/task/{harness.pid}/children").read_text()
                assert children == ""
            else:
                harness.send_signal(signal.SIGKILL)
        finally:
            harness.kill()
    assert until(lambda: not running(sleep))


def test_a_slow_keeper_keeps_too(
    tmp_path: Path, session: Session, view: View, make_frame: MakeFrame, command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It may come to close its files only when the program has a tree of its own.

    Then the keeper's tree is the program's, too, in whose /proc it is not.
    """
    slow = tmp_path / "slow.py"
    slow.write_text(
        "import os, runpy, time\n"
        "fork = os.fork\n"
        "def forked():\n"
        "    pid = fork()\n"
        "    if pid:\n"
        "        time.sleep(0.5)\n"
        "    return pid\n"
        "os.fork = forked\n"
        f"runpy.run_path({sandbox.KEEPER[-1]!r}, run_name='__main__')\n"
    )
    assert isinstance(
        sandbox.namespaces(), sandbox.Namespaces
    )  # once, by a keeper that is not slow
    monkeypatch.setattr(sandbox, "KEEPER", (*sandbox.KEEPER[:-1], str(slow)))
    with Program(command("none")) as system:
        system.start(session)
        time.sleep(1)
        system.reset(view)
        assert system.answer(make_frame(0)).answer.room == "Kitchen"
