"""Answers frames by a model file, as a program of its own: ``python -m ... MODEL``.

A model that was handed in is run as any program is: in the sandbox, one frame at a time.
"""

from __future__ import annotations

import sys

from robotvision.api.recogniser import Recogniser
from robotvision.client import Client
from robotvision.data.sequence import ChannelKind
from robotvision.errors import SystemFault
from robotvision.records import Frame
from robotvision.systems.base import Channel, Session, View


def main(path: str) -> None:
    """Answer every frame that the harness sends."""
    recogniser = Recogniser.load(path)
    system = recogniser.system()
    client = Client(name=path)
    client.want(channels=system.channels)
    system.start(Session(recogniser.task_))
    for frame in client:
        if frame.is_first:
            system.reset(_view(client))
        try:
            reply = system.answer(Frame(frame.index, frame.timestamp_ns, frame.images))
        except SystemFault as e:
            frame.answer(None, fault=str(e))
            continue
        answer = reply.answer
        frame.answer(
            answer.room, answer.confidence, answer.objects, stages_ns=dict(reply.stages_ns)
        )


def _view(client: Client) -> View:
    """Return the cameras of the sequence that begins, as the harness describes them."""
    about = client.cameras
    channels = {}
    for name, channel in about["channels"].items():
        shape = tuple(channel["shape"])
        is_settled = all(n is not None for n in shape)
        channels[name] = Channel(ChannelKind(channel["kind"]), shape if is_settled else None)
    return View(channels, about["calibration"], about["rate_hz"])


if __name__ == "__main__":
    main(sys.argv[1])
