"""A run as files that TensorBoard shows: points, latency quantiles, parameters, the page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robotvision.plugins.parameters import parameter_fields
from robotvision.report.tracking.figures import Tracker, figures

FOLDER = "tensorboard"
PAGE = "report.html"


@parameter_fields
class TensorBoard(Tracker):
    """Keeps the run as TensorBoard's event files, the page beside them.

    Parameters
    ----------
    folder : path or None, default None
        Where the run gets a folder of its own; None: ``tensorboard`` in the run folder.
    """

    module = "tensorboardX"

    folder: str | os.PathLike[str] | None = None

    def finish(self, folder: Path, report: Mapping[str, Any]) -> None:
        """Write the event files and the page."""
        from tensorboardX import SummaryWriter

        where = folder / FOLDER if self.folder is None else Path(self.folder) / folder.name
        writer = SummaryWriter(str(where))
        try:
            for step, value in self.curve():
                writer.add_scalar("points_so_far", value, step)
            for name, value in figures(report).items():
                writer.add_scalar(name, value, int(report["frames"]))
            writer.add_text("parameters", _table(self.parameters_), 0)
            page = folder / PAGE
            if page.is_file():
                shutil.copyfile(page, where / PAGE)
                writer.add_text("page", f"`{(where / PAGE).absolute()}`", 0)
        finally:
            writer.close()


def _table(parameters: Mapping[str, Any]) -> str:
    """Return parameters as a table in Markdown, which TensorBoard shows."""
    rows = [f"| {key} | {value} |" for key, value in parameters.items()]
    return "\n".join(["| parameter | value |", "|---|---|", *rows])
