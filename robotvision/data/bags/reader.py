"""The reader of robot recordings: its parameters, and what it looks for.

The work is done in `build`. Reading needs the extra ``[bags]``, detecting does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from robotvision.data.bags.build import build
from robotvision.data.bags.storage import is_bag
from robotvision.data.sequence import Reading

Clock = Literal["header", "log"]


@dataclass(slots=True)
class BagReader:
    """Reads robot recordings: ROS 1 and ROS 2 bags, MCAP.

    Parameters
    ----------
    rgb, depth, left, right : str, optional
        Topics of the channels; ``none`` leaves a channel out; chosen by type and name where None.
    pose : str, optional
        Topic of the robot's place: odometry, poses or transforms.
    label : str, optional
        Topic of std_msgs/String whose messages name the room.
    max_diff_s : float, optional
        Images of one frame, and poses outside messages, are at most so far apart.
    clock : {"header", "log"}, optional
        Times in the messages' headers (where they are set), or when they were recorded.
    fixed_frame, robot_frame : str, optional
        Of transforms; the usual names where None.
    """

    title = "bag: a ROS 1 or ROS 2 bag, or MCAP"

    rgb: str | None = None
    depth: str | None = None
    left: str | None = None
    right: str | None = None
    pose: str | None = None
    label: str | None = None
    max_diff_s: float = 0.02
    clock: Clock = "header"
    fixed_frame: str | None = None
    robot_frame: str | None = None

    def __post_init__(self) -> None:
        if self.clock not in get_args(Clock):
            raise ValueError(f"clock: expected header or log, got {self.clock!r}")
        if not 0 <= self.max_diff_s <= 10:
            raise ValueError(f"max_diff_s: expected seconds from 0 to 10, got {self.max_diff_s!r}")

    def detects(self, path: Path) -> bool:
        """Return whether it is a .bag, .mcap or .db3 file, or a folder with metadata.yaml."""
        return is_bag(path)

    def read(self, path: Path) -> Reading:
        """Index the recording and join its topics by time, noting every fault."""
        return build(path, self)
