"""A system of this package in its own process: what fails there fails a frame, not the run.

The child is ``python -m robotvision.recogniser.worker module:function ARGUMENT``: the function,
given the argument (JSON), returns a `System`, which is then served over the wire protocol.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Literal, Unpack

from robotvision.client import Client
from robotvision.data.sequence import ChannelKind
from robotvision.errors import SystemFault
from robotvision.records import Frame
from robotvision.systems.base import Channel, Session, System, View
from robotvision.systems.options import ProgramKeywords
from robotvision.systems.program import Program
from robotvision.tasks.model import Task


class Worker(Program):
    """A system built by a function in a child process of its own.

    The child is our own code: it runs unconfined, in the caller's folder and environment. The
    stages of its answers keep their names; what is left is ``transfer``.

    Parameters
    ----------
    factory : str
        ``module:function`` of a function that takes ``argument`` and returns a `System`.
    argument : JSON-able
        Handed to it.
    name : str
        What reports call it.
    **options
        The fields of `ProgramOptions`, but ``isolation`` and ``env``; it may take longer to start
        and to answer than a program.
    """

    stage_prefix = ""
    rest_stage = "transfer"

    def __init__(
        self,
        factory: str,
        argument: Any = None,
        *,
        name: str = "worker",
        **options: Unpack[ProgramKeywords],
    ) -> None:
        command = [sys.executable, "-m", __name__, factory, json.dumps(argument)]
        path = os.pathsep.join(p or os.getcwd() for p in sys.path)
        patient: ProgramKeywords = {"timeout_s": 60.0, "start_timeout_s": 120.0}
        unconfined: ProgramKeywords = {"isolation": "none", "env": {"PYTHONPATH": path}}
        super().__init__(command, **(patient | options | unconfined))
        self.name = self.supervisor.name = name

    def _extra_hello(self) -> dict[str, Any]:
        """Return the whole task: the system in the child receives what it would receive here."""
        task = self.supervisor.conversation.session.task
        return {"worker": {"task": task.model_dump(mode="json"), "name": self.name}}


def view_of(cameras: Mapping[str, Any]) -> View:
    """Return the `View` that a ``hello`` or ``reset`` message describes."""
    channels = {
        name: Channel(ChannelKind(c["kind"]), _shape(c["shape"]))
        for name, c in cameras["channels"].items()
    }
    return View(channels, cameras["calibration"], cameras["rate_hz"])


def session_of(hello: Mapping[str, Any]) -> Session:
    """Return the `Session` that a worker's ``hello`` describes."""
    task = Task.model_validate_json(json.dumps(hello["worker"]["task"]))
    mode: Literal["obligatory", "optional"] = hello["mode"]
    return Session(task, mode, hello["deadline_ns"], hello["seed"])


def serve_system(system: System, client: Client) -> None:
    """Ask ``system`` for every frame the harness sends; its exceptions fail single frames."""
    reset_fault: str | None = None
    for frame in client:
        try:
            if frame.is_first:
                reset_fault = "the reset failed"
                system.reset(view_of(client.cameras))
                reset_fault = None
            if reset_fault is not None:
                frame.answer(None, fault=reset_fault)
                continue
            images = {name: image.view() for name, image in frame.images.items()}
            answer, stages_ns, _ = system.answer(Frame(frame.index, frame.timestamp_ns, images))
            frame.answer(answer.room, answer.confidence, answer.objects, stages_ns=stages_ns)
        except Exception as e:  # the frame's fault, as in the harness's own process
            traceback.print_exc()
            words = str(e) if isinstance(e, SystemFault) else f"{type(e).__name__}: {e}"
            if frame.is_first and reset_fault is not None:
                reset_fault = words = f"the reset failed: {words}"
            frame.answer(None, fault=words)


def _shape(shape: list[int | None]) -> tuple[int, ...] | None:
    known = tuple(n for n in shape if n is not None)
    return known if len(known) == len(shape) else None


def main(factory: str, argument: str) -> None:
    """Build the system and serve it."""
    client = Client(name=None)
    module, _, function = factory.partition(":")
    build: Callable[[Any], System] = getattr(importlib.import_module(module), function)
    system = build(json.loads(argument))
    system.start(session_of(client.hello))
    if system.channels is not None:
        client.want(channels=list(system.channels))
    client.want(name=client.hello["worker"]["name"])
    try:
        serve_system(system, client)
    finally:
        system.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stderr.flush()
    os._exit(0)  # everything is closed; unloading what was imported may take a second
