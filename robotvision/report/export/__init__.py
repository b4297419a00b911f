"""A run in open formats, for other tools: MCAP (Foxglove), Parquet, Rerun, CSV."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from robotvision.errors import MissingExtraError
from robotvision.report.columns import RunColumns
from robotvision.writing import new_path

FORMATS = {"csv": "", "mcap": "mcap", "parquet": "pyarrow", "rerun": "rerun-sdk"}
"""Format -> the package it needs."""
SUFFIXES = {"csv": ".csv", "mcap": ".mcap", "parquet": ".parquet", "rerun": ".rrd"}


def export(run: RunColumns, form: str, out: Path) -> list[str]:
    """Write a run in a format; return what could not be written, in words.

    Raises
    ------
    MissingExtraError
        The format's package is not installed.
    RobotVisionError
        The file cannot be written.
    """
    try:
        module = import_module(f"robotvision.report.export.{form}_file")
    except ImportError as e:
        raise MissingExtraError(
            f"export to {form} needs {FORMATS[form]} ({e}): pip install {FORMATS[form]}"
        ) from e
    write: Callable[[RunColumns, Path], list[str]] = module.write
    with new_path(out) as part:
        return write(run, part)
