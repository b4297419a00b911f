"""Networks: ONNX Runtime against PyTorch, models of one's own, what is missing."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from scipy.linalg import sqrtm

from robotvision.errors import MissingExtraError, RobotVisionError
from robotvision.features import FEATURES
from robotvision.features.deep import cache_folder, need, network_input
from robotvision.features.onnx_model import OnnxModel
from robotvision.features.packaged import proportional
from robotvision.features.torchvision_backbone import TorchvisionBackbone
from robotvision.records import Frame
from robotvision.testing.features import check_extractor, make_frames

LITE = ["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"]
PACKAGED = [*LITE, "mobilenet_v2_deepsort"]
SIDES = {"efficientnet_lite1": 240, "efficientnet_lite2": 260}
"""Of the square that a network was trained on, where it is not 224 pixels."""


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory):
    """Exported networks go to a folder of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROBOTVISION_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize("name", PACKAGED)
def test_onnx_agrees_with_pytorch(name):
    """The exported network gives PyTorch's embedding to 1e-4, 1280 numbers."""
    extractor = FEATURES.create(name, {})
    network = extractor.torch_network()
    for frame in make_frames(3):
        with torch.inference_mode():
            image = torch.from_numpy(extractor.input_of(frame["rgb"]))
            expected = network(image).numpy().ravel()
        vector = extractor.extract(frame)
        assert vector.shape == (1280,) == expected.shape
        np.testing.assert_allclose(vector, expected, atol=1e-4)
        assert vector.std() > 0.05


@pytest.mark.parametrize("name", [n for n in PACKAGED if n != "efficientnet_lite1"])
def test_packaged_networks_conform(name):
    """They pass every conformance check; the network is exported once."""
    check_extractor(FEATURES.create(name, {"unit_length": True}))
    exported = list(cache_folder().glob(f"{name.removesuffix('_deepsort')}*"))
    assert len(exported) == 1
    graph = onnx.load(exported[0]).graph
    shape = [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim]
    side = SIDES.get(name, 224)
    assert shape == [1, 3, side, side]


@pytest.mark.parametrize(
    ("name", "layers", "dim"),
    [
        ("efficientnet_lite0", [0, 11, 16], 1488),
        ("efficientnet_lite1", [6, 14, 20], 472),
        ("efficientnet_lite2", [0, 14, 20, 21], 1768),
        ("mobilenet_v2_deepsort", [1, 13], 112),
    ],
)
def test_layers_agree_with_pytorch(name, layers, dim):
    """Each layer is the block's output of the network in PyTorch, pooled and of unit length."""
    extractor = FEATURES.create(name, {"layers": layers, "short_side": 96})
    (frame,) = make_frames(1, 120, 200)
    image = torch.from_numpy(extractor.input_of(frame["rgb"]))
    assert image.shape == (1, 3, 96, 160)
    parts = []
    with torch.inference_mode():
        x = image
        for i, block in enumerate(extractor.torch_network(image.shape[2:]).blocks()):
            x = block(x)
            if i in layers:
                pooled = x.mean(dim=(2, 3)).numpy().ravel()
                parts.append(pooled / np.linalg.norm(pooled))
    vector = extractor.extract(frame)
    assert vector.shape == (dim,) == (extractor.dim,)
    np.testing.assert_allclose(vector, np.concatenate(parts), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("efficientnet_lite0", [10, 11]),
        ("efficientnet_lite2", [14]),
        ("mobilenet_v2_deepsort", [12]),
    ],
)
def test_second_order_layers_agree_with_pytorch(name, layers):
    """Each layer is the root of its channels' mean products in PyTorch, by scipy."""
    params = {"layers": layers, "pooling": "second_order", "short_side": 96}
    extractor = FEATURES.create(name, params)
    (frame,) = make_frames(1, 120, 200)
    parts = []
    with torch.inference_mode():
        x = torch.from_numpy(extractor.input_of(frame["rgb"]))
        for i, block in enumerate(extractor.torch_network(x.shape[2:]).blocks()):
            x = block(x)
            if i in layers:
                answers = x[0].flatten(1).numpy().astype(float)
                root = np.real(sqrtm(answers @ answers.T / answers.shape[1]))
                parts.append(root / np.linalg.norm(root))
    products = sum(float((p * p).sum()) for p in parts)
    vector = extractor.extract(frame)
    assert vector.shape == (extractor.dim,)
    assert extractor.dim == sum(len(p) * (len(p) + 1) // 2 for p in parts)
    assert float(vector @ vector) == pytest.approx(products, rel=1e-5)
    upper = [p[np.triu_indices(len(p))] for p in parts]
    once = [np.where(np.equal(*np.triu_indices(len(p))), 1, np.sqrt(2)) for p in parts]
    expected = np.concatenate([u * w for u, w in zip(upper, once, strict=True)])
    np.testing.assert_allclose(vector, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "layer", "places"),
    [
        ("efficientnet_lite0", 11, 49),
        ("efficientnet_lite1", 15, 64),
        ("efficientnet_lite2", 15, 81),
        ("mobilenet_v2_deepsort", 13, 196),
    ],
)
def test_patches_agree_with_pytorch(name, layer, places):
    """Every place's channels of the block in PyTorch, of unit length, row by row."""
    extractor = FEATURES.create(name, {"layers": [layer], "pooling": "patches"})
    frame, other = (make_frames(1, *size)[0] for size in ((120, 200), (90, 40)))
    with torch.inference_mode():
        x = torch.from_numpy(extractor.input_of(frame["rgb"]))
        for block in extractor.torch_network().blocks()[: layer + 1]:
            x = block(x)
    rows = x[0].permute(1, 2, 0).reshape(-1, x.shape[1]).numpy()
    expected = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    vector = extractor.extract(frame)
    assert extractor.n_patches == places == len(rows)
    assert vector.shape == (extractor.dim,) == extractor.extract(other).shape
    np.testing.assert_allclose(vector.reshape(expected.shape), expected, atol=1e-5)


@pytest.mark.parametrize("name", PACKAGED)
def test_patches_of_every_layer_have_the_length_that_is_told(name):
    """The numbers and steps noted of each network's blocks are those of the network."""
    blocks = FEATURES.create(name, {}).torch_network().blocks()
    side = SIDES.get(name, 224)
    x = torch.zeros(1, 3, side, side)
    for layer, block in enumerate(blocks[:-1]):
        with torch.inference_mode():
            x = block(x)
        extractor = FEATURES.create(name, {"layers": [layer], "pooling": "patches"})
        assert extractor.dim == x[0].numel()
        assert extractor.n_patches == x[0, 0].numel()
    assert FEATURES.create(name, {}).n_patches == 0


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "layers: expected one block before the embedding"),
        ({"layers": [10, 11]}, "layers: expected one block before the embedding"),
        ({"layers": [16]}, "layers: expected one block before the embedding"),
        ({"layers": [11], "short_side": 192}, "short_side: expected nothing"),
    ],
)
def test_patches_need_one_block_and_one_size(params, message):
    """What would give vectors of several lengths or of no places is refused by its name."""
    with pytest.raises(RobotVisionError, match=message):
        FEATURES.create("efficientnet_lite0", {"pooling": "patches", **params})


@pytest.mark.parametrize("name", ["efficientnet_lite0", "mobilenet_v2_deepsort"])
def test_the_last_layer_is_the_embedding(name):
    """The highest number gives the embedding, of unit length."""
    (frame,) = make_frames(1)
    number = {"efficientnet_lite0": 16, "mobilenet_v2_deepsort": 18}[name]
    last = FEATURES.create(name, {"layers": [number]}).extract(frame)
    embedding = FEATURES.create(name, {"unit_length": True}).extract(frame)
    np.testing.assert_allclose(last, embedding, atol=1e-5)


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (240, 320, (192, 256)),
        (240, 426, (192, 320)),
        (320, 240, (256, 192)),
        (100, 100, (192, 192)),
        (1, 1, (192, 192)),
        (1, 4000, (192, 768)),
    ],
)
def test_proportions_are_kept(height, width, expected):
    """The shorter side has the length asked for, the longer follows, up to four times as long."""
    assert proportional(height, width, 192) == expected


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"layers": [17]}, "layers: expected a list of one or more whole numbers from 0 to 16"),
        ({"layers": []}, "layers: expected a list of one or more"),
        ({"layers": [11, 10]}, "layers: expected each block once, in ascending order"),
        ({"pooling": "max"}, "pooling: expected one of mean, second_order, patches, got 'max'"),
        ({"pooling": "second_order"}, "pooling: expected mean, or layers of at most 320 channels"),
        (
            {"layers": [10, 16], "pooling": "second_order"},
            r"at most 320 channels each \(here 1280\)",
        ),
        ({"short_side": 100}, "short_side: expected a multiple of 32, got 100"),
        ({"short_side": 32}, "short_side: expected a whole number from 64 to 1024"),
    ],
)
def test_packaged_networks_refuse(params, message):
    """What cannot work is one line that names the parameter."""
    with pytest.raises(RobotVisionError, match=message):
        FEATURES.create("efficientnet_lite0", params)


@pytest.mark.parametrize("name", LITE)
def test_efficientnet_knows_a_cat(name):
    """With its input right, the whole network calls scikit-image's cat a cat (class 281-285)."""
    from skimage.data import chelsea

    extractor = FEATURES.create(name, {})
    head = extractor.torch_network().network._fc
    embedding = extractor.extract(Frame(0, 0, {"rgb": chelsea()}))
    with torch.inference_mode():
        assert int(head(torch.from_numpy(embedding)).argmax()) in range(281, 286)


def test_input_is_normalised_by_colour():
    """An image of the network's size is normalised pixel by pixel, colours first."""
    (frame,) = make_frames(1, 8, 6)
    mean, std = (10.0, 20.0, 30.0), (2.0, 4.0, 8.0)
    expected = (frame["rgb"].astype(float) - mean) / std
    got = network_input(frame["rgb"], (8, 6), mean, std)
    np.testing.assert_allclose(got[0], expected.transpose(2, 0, 1), rtol=1e-6)


@pytest.fixture
def model(tmp_path):
    """Return a model that averages 2 × 2 pixels: a feature map (1, 3, 4, 4)."""
    node = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2])
    flat = helper.make_node("Flatten", ["y"], ["z"])
    graph = helper.make_graph(
        [node, flat],
        "mean",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 4, 4]),
            helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 48]),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = tmp_path / "mean.onnx"
    onnx.save(made, path)
    return str(path)


def test_own_model(model):
    """A feature map is averaged over its places; another output can be named."""
    plain = {"model": model, "size": [8, 8], "mean": [0, 0, 0], "std": [1, 1, 1]}
    (frame,) = make_frames(1, 8, 8)
    extractor = OnnxModel(**plain)
    assert extractor.dim == 3
    np.testing.assert_allclose(extractor.extract(frame), frame["rgb"].mean((0, 1)), rtol=1e-5)
    assert OnnxModel(**plain, output="z").dim == 48
    check_extractor(OnnxModel(**plain, output="z", unit_length=True))


def test_own_model_faults(model, tmp_path):
    """What cannot work is one line that names the file and what it wants."""
    (frame,) = make_frames(1)
    with pytest.raises(RobotVisionError, match=r"it wants \[1, 3, 8, 8\] tensor\(float\)"):
        OnnxModel(model).extract(frame)
    with pytest.raises(RobotVisionError, match=r"no output 'w' \(it has: y, z\)"):
        OnnxModel(model, output="w").extract(frame)
    with pytest.raises(RobotVisionError, match=r"none\.onnx: expected an ONNX model, No such file"):
        OnnxModel(tmp_path / "none.onnx").extract(frame)
    (tmp_path / "bad.onnx").write_text("no model")
    with pytest.raises(RobotVisionError, match=r"bad\.onnx: expected an ONNX model \("):
        OnnxModel(tmp_path / "bad.onnx").extract(frame)


def test_torchvision_layers(tmp_path):
    """Layers are averaged over places; weights from a file are used; the checks pass."""
    import torchvision

    torch.manual_seed(1)
    network = torchvision.models.get_model("resnet18", weights=None).eval()
    torch.save(network.state_dict(), tmp_path / "own.pth")
    extractor = TorchvisionBackbone(weights=str(tmp_path / "own.pth"), size=(48, 64))
    (frame,) = make_frames(1, 48, 64)
    with torch.inference_mode():
        network.fc = torch.nn.Identity()
        image = network_input(
            frame["rgb"], (48, 64), (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
        )
        expected = network(torch.from_numpy(image)).numpy().ravel()
    np.testing.assert_allclose(extractor.extract(frame), expected, rtol=1e-4, atol=1e-5)
    assert TorchvisionBackbone(weights=None, layer="layer2", size=(32, 32)).dim == 128
    check_extractor(TorchvisionBackbone(weights=None, size=(32, 32)))


def test_torchvision_faults(tmp_path, monkeypatch):
    """Weights that are not there: address, size and where to put them; names are suggested."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("ROBOTVISION_OFFLINE", "1")
    (frame,) = make_frames(1)
    message = (
        r"^the weights of resnet18 \(45 MB\): not on this machine, .* refuses downloads; download "
        r"https://download\.pytorch\.org/models/resnet18-\w+\.pth to \S+resnet18-\w+\.pth"
        r", or anywhere and give its path as 'weights'$"
    )
    with pytest.raises(RobotVisionError, match=message):
        TorchvisionBackbone().extract(frame)
    with pytest.raises(RobotVisionError, match="no network 'resnet81'; did you mean 'resnet18'"):
        TorchvisionBackbone("resnet81", weights=None).extract(frame)
    with pytest.raises(RobotVisionError, match=r"no layer 'flat'.* did you mean 'flatten'"):
        TorchvisionBackbone(layer="flat", weights=None).extract(frame)
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    with pytest.raises(RobotVisionError, match=r"bad\.pth: expected the weights of resnet18"):
        TorchvisionBackbone(weights=tmp_path / "bad.pth").extract(frame)


def test_missing_package_names_the_extra():
    """A missing optional module says what to install."""
    with pytest.raises(MissingExtraError, match=r"pip install 'robotvision\[deep\]'"):
        need("a_module_that_is_not_there", FEATURES.create("efficientnet_lite0", {}))


def test_a_network_is_looked_for_once_and_anew_for_other_parameters(monkeypatch, tmp_path):
    """Frames after the first do not ask the disk; other layers, or another cache folder, do."""
    monkeypatch.setenv("ROBOTVISION_CACHE", str(tmp_path))
    kind = type(FEATURES.create("mobilenet_v2_deepsort", {}))
    asked, plain = [], kind.model_path
    monkeypatch.setattr(kind, "model_path", lambda self, size: asked.append(1) or plain(self, size))
    frame = Frame(0, 0, {"rgb": np.full((64, 64, 3), 90, np.uint8)})
    extractor = FEATURES.create("mobilenet_v2_deepsort", {"layers": [0], "short_side": 64})
    first = extractor.extract(frame)
    np.testing.assert_array_equal(extractor.extract(frame), first)
    assert len(asked) == 1
    assert len(extractor.set_params(layers=[1]).extract(frame)) == extractor.dim
    assert len(asked) == 2
