"""Networks of timm by name: timm's own output, sizes, weights from files, what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from robotvision.errors import MissingExtraError, RobotVisionError
from robotvision.features import FEATURES
from robotvision.features.deep import need, network_input
from robotvision.features.timm_backbone import TimmBackbone
from robotvision.testing.features import check_extractor, make_frames

VIT, CNN = "vit_tiny_patch16_224", "mobilenetv3_small_050"


def own_output(name, image, size, weights, output):
    """What timm itself gives for an image, by its own way of making the network."""
    import timm
    import torch

    network = timm.create_model(name, pretrained=False, num_classes=10, img_size=size)
    network.load_state_dict(torch.load(weights, weights_only=True))
    config = timm.data.resolve_model_data_config(network)
    mean, std = (np.array(config[k]) * 255 for k in ("mean", "std"))
    tensor = torch.from_numpy(network_input(image, size, mean, std))
    with torch.inference_mode():
        features = network.eval().forward_features(tensor)
        if output == "pooled":
            return network.forward_head(features, pre_logits=True).numpy().ravel()
        n = network.num_prefix_tokens
        return (features[:, :1] if output == "class" else features[:, n:]).numpy().ravel()


@pytest.mark.parametrize("output", ["pooled", "class", "patches"])
def test_the_output_is_timms_own(output, tmp_path):
    """Of weights in a file, at a size of one's own, to 1e-4."""
    import timm
    import torch

    torch.manual_seed(5)
    size = (64, 96)
    made = timm.create_model(VIT, pretrained=False, num_classes=10, img_size=size)
    torch.save(made.state_dict(), tmp_path / "own.pth")
    extractor = TimmBackbone(VIT, tmp_path / "own.pth", output, size)
    (frame,) = make_frames(1)
    vector = extractor.extract(frame)
    expected = own_output(VIT, frame["rgb"], size, tmp_path / "own.pth", output)
    np.testing.assert_allclose(vector, expected, atol=1e-4)
    assert vector.std() > 0.05
    assert (
        len(vector) == extractor.dim == {"pooled": 192, "class": 192, "patches": 24 * 192}[output]
    )
    assert extractor.files_read() == (tmp_path / "own.pth",)


def test_it_conforms():
    """Convolutional networks give their pooled features and their map as patches."""
    check_extractor(
        FEATURES.create("timm_backbone", {"model": CNN, "weights": None, "size": [32, 32]})
    )
    (frame,) = make_frames(1)
    patches = TimmBackbone(CNN, None, "patches", (64, 96), unit_length=True)
    assert patches.patches(frame).shape == (2 * 3, 288)
    rows = patches.extract(frame).reshape(6, 288)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", [VIT, "resnet34"])
def test_weights_of_another_network_are_refused(name, tmp_path):
    """Of a file that has none or half of the weights: timm alone would leave the rest untrained."""
    import timm
    import torch

    other = timm.create_model("resnet18", pretrained=False)
    torch.save(other.state_dict(), tmp_path / "other.pth")
    (frame,) = make_frames(1)
    with pytest.raises(RobotVisionError, match=r"other\.pth: expected the weights of .* not in it"):
        TimmBackbone(name, tmp_path / "other.pth").extract(frame)


@pytest.mark.parametrize("name", ["convnext_atto", "resnet18", "deit_tiny_distilled_patch16_224"])
def test_other_architectures_are_timms_own(name, tmp_path):
    """Pooled, at the network's own size, of a file of all its weights."""
    import timm
    import torch

    torch.manual_seed(6)
    made = timm.create_model(name, pretrained=False).eval()
    torch.save(made.state_dict(), tmp_path / "own.pth")
    (frame,) = make_frames(1)
    config = timm.data.resolve_model_data_config(made)
    mean, std = (np.array(config[k]) * 255 for k in ("mean", "std"))
    image = network_input(frame["rgb"], config["input_size"][1:], mean, std)
    with torch.inference_mode():
        features = made.forward_features(torch.from_numpy(image))
        expected = made.forward_head(features, pre_logits=True).numpy().ravel()
    vector = TimmBackbone(name, tmp_path / "own.pth").extract(frame)
    np.testing.assert_allclose(vector, expected, atol=1e-4)
    assert vector.std() > 0


def test_faults(tmp_path):
    """One line each: an unknown network, no class token, a wrong file, a missing one, an extra."""
    import timm
    import torch

    (frame,) = make_frames(1)
    with pytest.raises(RobotVisionError, match="no model 'resnet81'; did you mean"):
        TimmBackbone("resnet81", None).extract(frame)
    with pytest.raises(RobotVisionError, match=f"{CNN} has no class token"):
        TimmBackbone(CNN, None, "class").extract(frame)
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    with pytest.raises(RobotVisionError, match=r"bad\.pth: expected the weights of"):
        TimmBackbone(CNN, tmp_path / "bad.pth").extract(frame)
    other = timm.create_model("mobilenetv3_small_075", pretrained=False)
    torch.save(other.state_dict(), tmp_path / "other.pth")
    with pytest.raises(RobotVisionError, match=r"other\.pth: expected the weights of"):
        TimmBackbone(CNN, tmp_path / "other.pth").extract(frame)
    with pytest.raises(RobotVisionError, match=r"gone\.pth: expected a file with the weights"):
        TimmBackbone(CNN, tmp_path / "gone.pth").extract(frame)
    with pytest.raises(RobotVisionError, match="needs output: patches"):
        TimmBackbone(CNN, None).patches(frame)
    with pytest.raises(MissingExtraError, match=r"pip install 'robotvision\[timm\]'"):
        need("no_such_module", TimmBackbone(CNN, None), "timm")
