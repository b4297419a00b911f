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
from pathlib import Path
from typing import Any, Literal

from robotvision.client import Client, ClientFrame
from robotvision.data.sequence import ChannelKind
from robotvision.errors import SystemFault
from robotvision.records import Frame
from robotvision.systems.base import Channel, Session, System, View
from robotvision.systems.external import External, Transport
from robotvision.systems.limits import Limits
from robotvision.systems.programlog import DEFAULT_LIMIT
from robotvision.tasks.model import Task


class Worker(External):
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
    """

    stage_prefix = ""
    rest_stage = "transfer"

    def __init__(
        self,
        factory: str,
        argument: Any = None,
        *,
        name: str = "worker",
        has_memory: bool | None = None,
        timeout_s: float = 60.0,
        start_timeout_s: float = 120.0,
        restarts: int = 3,
        transport: Transport = "auto",
        limits: Limits | None = None,
        log_path: Path | None = None,
        log_limit: int = DEFAULT_LIMIT,
    ) -> None:
        command = [sys.executable, "-m", __name__, factory, json.dumps(argument)]
        path = os.pathsep.join(p or os.getcwd() for p in sys.path)
        super().__init__(
            command,
            timeout_s=timeout_s,
            start_timeout_s=start_timeout_s,
            restarts=restarts,
            transport=transport,
            isolation="none",
            limits=limits,
            log_path=log_path,
            log_limit=log_limit,
            env={"PYTHONPATH": path},
        )
        self.has_memory = has_memory
        self._name = name

    def _more(self) -> dict[str, Any]:
        """Return the whole task: the system in the child is told what it would be told here."""
        task = self._running_session().task
        return {"worker": {"task": task.model_dump(mode="json"), "name": self._name}}


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
            _answer(system, frame)
        except Exception as e:  # the frame's fault, as in the harness's own process
            traceback.print_exc()
            if frame.is_first and reset_fault is not None:
                reset_fault = f"the reset failed: {_told(e)}"
            frame.answer(None, fault=reset_fault or _told(e))


def _answer(system: System, frame: ClientFrame) -> None:
    images = {name: image.view() for name, image in frame.images.items()}
    reply = system.answer(Frame(frame.index, frame.timestamp_ns, images))
    frame.answer(*_plain(reply.answer), stages_ns=reply.stages_ns)


def _plain(answer: Any) -> tuple[str | None, float | None, Mapping[str, bool]]:
    return answer.room, answer.confidence, answer.objects


def _told(e: Exception) -> str:
    return str(e) if isinstance(e, SystemFault) else f"{type(e).__name__}: {e}"


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
    wanted = getattr(getattr(system, "pipeline", None), "channels", None)
    if wanted is not None:
        client.want(channels=list(wanted))
    client.want(name=client.hello["worker"]["name"])
    try:
        serve_system(system, client)
    finally:
        system.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stderr.flush()
    os._exit(0)  # everything is closed; taking apart what was imported may take a second
