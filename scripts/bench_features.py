"""Time every extractor on one core beside a named reference, in the same run.

    scripts/bench_features.py                       generated, textured pictures of 320 × 240
    scripts/bench_features.py SEQUENCE --only phog  ten frames of a sequence, one extractor

Extractor and reference take turns, frame by frame; medians are printed, and their ratio (below 1:
the extractor is faster). A reference does the same kind of work with a well-known library; it is
not always the same to the last number.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.features import FEATURES
from robotvision.records import Frame
from robotvision.testing.features import make_frames, prepared

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
HEIGHT, WIDTH = 240, 320
SHARED: dict[str, dict[str, Any]] = {
    "sift_vlad": {"words": 16},
    "sift_fisher": {"words": 8},
    "torchvision_backbone": {"network": "mobilenet_v3_small", "weights": None},
    "spatial_pyramid": {"extractor": "gist"},
}
"""Parameters other than the defaults."""

Reference = Callable[[Any, Frame], object]


def gray(frame: Frame) -> NDArray[np.uint8]:
    """Return the luminance of the colour picture."""
    return np.asarray(cv2.cvtColor(frame["rgb"], cv2.COLOR_RGB2GRAY), np.uint8)


def hsv_histogram(extractor: Any, frame: Frame) -> object:
    """scikit-image's HSV and numpy's joint histogram."""
    from skimage.color import rgb2hsv

    pixels = rgb2hsv(frame["rgb"]).reshape(-1, 3)
    return np.histogramdd(pixels, bins=extractor.bins, range=[(0, 1)] * 3)


def opponent_histogram(extractor: Any, frame: Frame) -> object:
    """Numpy's product with the opponent axes and histograms."""
    axes = np.array([[1, -1, 0], [1, 1, -2], [1, 1, 1]]) / np.sqrt([[2], [6], [3]])
    pixels = frame["rgb"].reshape(-1, 3) @ axes.T
    return [np.histogram(p, n) for p, n in zip(pixels.T, extractor.bins, strict=True)]


def phog(extractor: Any, frame: Frame) -> object:
    """scikit-image's HOG."""
    from skimage.feature import hog

    return hog(gray(frame))


def crfh(extractor: Any, frame: Frame) -> object:
    """Scipy's Gaussian derivatives and numpy's joint histogram."""
    from scipy.ndimage import gaussian_filter

    plane, out = gray(frame).astype(np.float32), []
    for sigma in extractor.scales:
        dx, dy = (gaussian_filter(plane, sigma, order=o).ravel() for o in ((0, 1), (1, 0)))
        limits = np.array([(-31, 31)] * 2) / sigma
        out.append(np.histogram2d(dx, dy, int(extractor.bins), limits))
    return out


def lbp(extractor: Any, frame: Frame) -> object:
    """scikit-image's local binary patterns and numpy's histogram."""
    from skimage.feature import local_binary_pattern

    pattern: Any = local_binary_pattern
    return np.histogram(pattern(gray(frame), 8, 1, "nri_uniform"), 59)


def gist(extractor: Any, frame: Frame) -> object:
    """Numpy's Fourier transform, one filter after another, none of them cut."""
    square = cv2.resize(gray(frame), (extractor.size, extractor.size)) / 255.0
    frequency = np.fft.fftfreq(extractor.size)
    radius = np.hypot(frequency[:, None], frequency[None])
    spectrum, out = np.fft.fft2(square), []
    for count in extractor.orientations:
        for _ in range(count):
            energy = np.abs(np.fft.ifft2(spectrum * radius))
            out.append(cv2.resize(energy, (extractor.grid, extractor.grid)))
    return out


def sift_bow(extractor: Any, frame: Frame) -> object:
    """scikit-image's SIFT and scipy's vector quantisation."""
    from scipy.cluster.vq import vq
    from skimage.feature import SIFT

    make: Any = SIFT
    sift = make()
    sift.detect_and_extract(gray(frame))
    return vq(sift.descriptors.astype(np.float32), extractor.vocabulary_)


def depth_histogram(extractor: Any, frame: Frame) -> object:
    """Numpy's histogram of each cell."""
    depth = frame["depth"]
    return [
        np.histogram(cell, extractor.bins, (1, 8000))
        for grid in extractor.grids
        for row in np.array_split(depth, grid)
        for cell in np.array_split(row, grid, axis=1)
    ]


def depth_hog(extractor: Any, frame: Frame) -> object:
    """scikit-image's HOG of the depth picture."""
    from skimage.feature import hog

    return hog(frame["depth"])


def stereo_depth(extractor: Any, frame: Frame) -> object:
    """OpenCV's semi-global matching alone, all eight directions."""
    matcher = cv2.StereoSGBM.create(
        0, extractor.n_disparities, extractor.block_size, mode=cv2.STEREO_SGBM_MODE_HH
    )
    return matcher.compute(frame["left"], frame["right"])


def eager_backbone(extractor: Any, frame: Frame) -> object:
    """Eager PyTorch on the same network, not rounded, one thread."""
    if not hasattr(extractor, "network_"):
        extractor.network_ = FEATURES.create(extractor.backbone, {})
    return eager(extractor.network_, frame)


def eager(extractor: Any, frame: Frame) -> object:
    """Eager PyTorch on the same network and input, one thread."""
    import torch

    torch.set_num_threads(1)
    if not hasattr(extractor, "network_"):
        extractor.network_ = extractor.torch_network()
    with torch.no_grad():
        return extractor.network_(torch.from_numpy(extractor.input_of(frame["rgb"]))).numpy()


REFERENCES: dict[str, Reference] = {
    "hsv_histogram": hsv_histogram,
    "opponent_histogram": opponent_histogram,
    "phog": phog,
    "crfh": crfh,
    "lbp": lbp,
    "centrist": lbp,
    "gist": gist,
    "sift_bow": sift_bow,
    "depth_histogram": depth_histogram,
    "depth_hog": depth_hog,
    "stereo_depth": stereo_depth,
    "efficientnet_lite0": eager,
    "mobilenet_v2_deepsort": eager,
    "quantized": eager_backbone,
}


def pictures(path: Path | None) -> list[Frame]:
    """Return ten frames: generated, or spread over a sequence and of its own size."""
    if path is None:
        return make_frames(10, HEIGHT, WIDTH)
    from robotvision.data import open_sequence

    sequence = open_sequence(path)
    return [sequence.load(int(i)) for i in np.linspace(0, len(sequence) - 1, 10)]


def turns(calls: Sequence[Callable[[Frame], object]], frames: list[Frame]) -> list[float]:
    """Return the median milliseconds of each call, taking turns over all frames, five rounds."""
    spent: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call(frames[0])
    for _ in range(5):
        for frame in frames:
            for call, times in zip(calls, spent, strict=True):
                start = time.perf_counter()
                call(frame)
                times.append(time.perf_counter() - start)
    return [1000 * float(np.median(times)) for times in spent]


def bench(label: str, params: dict[str, Any], frames: list[Frame]) -> None:
    """Print one line for one extractor; what it cannot do here is said in its place."""
    made = FEATURES.create(label.partition(",")[0], params)
    missing = [c for c in made.channels if c not in frames[0].images]
    if missing:
        print(f"{label:24} reads {', '.join(missing)}, which these frames do not have")
        return
    extractor = prepared(made, frames)
    reference = REFERENCES.get(label)
    calls: list[Callable[[Frame], object]] = [extractor.extract]
    if reference is None:
        (own,) = turns(calls, frames)
        print(f"{label:24} {extractor.dim:6} {own:8.2f}")
        return
    own, other = turns([*calls, lambda f: reference(extractor, f)], frames)
    about = (reference.__doc__ or "").rstrip(".")
    print(f"{label:24} {extractor.dim:6} {own:8.2f} {other:9.2f} {own / other:6.3f}  {about}")


def main() -> None:
    """Read the arguments and print the table."""
    if any(os.environ.get(name) != "1" for name in ONE_THREAD):
        # the libraries read these when they are loaded
        os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
        os.execv(sys.executable, [sys.executable, *sys.argv])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sequence", nargs="?", type=Path, help="a folder; default: generated")
    parser.add_argument("--only", nargs="*", help="names of extractors")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    frames = pictures(args.sequence)
    print(f"{'extractor':24} {'dim':>6} {'ms':>8} {'reference':>9} {'ratio':>6}")
    labels: dict[str, dict[str, Any]] = {}
    for name in FEATURES.names():
        if name == "onnx":  # needs a model of one's own
            continue
        small = {"words": 200} if name == "sift_bow" and args.sequence is None else {}
        labels[name] = SHARED.get(name, {}) | small
    labels["sift_bow, dense"] = {"sampling": "dense"}
    for label, params in labels.items():
        if not args.only or label.partition(",")[0] in args.only:
            bench(label, params, frames)


if __name__ == "__main__":
    main()
