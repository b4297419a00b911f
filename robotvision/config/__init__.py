"""A configuration: its schema, its checks, and the observers that it may name."""

from robotvision.plugins.registry import Registry

OBSERVERS = Registry(
    "observer",
    {
        "mlflow": "robotvision.report.tracking.mlflow_store:MLflow",
        "tensorboard": "robotvision.report.tracking.tensorboard_files:TensorBoard",
    },
    group="robotvision.observers",
)

register = OBSERVERS.register
"""See `robotvision.experiment.progress.Observer` for the contract."""
