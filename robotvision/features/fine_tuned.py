"""A pretrained network, its last blocks trained on the training frames, as an embedding.

Transfer after Yosinski et al., "How transferable are features in deep neural networks?", NIPS 2014:
the first blocks stay as they are and only the last ones learn the rooms. The feature maps that
enter those are computed once, of each training frame and of its mirror image, so that training
costs minutes on a CPU. AdamW (Loshchilov and Hutter, ICLR 2019) along a half cosine, cross entropy
with label smoothing (Szegedy et al., CVPR 2016); batch normalisation keeps its ImageNet statistics,
which small batches of like frames would spoil. The layer that names the rooms is thrown away: the
embedding, averaged over places, goes to whatever classifier stands on top. PyTorch trains; the
whole network is then kept in ONNX, for a batch of one, and run by ONNX Runtime.

Beware of held-out scores. The classifier on top, and its calibration, see embeddings of the very
frames that the network was trained on, so those lie further apart than a new sequence's will:
frames held out of the classifier were not held out of the network, and their scores are too sure.
Few epochs, weight decay, label smoothing and dropout keep that small; they do not end it. To choose
parameters, or to compare with other features, hold out whole sequences (`robotvision tune`), so
that the network is trained anew without them.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError
from robotvision.features.base import Extractor, FeatureExtractor, Vector, color_of
from robotvision.features.deep import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Tensor,
    export,
    learnt_session,
    need,
    network_input,
    unit_length,
)
from robotvision.features.efficientnet_lite import EfficientNetLite
from robotvision.features.mobilenet_v2_deepsort import MobileNetV2DeepSort
from robotvision.features.packaged import PackagedNetwork
from robotvision.features.sift_ransac import Thinned
from robotvision.features.torchvision_backbone import TorchvisionBackbone
from robotvision.features.wrapped import build
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame

_HEAD_RATE = 10.0
"""Times the learning rate for the layer that names the rooms, which starts from nothing."""
_DROPOUT = 0.2


@parameter_fields
class FineTuned(Extractor):
    """Pooled embedding of a pretrained network whose last blocks learnt the training rooms.

    Parameters
    ----------
    backbone : str, mapping or extractor, default 'efficientnet_lite0'
        ``efficientnet_lite0`` (1, 2), ``mobilenet_v2_deepsort``, ``torchvision_backbone`` (also
        ``{name: torchvision_backbone, network: mobilenet_v3_small}``), or an extractor of your own
        with ``input_of(image)``, (1, 3, height, width), and ``torch_stages()``: the modules of its
        network in order, the last one giving the feature map.
    blocks : int, default 3
        How many of the last blocks are trained, the last convolution counting as one; at least 1.
    epochs : int, default 4
        Passes over the training frames, at least 1.
    learning_rate : float, default 0.0001
        Of AdamW, above 0, at most 1.
    weight_decay : float, default 0.05
        Of AdamW, 0 to 0.99.
    label_smoothing : float, default 0.1
        Share of a frame's target spread over all rooms, 0 to 0.99.
    mirror : bool, default True
        Show mirror images half of the time.
    balanced : bool, default False
        Weigh each room by the inverse of its share of the frames.
    batch_size : int, default 32
        Frames a step of AdamW, at least 1.
    max_frames : int, default 2000
        Training frames used, at most, evenly spaced, at least 1; sets the memory for their feature
        maps.
    unit_length : bool, default False
        Divide the embedding by its Euclidean length.
    threads : int, default 1
        Threads of ONNX Runtime within one image, 1 to 256; training takes one, for the same sums
        always.
    seed : int, default 0
        Of the order of frames, the mirror images, dropout and the first weights; 0 to 2**32 - 1.

    Attributes
    ----------
    model_ : (bytes,) uint8
        The network in ONNX.
    loss_ : (epochs,) float
        Mean training loss.
    """

    loads_on_first_use: ClassVar[bool] = True

    backbone: str | Mapping[str, Any] | FeatureExtractor = "efficientnet_lite0"
    blocks: int = 3
    epochs: int = 4
    learning_rate: float = 1e-4
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    mirror: bool = True
    balanced: bool = False
    batch_size: int = 32
    max_frames: int = 2000
    unit_length: bool = False
    threads: int = 1
    seed: int = 0

    def _check(self) -> None:
        inner = build(self.backbone)
        known = (EfficientNetLite, MobileNetV2DeepSort, TorchvisionBackbone)
        if not isinstance(inner, known) and not hasattr(inner, "torch_stages"):
            raise params.refuse(
                "backbone",
                "efficientnet_lite0, mobilenet_v2_deepsort, torchvision_backbone or "
                "an extractor with torch_stages()",
                self.backbone,
            )
        if isinstance(inner, PackagedNetwork):
            for name, plain in (("layers", None), ("pooling", "mean"), ("short_side", None)):
                if getattr(inner, name) != plain:
                    raise params.refuse(
                        "backbone", f"the embedding of the square image, without {name!r}", inner
                    )
        for name in ("blocks", "epochs", "batch_size", "max_frames"):
            params.whole(name, getattr(self, name), high=10**6)
        params.number("learning_rate", self.learning_rate, high=1.0)
        for name in ("weight_decay", "label_smoothing"):
            if getattr(self, name) != 0:
                params.number(name, getattr(self, name), high=0.99)
        for name in ("mirror", "balanced", "unit_length"):
            params.flag(name, getattr(self, name))
        params.whole("threads", self.threads, high=256)
        params.whole("seed", self.seed, low=0, high=2**32 - 1)

    def inner_extractors(self) -> tuple[FeatureExtractor, ...]:
        """Return the backbone: its code and weights enter the key of cached vectors."""
        return (build(self.backbone),)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels the backbone reads."""
        return build(self.backbone).channels

    @property
    def dim(self) -> int:
        """Length of the embedding."""
        return int(getattr(self, "dim_", 0)) or build(self.backbone).dim

    def fit(self, frames: Iterable[Frame], rooms: Iterable[str]) -> Self:
        """Train the last blocks on frames and their rooms; one pass over the frames.

        Raises
        ------
        MissingExtraError
            PyTorch or the backbone's package is not installed.
        RobotVisionError
            There are no frames, or the backbone cannot be cut into so many blocks.
        """
        backbone = build(self.backbone)
        torch = need("torch", self)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.seed)
                self._fit(torch, backbone, frames, rooms)
        finally:
            torch.set_num_threads(threads)
        return self

    def _fit(
        self, torch: Any, backbone: FeatureExtractor, frames: Iterable[Frame], rooms: Iterable[str]
    ) -> None:
        modules = _stages(torch, backbone)
        if self.blocks > len(modules):
            raise RobotVisionError(
                f"FineTuned: blocks: {backbone!r} has {len(modules)} blocks, got {self.blocks}"
            )
        trunk = torch.nn.Sequential(*modules[: -self.blocks]).eval()
        tail = torch.nn.Sequential(
            *modules[-self.blocks :], torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
        ).eval()
        maps, labels, shape = self._maps(torch, backbone, trunk, frames, rooms)
        _, numbers = np.unique(labels, return_inverse=True)
        self.loss_ = self._train(torch, tail, maps, torch.from_numpy(numbers.astype(np.int64)))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.onnx"
            export(torch.nn.Sequential(trunk, tail).eval(), shape, path, ["embedding"])
            content = path.read_bytes()
        self.model_ = np.frombuffer(content, np.uint8).copy()
        self.digest_ = hashlib.sha256(content).hexdigest()
        with torch.no_grad():
            self.dim_ = int(tail(maps[:1, 0]).shape[1])

    def _maps(
        self,
        torch: Any,
        backbone: FeatureExtractor,
        trunk: Any,
        frames: Iterable[Frame],
        rooms: Iterable[str],
    ) -> tuple[Any, NDArray[np.str_], tuple[int, ...]]:
        """Return what enters the tail, (n, 1 or 2, C, h, w), the rooms, and the input's shape."""
        thinned: Thinned[tuple[Any, str]] = Thinned(self.max_frames)
        shape: tuple[int, ...] = ()
        with torch.no_grad():
            for frame, room in zip(frames, rooms, strict=True):
                if thinned.wants():
                    tensor = _input(backbone, color_of(frame, self.channels[0], self))
                    shape = tensor.shape
                    views = [tensor, tensor[..., ::-1]] if self.mirror else [tensor]
                    both = torch.from_numpy(np.concatenate(views))
                    thinned.keep(thinned.seen, (trunk(both), room))
                thinned.seen += 1
        chosen = [one for _, one in thinned.chosen()]
        if not chosen:
            raise RobotVisionError("FineTuned: expected training frames, got none")
        return torch.stack([m for m, _ in chosen]), np.array([r for _, r in chosen]), shape

    def _train(self, torch: Any, tail: Any, maps: Any, rooms: Any) -> NDArray[np.float64]:
        """Train the tail in place; return each epoch's mean loss."""
        counts = torch.bincount(rooms).float()
        weight = len(rooms) / (counts * len(counts)) if self.balanced else None
        loss = torch.nn.CrossEntropyLoss(weight, label_smoothing=self.label_smoothing)
        with torch.no_grad():
            dim = tail(maps[:1, 0]).shape[1]
        head = torch.nn.Sequential(torch.nn.Dropout(_DROPOUT), torch.nn.Linear(dim, len(counts)))
        rate = self.learning_rate
        groups = [
            {"params": list(tail.parameters()), "lr": rate},
            {"params": list(head.parameters()), "lr": rate * _HEAD_RATE},
        ]
        optimizer = torch.optim.AdamW(groups, weight_decay=self.weight_decay)
        steps = self.epochs * -(-len(rooms) // self.batch_size)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        losses = np.zeros(self.epochs)
        for epoch in range(self.epochs):
            for rows in torch.randperm(len(rooms)).split(self.batch_size):
                view = torch.randint(maps.shape[1], (len(rows),))
                optimizer.zero_grad()
                value = loss(head(tail(maps[rows, view])), rooms[rows])
                value.backward()
                optimizer.step()
                schedule.step()
                losses[epoch] += value.item() * len(rows) / len(rooms)
        return losses

    def extract(self, frame: Frame) -> Vector:
        """Return the embedding of one frame, (dim,) float32.

        Raises
        ------
        RobotVisionError
            It has not been trained.
        """
        if not hasattr(self, "model_"):
            raise RobotVisionError(
                "FineTuned has not been trained yet: call fit(frames, rooms) first"
            )
        backbone = build(self.backbone)
        tensor = _input(backbone, color_of(frame, backbone.channels[0], self))
        runner = learnt_session(self.model_, self.digest_, self.threads, self)
        vector: Vector = runner.run(None, {runner.get_inputs()[0].name: tensor})[0].ravel()
        return unit_length(vector) if self.unit_length else vector


def _input(backbone: Any, image: NDArray[np.uint8]) -> Tensor:
    if isinstance(backbone, TorchvisionBackbone):
        return network_input(image, backbone.size, IMAGENET_MEAN, IMAGENET_STD)
    tensor: Tensor = backbone.input_of(image)
    return tensor


def _stages(torch: Any, backbone: Any) -> list[Any]:
    """Return the modules of a network in order, from the image to the last feature map."""
    if hasattr(backbone, "torch_stages"):
        return list(backbone.torch_stages())
    if isinstance(backbone, EfficientNetLite):
        net = backbone.torch_network().network
        stem = torch.nn.Sequential(net._conv_stem, net._bn0, net._swish)
        return [stem, *net._blocks, torch.nn.Sequential(net._conv_head, net._bn1, net._swish)]
    if isinstance(backbone, MobileNetV2DeepSort):
        return list(backbone.torch_network().features)
    return _torchvision_stages(torch, backbone)


def _torchvision_stages(torch: Any, backbone: TorchvisionBackbone) -> list[Any]:
    """Return the blocks of a torchvision network, once they were seen to give its own vector."""
    torchvision = need("torchvision", backbone)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (*backbone.size, 3), np.uint8)
    expected = backbone.extract(Frame(0, 0, {backbone.channel: image}))
    torch.manual_seed(0)  # the one of untrained backbones
    net = torchvision.models.get_model(backbone.network, weights=None)
    path = backbone._weights_path()
    if path is not None:
        net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    if hasattr(net, "layer4"):
        stem = torch.nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool)
        blocks = [stem, *net.layer1, *net.layer2, *net.layer3, *net.layer4]
    else:
        blocks = list(getattr(net, "features", []))
    whole = torch.nn.Sequential(*blocks).eval()
    with torch.no_grad():
        output = whole(torch.from_numpy(_input(backbone, image)))
    vector = output.mean(dim=(2, 3)).numpy().ravel() if output.ndim == 4 else output.numpy()
    vector = unit_length(vector) if backbone.unit_length else vector
    if vector.shape != expected.shape or not np.allclose(vector, expected, rtol=1e-3, atol=1e-4):
        raise RobotVisionError(
            f"FineTuned: {backbone!r} cannot be cut into blocks whose averaged output is its "
            "vector; take a ResNet, a MobileNet or an EfficientNet with the layer 'flatten'"
        )
    return blocks
