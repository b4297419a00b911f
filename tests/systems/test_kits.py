"""The client kits: the same recogniser in three languages gives the same answers."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from robotvision.errors import SystemFault
from robotvision.records import Answer, Frame
from robotvision.systems import synthetic_sequence
from robotvision.systems.base import Reply, Session, View
from robotvision.systems.check_program import TRIAL_TASK
from robotvision.systems.clients import EXAMPLES, FOLDER, KITS
from robotvision.systems.program import Program
from robotvision.systems.wire import Ready
from tests.fixtures.patience import PATIENCE_S

MEANS = [("100", "100", "100", "Kitchen"), ("120.5", "130", "127", "Corridor"),
         ("150", "60", "80", "Office")]  # fmt: skip


@pytest.fixture
def means(tmp_path: Path) -> Path:
    path = tmp_path / "means.txt"
    path.write_text("".join(" ".join(row) + "\n" for row in MEANS))
    return path


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C example, compiled as strictly as the compiler can."""
    out = tmp_path_factory.mktemp("c") / "mean_color"
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "no C compiler: run 'apt-get install gcc libc6-dev' first"
    flags = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O2", f"-I{FOLDER}"]
    subprocess.run([compiler, *flags, str(EXAMPLES / "mean_color.c"), "-o", str(out)], check=True)
    return out


@pytest.fixture(params=["python", "c", "node"])
def example(request: pytest.FixtureRequest, means: Path) -> list[str]:
    """The example recogniser in one language."""
    if request.param == "c":
        return [str(request.getfixturevalue("compiled")), str(means)]
    if request.param == "node":
        assert shutil.which("node"), "no Node.js: run 'apt-get install nodejs' first"
        return ["node", str(EXAMPLES / "mean_color.js"), str(means)]
    return [sys.executable, str(EXAMPLES / "mean_color.py"), str(means)]


def expected(frame: Frame) -> Answer:
    rgb = frame["rgb"].reshape(-1, 3)
    mean = [int(rgb[:, c].sum()) / len(rgb) for c in range(3)]
    distances = {
        room: sum((float(a) - b) ** 2 for a, b in zip(known, mean, strict=True))
        for *known, room in MEANS
    }
    room = min(distances, key=distances.__getitem__)
    return Answer(room, 1 / (1 + distances[room]))


def test_every_kit_gives_the_same_answers(
    example: list[str], transport: str, nothing_left: None
) -> None:
    """Over two sequences of different sizes, by both transports, to the last digit."""
    with Program(example, transport=transport) as system:
        system.start(Session(TRIAL_TASK))
        for width, height in ((64, 48), (33, 17)):
            system.reset(synthetic_sequence.view(width, height))
            for frame in synthetic_sequence.frames(6, width, height):
                got = system.answer(frame).answer
                want = expected(frame)
                assert got.room == want.room
                assert got.confidence == pytest.approx(want.confidence, rel=1e-14)
        assert system.ready == Ready("mean-color", ("rgb",), transport)
        assert system.name == "mean-color"
    assert "ended with exit status 0" in system.log


ECHO = """
import sys
print("printed before the client")
sys.path.insert(0, sys.argv[1])
from client import Client
import os
client = Client(name="echo")
print(client.hello["calibration"]["right"]["baseline_m"], client.objects, client.unknown)
for frame in client:
    sys.stdout.write("half a line")
    sys.stdout.flush()
    os.system("echo a child prints too")
    with frame.timed("sums"):
        sums = {c: int(i.astype("f8").sum() * 1000) for c, i in frame.images.items()}
        shapes = [i.dtype.name + str(i.shape) for i in frame.images.values()]
    print(sums, shapes, frame.deadline_ns, frame.is_first, client.cameras["rate_hz"])
    if frame.index == 1:
        continue  # an answer forgotten is no answer
    frame.answer("Kitchen", 0.25, {"Chair": True, "Screen": False})
"""


def test_python_kit_hears_and_says_everything(tmp_path: Path, transport: str) -> None:
    """All channels arrive whole; prints are log; objects, confidence and stages come back."""
    shutil.copy(KITS["python"], tmp_path / "client.py")
    (tmp_path / "echo.py").write_text(ECHO)
    command = [sys.executable, str(tmp_path / "echo.py"), str(tmp_path)]
    log = tmp_path / "system.log"
    frames = synthetic_sequence.frames(3)
    with Program(command, transport=transport, log_path=log) as system:
        system.start(Session(TRIAL_TASK, deadline_ns=200_000_000))
        system.reset(synthetic_sequence.view(64, 48))
        replies = [system.answer(f) for f in frames]
    assert replies[0].answer == Answer("Kitchen", 0.25, {"Chair": True, "Screen": False})
    assert replies[1].answer == Answer(None)
    stages = replies[0].stages_ns
    assert list(stages) == ["send", "program.sums", "program.other"]
    assert all(ns >= 0 for ns in stages.values())
    text = log.read_text()
    for frame in frames:
        sums = {c: int(i.astype("f8").sum() * 1000) for c, i in frame.images.items()}
        assert str(sums) in text
    assert "['uint8(48, 64, 3)', 'uint8(48, 64, 3)', 'uint8(48, 64, 3)', 'uint16(48, 64)'" in text
    assert "200000000 True 10.0" in text
    assert "0.12 ['Chair', 'Screen'] Unknown" in text
    assert "a child prints too" in text
    assert "printed before the client" in text


SERVE = """
import sys
from robotvision.client import serve
def recognise(frame):
    if frame.index == 1:
        raise ValueError("too dark")
    return ("Office", 0.5) if frame.index else "Kitchen"
serve(recognise, channels=["depth"], reset=lambda cameras: print("reset", *cameras["channels"]))
"""


def test_serve_fails_single_frames(tmp_path: Path) -> None:
    """An exception of the function is the fault of its frame, in words."""
    (tmp_path / "p.py").write_text(SERVE)
    with Program([sys.executable, str(tmp_path / "p.py")]) as system:
        system.start(Session(TRIAL_TASK))
        system.reset(synthetic_sequence.view(64, 48))
        frames = synthetic_sequence.frames(3)
        assert system.answer(frames[0]).answer == Answer("Kitchen")
        with pytest.raises(SystemFault, match="at frame 1: the program says: ValueError: too dark"):
            system.answer(frames[1])
        assert system.answer(frames[2]).answer == Answer("Office", 0.5)
        assert system.supervisor.restarted == 0
        until = time.monotonic() + PATIENCE_S  # a thread of its own reads what the program prints
        while "reset rgb left right depth points" not in system.log:
            assert time.monotonic() < until, system.log
            time.sleep(0.01)


def test_the_python_kit_needs_numpy_alone() -> None:
    """No OpenCV, no pydantic, nothing of the package but the front page's lazy names."""
    script = (
        "import sys, robotvision.client; print(sorted(m for m in sys.modules if m.split('.')[0] "
        "in ('cv2', 'pydantic', 'sklearn', 'yaml') or m.startswith('robotvision.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    modules = ["client", "plugins", "plugins.lazy", "version"]
    assert done.stdout.strip() == str([f"robotvision.{name}" for name in modules])


@pytest.mark.parametrize("language", ["python", "c", "node"])
def test_a_program_started_by_hand_says_what_to_do(
    language: str, means: Path, compiled: Path
) -> None:
    """With nobody to talk to it names the command that tries it."""
    example = {
        "python": [sys.executable, str(EXAMPLES / "mean_color.py")],
        "node": ["node", str(EXAMPLES / "mean_color.js")],
        "c": [str(compiled)],
    }
    done = subprocess.run(
        [*example[language], str(means)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode != 0
    assert "robotvision test-system" in done.stderr


def test_arrays_of_any_shape_arrive(tmp_path: Path, transport: str, session: Session) -> None:
    """No points at all, one pixel, and an odd row are not special."""
    (tmp_path / "p.py").write_text(
        "from robotvision.client import serve\n"
        "serve(lambda f: print([(c, i.tolist()) for c, i in f.images.items()]))\n"
    )
    images = {
        "points": np.zeros((0, 3), np.float32),
        "rgb": np.array([[[1, 2, 3]]], np.uint8),
        "depth": np.array([[7, 65535, 9]], np.uint16),
    }
    with Program([sys.executable, str(tmp_path / "p.py")], transport=transport) as system:
        system.start(session)
        system.reset(synthetic_sequence.view(1, 1))
        reply: Reply = system.answer(Frame(5, 0, images))
        assert reply.answer == Answer(None)
        shown = "[('rgb', [[[1, 2, 3]]]), ('depth', [[7, 65535, 9]]), ('points', [])]"
    assert shown in system.log


def test_a_view_of_no_use_is_named(session: Session, command: Callable[[str], list[str]]) -> None:
    """A program that wants a channel the sequence lacks never becomes ready, with the reason."""
    with Program(command("none")) as system:
        system.start(session)
        system.reset(View({}))
        with pytest.raises(SystemFault, match="'rgb' is not there; the sequence has: none"):
            system.answer(Frame(0, 0, {}))
