"""Loaded into each local worker: Ctrl-C is for the sweep, which ends its workers itself."""

from __future__ import annotations

import signal
import threading
from typing import Any


def dask_setup(worker: Any) -> None:
    """Ignore the interrupt that a terminal sends to every process of its group."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
