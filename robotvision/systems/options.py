"""How a program is run: every option of it, in one record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypedDict

from robotvision.systems.limits import Limits
from robotvision.systems.programlog import DEFAULT_LIMIT

Transport = Literal["auto", "shm", "pipe"]
Isolation = Literal["auto", "none", "required"]
Fresh = Literal["run", "sequence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramOptions:
    """How a program is started, confined, timed out and started again.

    Parameters
    ----------
    timeout_s : float
        From a frame's being sent to its answer.
    start_timeout_s : float
        From the start to ``ready``.
    restarts : int
        How often it is started again over the whole run.
    fresh : str
        ``run``: one program for the whole run; ``sequence``: every sequence gets a new one, so that
        nothing of the last one is left, neither in its memory nor in its files.
    transport : str
        ``auto``: the program chooses; ``shm`` or ``pipe``: only that is offered.
    isolation : str
        ``auto``: in a sandbox where one works; ``required``: there or not at all; ``none``: as an
        ordinary process of the user, in the caller's folder and environment.
    limits : Limits
        Memory, processes, file size, CPU time.
    env : Mapping[str, str]
        Added to a bare environment of PATH, LANG, HOME and TMPDIR.
    read : collection of Path
        Further files and folders it may read.
    hide : collection of Path
        Files and folders it must never see (test data), even inside a folder it may read.
    training : collection of Path
        Training sequences, which it may read where ``read`` or its command names them, also where
        their tables are those of a hidden sequence.
    devices : collection of Path
        Devices it may use: a GPU's.
    base : Path or None
        Where relative paths of the command start; None: the working directory.
    log_path : Path or None
        Where what it prints is kept, ``log_limit`` bytes at most; None: only the end, in memory.
    has_memory : bool or None
        Whether its answers may depend on earlier frames; None: not known.
    """

    timeout_s: float = 10.0
    start_timeout_s: float = 30.0
    restarts: int = 3
    fresh: Fresh = "run"
    transport: Transport = "auto"
    isolation: Isolation = "auto"
    limits: Limits = field(default_factory=Limits)
    env: Mapping[str, str] = field(default_factory=dict)
    read: Collection[Path | str] = ()
    hide: Collection[Path] = ()
    training: Collection[Path] = ()
    devices: Collection[Path] = ()
    base: Path | None = None
    log_path: Path | None = None
    log_limit: int = DEFAULT_LIMIT
    has_memory: bool | None = None

    @property
    def transports(self) -> tuple[str, ...]:
        """The transports offered to the program, the best first."""
        return ("shm", "pipe") if self.transport == "auto" else (self.transport,)


class ProgramKeywords(TypedDict, total=False):
    """The fields of `ProgramOptions` as keyword arguments; mypy holds both equal."""

    timeout_s: float
    start_timeout_s: float
    restarts: int
    fresh: Fresh
    transport: Transport
    isolation: Isolation
    limits: Limits
    env: Mapping[str, str]
    read: Collection[Path | str]
    hide: Collection[Path]
    training: Collection[Path]
    devices: Collection[Path]
    base: Path | None
    log_path: Path | None
    log_limit: int
    has_memory: bool | None
