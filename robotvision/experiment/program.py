"""The program that a configuration names, as a system."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from robotvision.config.schema import SystemConfig
from robotvision.systems.base import Mode
from robotvision.systems.limits import Limits
from robotvision.systems.program import Program


def program(
    config: SystemConfig,
    base: Path,
    log_path: Path,
    hide: Iterable[Path] = (),
    mode: Mode = "obligatory",
) -> Program:
    """Return the program of ``system: {command: [...]}``, not yet started.

    Parameters
    ----------
    config : SystemConfig
        From a checked configuration.
    base : Path
        Where relative paths of the command start: the configuration's folder.
    log_path : Path
        Where its output is kept.
    hide : iterable of Path
        The sequences' folders, which it must never see; nor the run's own, which holds the truth of
        the frames before.
    mode : str
        In the ``optional`` mode its answers may depend on earlier frames.
    """
    limits = config.limits
    return Program(
        config.command,
        timeout_s=config.timeout_s,
        start_timeout_s=config.start_timeout_s,
        env=config.env,
        restarts=config.restarts,
        transport=config.transport,
        isolation=config.isolation,
        limits=Limits(limits.memory_mb, limits.processes, limits.file_mb, limits.cpu_s),
        log_path=log_path,
        read=[base / p for p in config.read],
        hide=[*hide, log_path.parent.resolve()],
        base=base,
        has_memory=mode == "optional",
    )
