"""A ROS 2 node as the system, over the loopback: no frame lost, answers those of a program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.cli import main
from robotvision.config.checks import load_config
from robotvision.data import ImageSequence, open_sequence
from robotvision.data.native import SequenceWriter
from robotvision.errors import InputFaults, MissingExtraError, RobotVisionError, SystemFault
from robotvision.playback.player import Replay, play
from robotvision.records import FrameRecord
from robotvision.scoring.policy import named_policy
from robotvision.systems import dds, ros2
from robotvision.systems.base import Session
from robotvision.systems.program import Program
from robotvision.systems.ros2 import Ros2
from robotvision.tasks import load_task
from tests.fixtures.patience import PATIENCE_S
from tests.fixtures.ros2_image import read_image
from tests.fixtures.ros2_node import ROOMS

NODE = Path(__file__).parents[1] / "fixtures" / "ros2_node.py"
LOOPBACK = (
    '<CycloneDDS><Domain><General><Interfaces><NetworkInterface name="lo"/></Interfaces>'
    "<AllowMulticast>false</AllowMulticast></General><Discovery><ParticipantIndex>auto"
    '</ParticipantIndex><Peers><Peer address="127.0.0.1"/></Peers></Discovery></Domain>'
    "</CycloneDDS>"
)
PROGRAM = f"""
from robotvision.client import serve

ROOMS = {ROOMS!r}
serve(lambda frame: ROOMS[int(frame["rgb"].mean()) % 3])
"""


@pytest.fixture(autouse=True)
def domain(monkeypatch: pytest.MonkeyPatch) -> int:
    """Return a domain of this worker's own, on the loopback."""
    monkeypatch.setenv("CYCLONEDDS_URI", LOOPBACK)
    number = 60 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    monkeypatch.setenv("ROS_DOMAIN_ID", str(number))
    return number


@pytest.fixture
def node(domain: int) -> Iterator[Callable[[str], Any]]:
    """Return ``node("plain")``: starts a node that is ended with the test."""
    children = []

    def start(kind: str) -> Any:
        command = [sys.executable, str(NODE), str(domain), kind]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        children.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def greys(path: Path, n: int, step_ms: int = 10) -> ImageSequence:
    """Return a sequence of ``n`` images of 640x480, each of a grey of its own."""
    with SequenceWriter(path, "greys", {"rgb": "color"}) as writer:
        for i in range(n):
            image = np.full((480, 640, 3), (7 * i) % 256, np.uint8)
            writer.add(10**18 + i * step_ms * 10**6, {"rgb": image}, room=ROOMS[i % 3])
    return open_sequence(path)


def session() -> Session:
    return Session(load_task("rooms").with_rooms(ROOMS))


def answers(system: Any, sequence: ImageSequence, **replay: Any) -> list[FrameRecord]:
    policy = named_policy(replay.pop("policy", "offline"))
    with system:
        system.start(session())
        return list(play(sequence, system, Replay(policy, **replay)))


@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    stamp_ns=st.integers(0, 2**31 * 10**9 - 1),
    frame_id=st.text("abcä_/", max_size=9),
)
def test_image_in_cdr(height: int, width: int, stamp_ns: int, frame_id: str) -> None:
    """Ready bytes are those of the library's own serialiser, and are read back."""
    pixels = np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)
    raw = dds.image_cdr(pixels, stamp_ns, frame_id)
    image = dds.message_types()[dds.IMAGE]
    header, time = image.__annotations__["header"], None
    time = header.__annotations__["stamp"](*divmod(stamp_ns, 10**9))
    message = image(
        header(time, frame_id), height, width, "rgb8", 0, 3 * width, pixels.ravel().tolist()
    )
    expected = message.serialize()
    assert raw == expected.ljust(-(-len(expected) // 4) * 4, b"\0")
    back = read_image(raw)
    assert (back.pixels == pixels).all()
    assert (back.stamp_ns, back.frame_id) == (stamp_ns, frame_id)
    assert image.deserialize(raw).header.frame_id == frame_id


def test_answers_are_those_of_a_program(tmp_path: Path, node: Any) -> None:
    """The same rule as a node and over the wire protocol: the same answers, no frame lost."""
    sequence = greys(tmp_path / "greys", 60)
    (tmp_path / "program.py").write_text(PROGRAM)
    program = Program([sys.executable, str(tmp_path / "program.py")], isolation="none")
    wire = [(r.index, r.room, r.fault) for r in answers(program, sequence)]
    node("plain")
    records = answers(Ros2("/camera/image_raw", "/room"), sequence)
    assert [(r.index, r.room, r.fault) for r in records] == wire
    assert {r.fault for r in records} == {None}
    assert all(r.stages_ns["send"] > 0 for r in records)


def test_json_answers_by_stamp(tmp_path: Path, node: Any) -> None:
    """An answer for another image is dropped; confidence and stages are taken."""
    node("json")
    system = Ros2("camera/image_raw", "room")
    records = answers(system, greys(tmp_path / "greys", 10))
    assert [r.room for r in records] == [ROOMS[(7 * i) % 3] for i in range(10)]
    assert {(r.confidence, r.fault) for r in records} == {(0.5, None)}
    assert records[3].stages_ns["node.look"] == 10
    assert system.n_dropped == 10


def test_late_frame_rules_apply(tmp_path: Path, node: Any) -> None:
    """On the wall clock newer frames take the place of those that wait; each is due at its time."""
    node("plain")
    sequence = greys(tmp_path / "greys", 40, step_ms=1)
    records = answers(Ros2("/camera/image_raw", "/room"), sequence, policy="deadline", clock="wall")
    assert [r.index for r in records] == list(range(40))
    assert {r.due_ns - records[0].due_ns for r in records} == {i * 10**6 for i in range(40)}
    assert any(r.started_ns is None for r in records)


def test_a_node_that_is_not_there(tmp_path: Path, domain: int) -> None:
    system = Ros2("/camera/image_raw", "/room", start_timeout_s=0.3)
    with pytest.raises(SystemFault) as caught:
        system.start(session())
    assert str(caught.value) == (
        f"/camera/image_raw: no node takes sensor_msgs/msg/Image on the domain {domain}, "
        "waited 0.3 s"
    )


def test_types_that_do_not_fit(node: Any) -> None:
    node("int32")
    system = Ros2("/camera/image_raw", "/room", start_timeout_s=2)
    with pytest.raises(SystemFault) as caught:
        system.start(session())
    assert str(caught.value) == (
        "/room: a node gives std_msgs/msg/Int32, expected std_msgs/msg/String, waited 2 s"
    )


def test_a_node_that_leaves_or_is_silent(tmp_path: Path, node: Any) -> None:
    """Its frames fail with the reason, the run goes on."""
    sequence = greys(tmp_path / "greys", 7)
    leaving = node("leave")
    system = Ros2("/camera/image_raw", "/room", timeout_s=20)
    faults = [r.fault for r in answers(system, sequence)]
    leaving.wait(PATIENCE_S)
    assert faults[:4] == [None] * 4
    assert all(f and "the node has left: " in f for f in faults[4:])
    node("silent")
    system = Ros2("/camera/image_raw", "/room", timeout_s=0.2)
    faults = [r.fault for r in answers(system, sequence.part(0, 2))]
    assert faults == [f"at frame {i}: no answer on /room within 0.2 s" for i in range(2)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Kitchen\n", {"room": "Kitchen"}),
        ("", {"room": None}),
        ('{"room": null, "confidence": 0.2}', {"room": None, "confidence": 0.2}),
    ],
)
def test_texts(text: str, expected: dict[str, Any]) -> None:
    assert ros2.parse_text(text) == expected


def test_text_that_is_no_json() -> None:
    with pytest.raises(SystemFault, match="answer: not JSON"):
        ros2.parse_text('{"room": ')


def test_configuration(tmp_path: Path, node: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A run by a configuration; what it gets wrong is a line."""
    greys(tmp_path / "greys", 9)
    config = tmp_path / "node.yaml"
    task = f"id: mine\nextends: rooms\nrooms: [{', '.join(ROOMS)}]\n"
    (tmp_path / "mine.yaml").write_text(task)
    text = (
        "task: mine.yaml\ntest: [greys]\n"
        "system: {ros2: {image: /camera/image_raw, answer: /room}}\n"
    )
    config.write_text(text)
    node("plain")
    with pytest.raises(SystemExit, match="0"):
        main(["run", str(config), "--json", "--out", str(tmp_path / "run")])
    report = json.loads(capsys.readouterr().out)
    assert report["outcomes"]["correct"] == sum((7 * i) % 3 == i % 3 for i in range(9))
    for wrong, expected in (
        (text.replace("/room}", "'room?'}"), "expected a topic's name as /camera/image_raw, got"),
        (text + "features: [gist]\n", "a ROS 2 node answers here, so nothing else is trained"),
    ):
        config.write_text(wrong)
        with pytest.raises(InputFaults, match=expected):
            load_config(config)


def test_camera_alone(tmp_path: Path, node: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """``replay --ros2`` publishes every frame with its own stamp and scores nothing."""
    sequence = greys(tmp_path / "greys", 20, step_ms=50)  # a reader may lag by ten images
    counting = node("count")
    with pytest.raises(SystemExit, match="0"):
        main(["replay", "--ros2", str(tmp_path / "greys"), "--json"])
    published = json.loads(capsys.readouterr().out)
    assert (published["frames"], published["failed"], published["missing"]) == (20, 0, None)
    stamps = json.loads(counting.communicate(timeout=PATIENCE_S)[0])
    assert stamps == [f.timestamp_ns for f in sequence.frames]
    for words, expected in (
        (["--policy", "deadline"], "--policy has no meaning with --ros2"),
        (["--channel", "depth"], "no colour in 'depth' (it has: rgb)"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(["replay", "--ros2", str(tmp_path / "greys"), *words])
        assert expected in capsys.readouterr().err


def test_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RobotVisionError, match="expected a topic's name"):
        Ros2("/camera image", "/room")
    with pytest.raises(RobotVisionError, match="expected a DDS domain from 0 to 232, got 400"):
        Ros2("/a", "/b", domain=400)
    with pytest.raises(SystemFault, match="does not fit ROS 2's whole seconds"):
        dds.image_cdr(np.zeros((1, 1, 3), np.uint8), 2**31 * 10**9)
    monkeypatch.setitem(sys.modules, "cyclonedds", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'robotvision\[ros2\]'"):
        Ros2("/a", "/b")
