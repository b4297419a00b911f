"""Wait for the GPU: an answer is in when its work is done, not when it was submitted."""

from __future__ import annotations

import sys
from collections.abc import Callable

from robotvision.records import Frame
from robotvision.systems.base import Reply

Ask = Callable[[Frame], Reply]


def synchronised(ask: Ask) -> Ask:
    """Return ``ask``, waiting for torch's GPU after it where this process has one in use.

    Whether it has is checked once, before the clock starts: without a GPU nothing is added.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return ask
    wait: Callable[[], None] = torch.cuda.synchronize

    def asked(frame: Frame) -> Reply:
        reply = ask(frame)
        wait()
        return reply

    return asked
