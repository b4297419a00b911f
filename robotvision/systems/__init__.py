"""Whatever answers: a program over the wire protocol, its sandbox, its client kits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotvision.plugins.lazy import lazy_names

if TYPE_CHECKING:
    from robotvision.systems import image_function as image_function
    from robotvision.systems.dds import topic_name as topic_name
    from robotvision.systems.limits import Limits as Limits
    from robotvision.systems.program import Program as Program
    from robotvision.systems.readable_paths import absolute_command as absolute_command
    from robotvision.systems.ros2 import Ros2 as Ros2

CALLS = {
    "Limits": "robotvision.systems.limits",
    "Program": "robotvision.systems.program",
    "Ros2": "robotvision.systems.ros2",
    "absolute_command": "robotvision.systems.readable_paths",
    "topic_name": "robotvision.systems.dds",
    "try_system": "robotvision.systems.check_program",
}
"""What it offers beside its modules -> where it is defined; imported on first use: a run without
a program needs neither its sandbox nor its protocol."""

__getattr__, __dir__ = lazy_names(__name__, CALLS, packages=("image_function",))
