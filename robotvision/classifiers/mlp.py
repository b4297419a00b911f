"""A small neural network on features, or the head of a pretrained one.

Trained by PyTorch (the ``deep`` extra) with AdamW (Loshchilov and Hutter, ICLR 2019), dropout and
label smoothing; asked without it: the weights are plain arrays. ``hidden: []`` is a linear head.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import Classifier, Scores, Vectors, mean_and_scale
from robotvision.errors import MissingExtraError
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields


@parameter_fields
class MLP(Classifier):
    """Multi-layer perceptron on standardised features.

    Parameters
    ----------
    hidden : sequence of int
        Units of each hidden layer; none: a linear head.
    epochs : int
        Passes over the training frames.
    learning_rate, weight_decay : float
        Of AdamW; the rate falls to 0 along a half cosine.
    dropout : float
        Share of a layer's inputs dropped while training, in [0, 1).
    label_smoothing : float
        Share of a frame's target spread over all rooms, in [0, 1).
    batch_size : int
        Frames a step, at least 1.
    balanced : bool
        Weigh each room by the inverse of its share of the frames.
    random_state : int or None
        Seed; None: the run's seed where calibration trains it, else 0.
    """

    hidden: Sequence[int] = (256,)
    epochs: int = 40
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    dropout: float = 0.3
    label_smoothing: float = 0.05
    batch_size: int = 64
    balanced: bool = False
    random_state: int | None = None

    def _check(self) -> None:
        if len(self.hidden):
            params.wholes("hidden", self.hidden, high=65_536)
        params.whole("epochs", self.epochs)
        params.number("learning_rate", self.learning_rate)
        for name in ("weight_decay", "dropout", "label_smoothing"):
            if getattr(self, name) != 0:
                params.number(name, getattr(self, name), high=0.99)
        params.whole("batch_size", self.batch_size)
        params.flag("balanced", self.balanced)

    def _fit(self, x: Vectors, y: NDArray[np.int64]) -> None:
        torch = _torch()
        mean, scale = mean_and_scale(x)
        self.mean_, self.scale_ = mean.astype(np.float32), scale.astype(np.float32)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state or 0)
            net = self._net(torch, x.shape[1])
            inputs = torch.from_numpy((x - self.mean_) / self.scale_)
            self._train(torch, net, inputs, torch.from_numpy(y.astype(np.int64)))
        layers = [layer for layer in net if isinstance(layer, torch.nn.Linear)]
        self.weights_ = [layer.weight.detach().numpy().T.copy() for layer in layers]
        self.biases_ = [layer.bias.detach().numpy().copy() for layer in layers]

    def _net(self, torch: Any, dim: int) -> Any:
        sizes = [dim, *self.hidden, len(self.classes_)]
        layers: list[Any] = []
        for size, following in pairwise(sizes):
            layers += [
                torch.nn.Dropout(self.dropout),
                torch.nn.Linear(size, following),
                torch.nn.ReLU(),
            ]
        return torch.nn.Sequential(*layers[:-1])

    def _train(self, torch: Any, net: Any, x: Any, y: Any) -> None:
        counts = torch.bincount(y, minlength=len(self.classes_)).float()
        weight = len(y) / (counts * len(counts)) if self.balanced else None
        loss = torch.nn.CrossEntropyLoss(weight, label_smoothing=self.label_smoothing)
        steps = self.epochs * -(-len(x) // self.batch_size)
        optimizer = torch.optim.AdamW(
            net.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
        )
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        net.train()
        for _ in range(self.epochs):
            for rows in torch.randperm(len(x)).split(self.batch_size):
                optimizer.zero_grad()
                loss(net(x[rows]), y[rows]).backward()
                optimizer.step()
                schedule.step()

    def _row(self, x: NDArray[np.float32]) -> Scores:
        values = (x - self.mean_) / self.scale_
        last = len(self.weights_) - 1
        for i, (weights, bias) in enumerate(zip(self.weights_, self.biases_, strict=True)):
            values = values @ weights + bias
            if i < last:
                np.maximum(values, 0, out=values)
        return np.asarray(values, np.float64)


def _torch() -> Any:
    try:
        import torch
    except ImportError as e:
        raise MissingExtraError(
            "classifier 'mlp' is trained with PyTorch, which is not installed; "
            "pip install 'robotvision[deep]'"
        ) from e
    return torch
