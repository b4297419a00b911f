"""What a worker reads from the store, the last few of each held in memory for its next steps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from robotvision.cluster.store import Store, Vectors
from robotvision.config.schema import SequenceSpec
from robotvision.data.sequence import ImageSequence
from robotvision.errors import RobotVisionError
from robotvision.experiment.prepare import open_part
from robotvision.features.base import FeatureExtractor
from robotvision.recogniser.model_file import load_model
from robotvision.recogniser.persistence import TrainedModel, load_pipeline
from robotvision.sweep.reuse import Block

T = TypeVar("T")


@cache
def open_store(url: str) -> Store:
    """Return the store at a path or URL, the same one each time."""
    return Store(url)


@cache
def open_vectors(url: str) -> Vectors:
    """Return the extracted vectors of a store, the same ones each time."""
    return Vectors(Store(url))


@lru_cache(maxsize=64)
def load_sequence(spec: SequenceSpec) -> ImageSequence:
    """Open a sequence as a configuration names it."""
    return open_part(spec)


@lru_cache(maxsize=4)
def load_trained(results: str, name: str) -> TrainedModel:
    """Load a trained pipeline. Raises RobotVisionError where it is gone."""
    return _load(results, name, load_pipeline)


@lru_cache(maxsize=4)
def load_trained_extractor(results: str, name: str) -> FeatureExtractor:
    """Load a trained extractor. Raises RobotVisionError where it is gone."""
    return _load(results, name, load_extractor)


def _load(results: str, name: str, read: Callable[[Path], T]) -> T:
    store = open_store(results)
    with store.scratch() as folder:
        return read(_local_copy(store, name, folder))


def load_extractor(path: Path) -> FeatureExtractor:
    """Load the extractor of a model file."""
    parts, _ = load_model(path)
    extractor: FeatureExtractor = parts["extractor"]
    return extractor


@lru_cache(maxsize=16)
def load_block(cache_url: str, key: str) -> Block:
    """Load extracted vectors, read-only. Raises RobotVisionError where they are gone."""
    path = open_vectors(cache_url).fetch(key)
    if path is None:
        raise RobotVisionError(f"{key}: the vectors are not there any more; call again")
    block: Block = np.load(path, allow_pickle=False)
    block.flags.writeable = False
    return block


def content_digest(sequence: ImageSequence) -> str:
    """Return a digest of the images of a sequence, empty where one is missing."""
    h = hashlib.sha256()
    try:
        for position in range(len(sequence)):
            h.update(sequence.digest(position))
    except RobotVisionError:
        return ""
    return h.hexdigest()


def _local_copy(store: Store, name: str, folder: Path) -> Path:
    if store.folder is not None:
        return store.folder / name
    content = store.read(name)
    if content is None:
        raise RobotVisionError(f"{store.shown(name)}: not there any more; call the sweep again")
    path = folder / Path(name).name
    path.write_bytes(content)
    return path
