"""Whatever answers: a pipeline in this process, in its own process, or any program."""

from robotvision.systems.base import Channel, Reply, Session, System, View

__all__ = ["Channel", "Reply", "Session", "System", "View"]
