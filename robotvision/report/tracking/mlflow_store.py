"""A run in MLflow: parameters, points, latency quantiles, the page and the log as artifacts."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.report.tracking.figures import Tracker, figures

FOLDER = "mlruns"
PARAMETERS_AT_ONCE = 100
LONGEST_PARAMETER = 6000
"""MLflow's own limits."""
ARTIFACTS = ("report.html", "report.json", "config.yaml")


@parameter_fields
class MLflow(Tracker):
    """Keeps the run in an MLflow store.

    Parameters
    ----------
    experiment : str, default 'robotvision'
        MLflow's experiment that the run belongs to; made where it does not exist.
    folder : path or None, default None
        A local store. None: the server of ``uri``, of the variable ``MLFLOW_TRACKING_URI``, or else
        ``mlruns`` in the current folder.
    uri : str or None, default None
        A tracking server, ``http://localhost:5000``.
    name : str or None, default None
        Of the run in MLflow; None: that of its folder.
    """

    module = "mlflow"

    experiment: str = "robotvision"
    folder: str | os.PathLike[str] | None = None
    uri: str | None = None
    name: str | None = None

    def _check(self) -> None:
        super()._check()
        params.word("experiment", self.experiment)
        for key in ("uri", "name"):
            if getattr(self, key) is not None:
                params.word(key, getattr(self, key))
        if self.folder is not None and self.uri is not None:
            raise ValueError("folder and uri: expected one of them, got both")

    def finish(self, folder: Path, report: Mapping[str, Any]) -> None:
        """Write the run into the store, whole."""
        from mlflow.entities import Metric, Param
        from mlflow.tracking import MlflowClient

        client = MlflowClient(tracking_uri=self._store())
        known = client.get_experiment_by_name(self.experiment)
        made = client.create_experiment(self.experiment) if known is None else known.experiment_id
        name = self.name or folder.name
        run = client.create_run(made, tags={"robotvision.folder": str(folder)}, run_name=name)
        number = run.info.run_id
        parameters = [
            Param(key.replace(":", "_"), str(value)[:LONGEST_PARAMETER])
            for key, value in self.parameters_.items()
        ]
        for k in range(0, len(parameters), PARAMETERS_AT_ONCE):
            client.log_batch(number, params=parameters[k : k + PARAMETERS_AT_ONCE])
        now, n = int(time.time() * 1000), int(report["frames"])
        metrics = [Metric(key, value, now, n) for key, value in figures(report).items()]
        metrics += [Metric("points_so_far", value, now, step) for step, value in self.curve()]
        client.log_batch(number, metrics=metrics)
        for path in (folder / artifact for artifact in ARTIFACTS):
            if path.is_file():
                client.log_artifact(number, str(path))
        client.set_terminated(number, "FINISHED" if report["is_whole"] else "KILLED")

    def _store(self) -> str:
        """Return the address of the store."""
        uri = self.uri or (None if self.folder else os.environ.get("MLFLOW_TRACKING_URI"))
        if uri is not None:
            return uri
        # MLflow asks whoever keeps runs in plain files, not in a data base, to say so
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        return Path(self.folder or FOLDER).absolute().as_uri()
