"""The program that a configuration names, as a system."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from robotvision import systems
from robotvision.config.schema import SequenceSpec, SystemConfig
from robotvision.features.base import cache_root
from robotvision.records import Notice
from robotvision.systems.base import Mode

if TYPE_CHECKING:
    from robotvision.systems import Program


def program(
    config: SystemConfig,
    base: Path,
    log_path: Path,
    hide: Iterable[Path] = (),
    training: Iterable[Path] = (),
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
        The test sequences' folders and files, which it must never see; nor the cache of extracted
        features.
    training : iterable of Path
        Training sequences, which it may read where the configuration lets it.
    mode : str
        In the ``optional`` mode its answers may depend on earlier frames.
    """
    limits = config.limits
    return systems.Program(
        config.command,
        timeout_s=config.timeout_s,
        start_timeout_s=config.start_timeout_s,
        env=config.env,
        restarts=config.restarts,
        fresh=config.fresh,
        transport=config.transport,
        isolation=config.isolation,
        limits=systems.Limits(limits.memory_mb, limits.processes, limits.file_mb, limits.cpu_s),
        log_path=log_path,
        read=[base / p for p in config.read],
        hide=[*hide, cache_root()],
        training=list(training),
        base=base,
        has_memory=mode == "optional",
    )


def data_of(specs: Iterable[SequenceSpec]) -> set[Path]:
    """Return the folders of sequences, and the files that their readers' parameters name."""
    hidden = set()
    for spec in specs:
        folder = Path(spec.path).resolve()
        hidden.add(folder)
        values = [v if isinstance(v, list) else [v] for v in spec.params.values()]
        words = [w for some in values for w in some if isinstance(w, str)]
        hidden |= {path for w in words if (path := (folder / w).resolve()).is_file()}
    return hidden


def memory_notices(config: SystemConfig, mode: Mode, n_sequences: int) -> tuple[Notice, ...]:
    """Return what readers must know of a program that outlives a sequence in obligatory mode."""
    if mode != "obligatory" or config.fresh == "sequence" or n_sequences < 2:
        return ()
    message = (
        f"the program ran on over {n_sequences} test sequences: what it keeps in memory and in its "
        "scratch files outlives a reset, which the obligatory mode forbids it to use; 'system: "
        "{fresh: sequence}' starts a new program for every sequence"
    )
    return (Notice("program-memory", message),)
