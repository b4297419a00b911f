"""A configuration carried out: prepare, run, degrade, audit, time."""

from __future__ import annotations

from robotvision.plugins.lazy import lazy_names

CALLS = {
    "Observer": "robotvision.experiment.progress",
    "RunOptions": "robotvision.experiment.run",
    "audit_experiment": "robotvision.experiment.audit",
    "audit_leaks": "robotvision.experiment.overlap",
    "run_experiment": "robotvision.experiment.run:run",
    "time_pair": "robotvision.experiment.time_config",
    "time_subject": "robotvision.experiment.time_config",
    "train_model": "robotvision.experiment.train",
    "tune_experiment": "robotvision.experiment.train",
}
"""What it offers beside its modules -> where it is defined; imported on first use."""

__getattr__, __dir__ = lazy_names(__name__, CALLS)
