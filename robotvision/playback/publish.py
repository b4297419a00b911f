"""Play sequences to ROS 2 as a robot's camera would: each frame at its time, no answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from robotvision.data.sequence import ChannelKind, ImageSequence
from robotvision.errors import RobotVisionError
from robotvision.playback.player import Replay, play
from robotvision.plugins.progress import Progress, quiet
from robotvision.scoring.policy import named_policy
from robotvision.systems.base import Session
from robotvision.systems.ros2 import Ros2Camera
from robotvision.tasks import load_task

QUEUE = named_policy("queue")
"""No frame is left out, however late it is."""


@dataclass(frozen=True, slots=True)
class PublishedFrames:
    """What was published.

    Parameters
    ----------
    n_frames, n_failed : int
        Frames in all; those that could not be read or written.
    late_ns : list of int
        Of each frame written, how long after its due time its writing began.
    missing : str or None
        Why nobody took the images when the first was due; None: somebody did.
    problem : str or None
        What was wrong with the first frame that failed.
    """

    n_frames: int
    n_failed: int
    late_ns: list[int]
    missing: str | None
    problem: str | None


def publish_ros2(
    sequences: Sequence[ImageSequence],
    camera: Ros2Camera,
    replay: Replay | None = None,
    *,
    loop: int = 1,
    progress: Progress = quiet,
) -> PublishedFrames:
    """Publish ``sequences`` one after another, in real time.

    Parameters
    ----------
    sequences : sequence of ImageSequence
    camera : Ros2Camera
        Closed at the end.
    replay : Replay, optional
        Its rate, speed, start and limit count; the clock is always the wall's.
    loop : int, optional
        Times that the whole is played.

    Raises
    ------
    RobotVisionError
        A sequence has no such channel, or its times go back.
    """
    replay = replace(replay or Replay(QUEUE), policy=QUEUE, clock="wall")
    (channel,) = camera.channels or ("rgb",)
    for sequence in sequences:
        if sequence.channels.get(channel) is not ChannelKind.COLOR:
            has = ", ".join(sequence.channels) or "none"
            raise RobotVisionError(f"{sequence.root}: no colour in {channel!r} (it has: {has})")
    n_frames, late_ns, problems = 0, [], []
    with camera:
        camera.start(Session(load_task("rooms")))
        for sequence in [s for _ in range(loop) for s in sequences]:
            total = len(replay.positions(sequence))
            for k, record in enumerate(play(sequence, camera, replay, channels=(channel,)), 1):
                n_frames += 1
                if record.fault is not None:
                    problems.append(record.fault)
                elif record.started_ns is not None and record.due_ns is not None:
                    late_ns.append(record.started_ns - record.due_ns)
                progress(sequence.name, k, total)
        missing = camera.missing
    first = problems[0] if problems else None
    return PublishedFrames(n_frames, len(problems), late_ns, missing, first)
