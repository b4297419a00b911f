"""What a program can see and touch: its own files, the due frame, and nothing else."""

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from robotvision.data.sequence import ChannelKind
from robotvision.errors import RobotVisionError
from robotvision.records import Frame
from robotvision.systems import sandbox
from robotvision.systems.base import Channel, Session, View
from robotvision.systems.program import Program
from robotvision.systems.sandbox import Confinement, bubblewrap
from tests.fixtures.patience import PATIENCE_S

PYTHON = [sys.executable, "-I", "-S"]

PROBE = Path(__file__).with_name("probe.py").read_text()

Look = Callable[..., object]


@pytest.fixture
def probe(tmp_path: Path) -> Path:
    """A program that evaluates an expression where it is and tells the result."""
    path = tmp_path / "program" / "probe.py"
    path.parent.mkdir()
    path.write_text(PROBE)
    return path


@pytest.fixture
def look(probe: Path, session: Session, view: View, make_frame: Callable[[int], Frame]) -> Look:
    """Expression -> what the program finds, in its sandbox."""

    def ask(expression: str, **options: object) -> object:
        env = {"LOOK": expression}
        with Program([*PYTHON, str(probe)], env=env, **options) as system:
            assert system.isolation.startswith("full: bubblewrap ")
            system.start(session)
            system.reset(view)
            with pytest.raises(Exception, match="the program says") as caught:
                system.answer(make_frame(0))
        return json.loads(str(caught.value).partition("the program says: ")[2])

    return ask


def test_the_environment_is_bare(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the harness's environment nothing but LANG passes; the folder is empty and is home."""
    monkeypatch.setenv("SECRET_PATH", "/somewhere")
    env, cwd, files = look("[dict(os.environ), os.getcwd(), os.listdir('.')]")  # type: ignore
    known = {
        "PATH",
        "LANG",
        "HOME",
        "TMPDIR",
        "PYTHONDONTWRITEBYTECODE",
        "LOOK",
        "PWD",
        "ROBOTVISION_PROGRAM",
        "LC_CTYPE",
    }
    assert set(env) <= known
    assert (cwd, files, env["HOME"]) == ("/box", [], "/box")


def test_data_homes_and_processes_are_not_there(look: Look, tmp_path: Path) -> None:
    """No data folder, no home, no /tmp of others, no process of others, no network."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "truth.csv").write_text("index,room\n")
    assert look(f"os.path.exists({str(data)!r})") is False
    assert look("os.listdir('/home') if os.path.exists('/home') else []") == []
    ways = {Path(p).parts[2] for p in (tmp_path, sys.prefix, __file__) if "/tmp" in str(p)[:4]}
    assert set(look("os.listdir('/tmp')")) <= ways  # to its own file and its interpreter
    assert look("sorted(int(p) for p in os.listdir('/proc') if p.isdigit())[-1] < 10") is True
    assert look("len(open('/proc/net/dev').readlines()) - 2") == 1  # the loopback
    roots = f"open('/proc/%d/cmdline' % os.getppid()).read().find({str(data)!r})"
    assert look(roots, hide=[data]) == -1


def test_a_socket_leads_nowhere(look: Look) -> None:
    """A connection fails at once: there is no network to reach anything by."""
    connect = "__import__('socket').create_connection(('192.0.2.1', 9), 1)"
    assert look(f"try_({connect!r}).errno") == errno.ENETUNREACH


def test_the_system_cannot_be_written(look: Look) -> None:
    """The system and the program's own file are read-only, also to root."""
    assert (
        look("[os.access(p, os.W_OK) for p in ('/usr', '/etc', '/usr/bin', sys.argv[0])]")
        == [False] * 4
    )


def test_an_argument_shows_its_file_not_its_folder(look: Look, probe: Path) -> None:
    """What lies beside the script is seen only where it is named."""
    (probe.parent / "model.bin").write_text("weights")
    where = f"os.listdir({str(probe.parent)!r})"
    assert look(where) == ["probe.py"]
    assert look(f"sorted({where})", read=[probe.parent]) == ["model.bin", "probe.py"]


def test_hidden_data_stays_hidden_inside_a_readable_folder(look: Look, probe: Path) -> None:
    """A data folder inside the program's folder is empty to it."""
    data = probe.parent / "sequences"
    data.mkdir()
    (data / "truth.csv").write_text("index,room\n")
    where = f"os.listdir({str(data)!r})"
    assert look(where, read=[probe.parent]) == ["truth.csv"]
    assert look(where, read=[probe.parent], hide=[data]) == []


def test_shared_memory_is_read_only(look: Look) -> None:
    """A program can neither resize nor rewrite the memory the pixels come in."""
    writable = "__import__('mmap').mmap(os.open(m['shm']['path'], os.O_RDWR), 4096)"
    resized = "os.truncate(m['shm']['path'], 0)"
    for expression in (writable, resized):
        assert look(f"[e.errno for e in [try_({expression!r})]]") == [errno.EPERM]
    assert look("os.stat(m['shm']['path']).st_size == m['shm']['bytes']") is True


def test_only_the_due_frame_is_written(tmp_path: Path, session: Session) -> None:
    """The memory holds this frame and the one before, nothing later, nothing of a past sequence."""
    view = View({"rgb": Channel(ChannelKind.COLOR, (16, 16, 3))})
    expression = (
        "sorted({b for at in (0, m['shm']['bytes'] // 2) "
        "for b in os.pread(os.open(m['shm']['path'], os.O_RDONLY), 1 << 16, at)})"
    )
    path = tmp_path / "probe.py"
    path.write_text(PROBE)
    seen = []
    with Program([*PYTHON, str(path)], env={"LOOK": expression}) as system:
        system.start(session)
        for first in (1, 101):
            system.reset(view)
            for i in range(4):
                rgb = np.full((16, 16, 3), first + i, np.uint8)
                with pytest.raises(Exception, match="the program says") as caught:
                    system.answer(Frame(i, i, {"rgb": rgb}))
                seen.append(json.loads(str(caught.value).partition("the program says: ")[2]))
    assert seen == [
        [0, 1],
        [0, 1, 2],
        [0, 2, 3],
        [0, 3, 4],
        [0, 101],
        [0, 101, 102],
        [0, 102, 103],
        [0, 103, 104],
    ]


HUNTER = """
import os, pathlib, sys
args = open('/proc/%d/cmdline' % os.getppid()).read().split(chr(0))
found = [str(p) for root in ['.', os.environ.get('HOME', '/'), *args] if root
         for p in pathlib.Path(root).rglob('truth.csv')]
print('found', found, file=sys.stderr)
"""


def test_without_bubblewrap_the_isolation_is_partial(tmp_path: Path) -> None:
    """It says so and why; folder, home and the parent's command line lead to nothing."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "prlimit", "setpriv"):
        (tools / tool).symlink_to(f"/usr/bin/{tool}")
    (tmp_path / "truth.csv").write_text("")
    (tmp_path / "hunter.py").write_text(PROBE.replace("m = hello()", HUNTER + "m = hello()"))
    script = f"""
import time
from robotvision.systems.base import Session, View
from robotvision.systems.program import Program
from robotvision.tasks.model import Task
s = Program([{sys.executable!r}, {str(tmp_path / "hunter.py")!r}])
print(s.isolation)
with s:
    s.start(Session(Task(id="t", rooms=("A",))))
    s.reset(View({{}}))
    until = time.monotonic() + {PATIENCE_S}
    while "found" not in s.log and time.monotonic() < until:
        time.sleep(0.02)  # what it prints and what it answers come by two ways
    print(s.log)
try:
    Program([{sys.executable!r}], isolation="required")
except Exception as e:
    print(type(e).__name__, e)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    assert done.stdout.startswith(
        "partial: bubblewrap is not installed (apt-get install bubblewrap)"
    )
    assert "found []" in done.stdout
    assert "RobotVisionError isolation: required, but bubblewrap is not installed" in done.stdout


def test_no_attack_gets_through() -> None:
    """By bubblewrap and by namespaces, as whoever runs the tests: the script of SECURITY.md."""
    script = Path(__file__).parents[2] / "scripts" / "check_isolation.py"
    done = subprocess.run(
        [sys.executable, str(script), "--lines", "1000"],
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("user 65534, no capabilities, /proc/sys and the system read-only") == 2
    page = (Path(__file__).parents[2] / "SECURITY.md").read_text()
    attacks = [t.split("|")[1].strip() for t in done.stdout.splitlines() if t.startswith("| ")][1:]
    assert len(attacks) > 15
    assert [a for a in attacks if f"| {a} |" not in page] == []


def test_a_killed_harness_takes_its_programs_along(
    tmp_path: Path, command: Callable[[str], list[str]]
) -> None:
    """After SIGKILL to the harness no program lives on, however deaf it is."""
    script = f"""
import sys, time
from robotvision.data.sequence import ChannelKind
from robotvision.systems import sandbox
from robotvision.systems.base import Channel, Session, View
from robotvision.systems.program import Program
from robotvision.tasks.model import Task
systems = [Program({command("deaf")!r}, isolation=i) for i in ("auto", "auto")]
for s in systems:
    s.start(Session(Task(id="t", rooms=("A",))))
    s.reset(View({{"rgb": Channel(ChannelKind.COLOR)}}))
print("up", flush=True)
time.sleep(1000)
"""
    harness = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    with harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == b"up\n"
        mark = f"ROBOTVISION_PROGRAM={harness.pid}-".encode()
        assert _marked(mark)
        os.kill(harness.pid, signal.SIGKILL)
    end = time.monotonic() + PATIENCE_S
    while _marked(mark) and time.monotonic() < end:
        time.sleep(0.02)
    assert not _marked(mark)


def _marked(mark: bytes) -> list[str]:
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                if mark in Path(entry.path, "environ").read_bytes():
                    found.append(entry.name)
            except OSError:
                continue
    return found


def test_starting_and_stopping_leaves_nothing(
    session: Session,
    view: View,
    nothing_left: None,
    make_frame: Callable[[int], Frame],
    command: Callable[[str], list[str]],
) -> None:
    """Processes, descriptors and control groups are all taken back, time after time."""
    system = Program(command("none"))
    for _ in range(10):
        system.start(session)
        system.reset(view)
        assert system.answer(make_frame(0)).answer.room == "Kitchen"
        system.close()
        system.close()
    groups = [
        p for p in Path("/sys/fs/cgroup").glob(f"**/robotvision-{os.getpid()}-*") if p.exists()
    ]
    assert groups == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["/no/such/program"], "command: /no/such/program does not exist"),
        (["no-such-program-xyz"], "no program 'no-such-program-xyz' on PATH"),
        ([], "expected a program, got an empty list"),
    ],
)
def test_a_command_that_cannot_run_is_refused_at_once(line: list[str], words: str) -> None:
    """Before anything is started."""
    with pytest.raises(RobotVisionError, match=words):
        Program(line)


def test_a_file_that_is_not_executable_is_refused(tmp_path: Path) -> None:
    """With the two ways to put it right."""
    (tmp_path / "p.py").write_text("")
    with pytest.raises(RobotVisionError, match="is not executable; run 'chmod \\+x'"):
        Program(["./p.py"], base=tmp_path)


def test_a_command_given_as_one_text_is_refused() -> None:
    """A shell's line is not taken apart letter by letter."""
    with pytest.raises(RobotVisionError, match=r"command: .* list .* got './a.out' \(str\)"):
        Program("./a.out")


def test_programs_are_refused_where_there_is_no_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line that says what to do."""
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(RobotVisionError, match=r"need Linux, this is darwin.*container"):
        Program(["/bin/true"])


@pytest.mark.parametrize(
    ("printed", "problems"),
    [
        ({}, []),
        ({"uid": 0}, ["it runs as root"]),
        ({"capabilities": "00000000000000c0"}, ["it has capabilities (00000000000000c0)"]),
        (
            {"writable": 2, "examples": ["/proc/sys/x", "/proc/sys/y"]},
            ["it may write 2 files such as /proc/sys/x"],
        ),
        ({"interfaces": ["lo", "eth0"]}, ["it sees the network (lo, eth0)"]),
    ],
)
def test_what_is_not_held_is_told(
    printed: dict[str, object], problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sandbox that a probe finds wanting is partial, and the report's line says why."""
    good = {"uid": 65534, "capabilities": "0" * 16, "interfaces": ["lo"], "writable": 0}
    found = Confinement.of(json.dumps({**good, "examples": [], **printed}))
    assert found.problems == problems
    box = dataclasses.replace(bubblewrap(), confinement=found)  # type: ignore[type-var]
    monkeypatch.setattr(sandbox, "bubblewrap", lambda: box)
    isolation = Program(["/bin/true"]).isolation
    assert isolation.startswith("partial: " if problems else "full: ")
    assert ("not held" in isolation) == bool(problems)
    if problems:
        with pytest.raises(RobotVisionError, match="isolation: required, but in bubblewrap it "):
            Program(["/bin/true"], isolation="required")
