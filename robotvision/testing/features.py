"""Check that an extractor keeps the contract of `robotvision.features.base`.

One call checks all of it::

    check_extractor(MyExtractor())

or, as a test each, with ids ``name:check``::

    @pytest.mark.parametrize(("extractor", "check"), checks([MyExtractor()]))
    def test_conforms(extractor, check):
        check(extractor, None)

A check raises `NotConforming` with what was expected and what was got. Without frames of your own
(for an extractor of unusual channels), textured images of every standard channel are used;
an extractor with ``calibrate`` or ``fit`` is calibrated and trained on them first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from robotvision.errors import RobotVisionError
from robotvision.features.base import FeatureExtractor
from robotvision.records import Frame

Check = Callable[[Any, Sequence[Frame] | None], None]

CALIBRATION = {
    channel: {"fx": 200.0, "fy": 200.0, "cx": 59.5, "cy": 44.5, "height_m": 1.0, "baseline_m": 0.1}
    for channel in ("rgb", "depth", "left", "right")
}
"""Calibration of the generated images."""

_SIZES = ((90, 120), (64, 64), (33, 47), (7, 5), (1, 9), (9, 1), (2, 2))


class NotConforming(RobotVisionError, AssertionError):
    """The extractor breaks a rule of the contract; the message says which and how."""


def make_frames(
    n: int = 4, height: int = 90, width: int = 120, channels: Iterable[str] | None = None
) -> list[Frame]:
    """Return ``n`` generated frames with texture at every scale; the same ones every time.

    Parameters
    ----------
    channels : iterable of str or None
        None: ``rgb``, ``depth``, ``left``, ``right`` (``left`` shifted by 4 pixels), ``points``.
    """
    frames = []
    for i in range(n):
        rng = np.random.default_rng((i, height, width))
        left = _texture(rng, height, width)
        depth = 1000 + 20 * _texture(rng, height, width)[..., 0].astype(np.uint16)
        depth[rng.random((height, width)) < 0.1] = 0
        images: dict[str, NDArray[Any]] = {
            "rgb": _texture(rng, height, width),
            "depth": depth,
            "left": left,
            "right": np.roll(left, -4, axis=1),
            "points": rng.normal((0, 0, 3), 1, (height * width, 3)).astype(np.float32),
        }
        names = images if channels is None else channels
        frames.append(Frame(i, i * 100_000_000, {c: images[c] for c in names}))
    return frames


def _texture(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    """Return a random image with detail at several scales, (height, width, 3)."""
    total = np.zeros((height, width, 3))
    for size in (1, 4, 16, 64):
        coarse = rng.normal(size=(-(-height // size), -(-width // size), 3)) * size**0.5
        total += coarse.repeat(size, axis=0).repeat(size, axis=1)[:height, :width]
    total -= total.min()
    texture: NDArray[np.uint8] = (total / max(float(total.max()), 1e-9) * 255).astype(np.uint8)
    return texture


def prepared(extractor: Any, frames: Sequence[Frame] | None = None) -> Any:
    """Return a fresh copy of ``extractor``, calibrated and trained where it has to be."""
    copy = clone(extractor)
    frames = make_frames() if frames is None else frames
    if hasattr(copy, "calibrate"):
        copy.calibrate(CALIBRATION)
    if hasattr(copy, "fit"):
        copy.fit(iter(frames), iter([f"room{i % 2}" for i in range(len(frames))]))
    return copy


def check_extractor(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Run every check on ``extractor``.

    Parameters
    ----------
    extractor : FeatureExtractor
        An instance, trained or not: the checks work on copies made by ``sklearn.base.clone``.
    frames : sequence of Frame or None
        Frames it can read; None: generated ones. Sizes and black images are always generated.

    Raises
    ------
    NotConforming
        Naming the first rule that is broken.
    """
    for check in CHECKS:
        check(extractor, frames)


def checks(extractors: Iterable[Any]) -> list[Any]:
    """Return a ``pytest.param(extractor, check)`` of id ``name:check`` for every pair."""
    return pairs(extractors, CHECKS)


def pairs(plugins: Iterable[Any], checks: Sequence[Callable[..., None]]) -> list[Any]:
    """Return a ``pytest.param(plugin, check)`` of id ``name:check`` for every pair."""
    import pytest

    def name(plugin: Any, check: Callable[..., None]) -> str:
        return f"{type(plugin).__name__}:{check.__name__.removeprefix('check_')}"

    return [pytest.param(p, c, id=name(p, c)) for p in plugins for c in checks]


def check_protocol(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect ``channels`` (names), ``dim`` (above 0) and ``extract``."""
    ready = prepared(extractor, frames)
    expect(isinstance(ready, FeatureExtractor), "channels, dim and extract", _members(ready))
    named = isinstance(ready.channels, tuple) and ready.channels
    good = named and all(isinstance(c, str) for c in ready.channels)
    expect(good, "channels: a tuple of one or more names", ready.channels)
    expect(isinstance(ready.dim, int) and ready.dim > 0, "dim: an int above 0", ready.dim)


def check_vector(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect each vector to be an array (dim,) of finite float32."""
    ready = prepared(extractor, frames)
    for frame in make_frames() if frames is None else frames:
        _check_vector(ready, frame)


def check_repeats(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect the same vector for the same frame, whatever frames came between."""
    ready = prepared(extractor, frames)
    frames = make_frames() if frames is None else frames
    first = [ready.extract(f).copy() for f in frames]
    again = [ready.extract(f) for f in reversed(frames)][::-1]
    same = all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    expect(same, "the same vector for the same frame, in any order", "another one")


def check_training_repeats(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect the same vectors from two copies trained alike (a seed is a parameter)."""
    frames = make_frames() if frames is None else frames
    a, b = (prepared(extractor, frames).extract(frames[0]) for _ in range(2))
    expect(np.array_equal(a, b), "the same vector after the same training", "another one")


def check_own_memory(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect a vector to stay as it was when the next one is computed."""
    ready = prepared(extractor, frames)
    frames = make_frames() if frames is None else frames
    vector = ready.extract(frames[0])
    before = vector.copy()
    for frame in frames[1:]:
        ready.extract(frame)
    expect(
        np.array_equal(vector, before),
        "a vector of its own for each frame",
        "one that the next call overwrote",
    )


def check_leaves_frame(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect the frame's pixels to be the same after ``extract``."""
    ready = prepared(extractor, frames)
    frame = (make_frames(1) if frames is None else frames)[0]
    before = {channel: image.copy() for channel, image in frame.images.items()}
    vector = ready.extract(frame)
    for channel, image in frame.images.items():
        expect(
            np.array_equal(before[channel], image),
            "an unchanged frame",
            f"other pixels in {channel!r}",
        )
        shared = isinstance(vector, np.ndarray) and np.shares_memory(vector, image)
        expect(not shared, "a vector of its own", f"one that shares memory with {channel!r}")


def check_reads_only_channels(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect it to need the channels it names alone, not the frame's index or time."""
    ready = prepared(extractor, frames)
    frame = (make_frames(1) if frames is None else frames)[0]
    bare = Frame(
        frame.index + 7, frame.timestamp_ns + 1, {c: frame.images[c] for c in ready.channels}
    )
    same = np.array_equal(ready.extract(frame), ready.extract(bare))
    expect(
        same,
        f"a vector made of {', '.join(ready.channels)} alone",
        "another one without the other channels or at another time",
    )


def check_repr(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect a repr that rebuilds it, parameters and all."""
    text = repr(extractor)
    names = {type(extractor).__name__: type(extractor), "inf": np.inf, "nan": np.nan}
    for value in extractor.get_params(deep=True).values():
        names[type(value).__name__] = type(value)
    try:
        again = eval(text, {"__builtins__": {}}, names)  # the repr of the object under test # nosec B307
    except Exception as e:
        raise NotConforming(f"expected a repr that rebuilds it, got {text} ({e})") from e
    same = type(again) is type(extractor) and repr(again) == text
    expect(same, "a repr that rebuilds it", text)
    missing = [name for name in extractor.get_params(deep=False) if f"{name}=" not in text]
    expect(not missing, "every parameter in the repr", f"{text} without {', '.join(missing)}")


def check_clone(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect ``clone`` to keep the parameters, ``set_params`` to take what ``get_params`` gave."""
    try:
        copy = clone(extractor)
    except (RuntimeError, TypeError) as e:
        raise NotConforming(f"expected an extractor that clones, got: {e}") from e
    expect(repr(copy) == repr(extractor), repr(extractor), repr(copy))
    copy.set_params(**copy.get_params(deep=False))
    expect(repr(copy) == repr(extractor), repr(extractor), repr(copy))


def check_parameters_stay(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect calibrating, training and extracting to leave the parameters alone."""
    ready = prepared(extractor, frames)
    ready.extract((make_frames(1) if frames is None else frames)[0])
    expect(repr(ready) == repr(extractor), repr(extractor), repr(ready))


def check_one_pixel(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect a vector of a image of one pixel."""
    _check_vector(prepared(extractor, frames), _like(extractor, frames, 1, 1))


def check_sizes(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect vectors of the same length of small, thin and odd images."""
    ready = prepared(extractor, frames)
    for height, width in _SIZES:
        _check_vector(ready, _like(extractor, frames, height, width))


def check_black(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect a vector of a image all black or all white, of a depth without readings."""
    ready = prepared(extractor, frames)
    frame = _like(extractor, frames, 60, 80)
    for fill in (0, 255):
        images = {c: np.full_like(image, fill) for c, image in frame.images.items()}
        _check_vector(ready, Frame(0, 0, images))
    if "points" in ready.channels:
        images = {**frame.images, "points": np.empty((0, 3), np.float32)}
        _check_vector(ready, Frame(0, 0, images))


def check_threads(extractor: Any, frames: Sequence[Frame] | None = None) -> None:
    """Expect four threads at once to get what one gets alone."""
    ready = prepared(extractor, frames)
    frames = make_frames() if frames is None else frames
    alone = [ready.extract(f).copy() for f in frames]
    fresh = prepared(extractor, frames)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(fresh.extract, [*frames] * 4))
    same = all(np.array_equal(a, b) for a, b in zip(alone * 4, together, strict=True))
    expect(same, "the same vectors from four threads at once", "other ones")


CHECKS: tuple[Check, ...] = (
    check_protocol,
    check_vector,
    check_repeats,
    check_training_repeats,
    check_own_memory,
    check_leaves_frame,
    check_reads_only_channels,
    check_repr,
    check_clone,
    check_parameters_stay,
    check_one_pixel,
    check_sizes,
    check_black,
    check_threads,
)


def _check_vector(extractor: Any, frame: Frame) -> None:
    vector = extractor.extract(frame)
    size = " ".join(f"{c} {frame.images[c].shape}" for c in extractor.channels)
    good = isinstance(vector, np.ndarray) and vector.shape == (extractor.dim,)
    expect(good, f"a vector ({extractor.dim},) for {size}", getattr(vector, "shape", vector))
    expect(vector.dtype == np.float32, "float32", vector.dtype)
    bad = int(np.count_nonzero(~np.isfinite(vector)))
    expect(not bad, f"finite numbers for {size}", f"{bad} that are not")


def _like(extractor: Any, frames: Sequence[Frame] | None, height: int, width: int) -> Frame:
    """Return a generated frame with the kinds of channel the extractor reads."""
    frame = make_frames(1, height, width)[0]
    strange = [c for c in extractor.channels if c not in frame.images]
    if not strange or frames is None:
        return frame
    images = dict(frame.images)
    for channel in strange:
        sample = frames[0].images[channel]
        kind = "depth" if sample.ndim == 2 and sample.dtype == np.uint16 else "rgb"
        images[channel] = images["points" if sample.dtype == np.float32 else kind]
    return Frame(0, 0, images)


def _members(extractor: Any) -> str:
    have = [m for m in ("channels", "dim", "extract") if hasattr(extractor, m)]
    return ", ".join(have) or "none of them"


def expect(good: Any, expected: str, got: object) -> None:
    """Raise NotConforming where something is not good."""
    if not good:
        raise NotConforming(f"expected {expected}, got {got}")
