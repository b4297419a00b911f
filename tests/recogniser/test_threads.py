"""Training and answers are the same to the last bit on any number of threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from robotvision.classifiers import CLASSIFIERS
from robotvision.plugins.threads import hold, one_thread
from tests.conftest import write_tour

CHILD = """
import hashlib, json, sys
from pathlib import Path
import numpy as np
from robotvision.classifiers import CLASSIFIERS
from robotvision.config.schema import Config
from robotvision.data import open_sequence
from robotvision.features.base import Extractor
from robotvision.recogniser.inprocess import InProcess
from robotvision.recogniser.training import TrainingOptions, fit_pipeline
from robotvision.systems.base import Session, View
from robotvision.tasks import load_task

PROJECTION = np.abs(np.random.default_rng(0).normal(size=(108, 300))).astype(np.float32)
PATCHES = {"name": "nearest_patches", "channels": 10}


class Wide(Extractor):
    dim = 300

    def extract(self, frame):
        return frame["rgb"][::8, ::8].reshape(-1)[:108].astype(np.float32) @ PROJECTION


sequence = open_sequence(Path(sys.argv[1]))
session = Session(load_task("rooms"), "obligatory", None, 0)
found = {}
for name in sys.argv[2:]:
    features, classifier = ["hsv_histogram"], PATCHES if name == "nearest_patches" else name
    if name == "log_pool":
        features, classifier = ["hsv_histogram", "gist"], {"name": name, "last": PATCHES}
    config = Config(task="rooms", test=[], features=features, classifier=classifier)
    options = TrainingOptions(extractors=[Wide() for _ in features])
    pipeline, task, _ = fit_pipeline(config, load_task("rooms"), [sequence], None, options=options)
    with InProcess(pipeline) as system:
        system.start(session)
        system.reset(View.of(sequence))
        replies = [system.answer(sequence.load(i, ("rgb",))) for i in range(0, len(sequence), 10)]
    bits = b"".join(r.posterior.probabilities.tobytes() for r in replies)
    found[name] = hashlib.sha256(bits).hexdigest()
print(json.dumps(found))
"""


def digests(sequence: Path, n_threads: int) -> dict[str, str]:
    """Return a digest of the probabilities of each classifier, trained in a process of its own."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(sequence), *CLASSIFIERS.names()],
        env={
            **os.environ,
            **dict.fromkeys(names, str(n_threads)),
            "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait for work leave the cores alone
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_classifiers_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    """Each one's probabilities, byte by byte, with one thread of linear algebra and with two."""
    write_tour(tmp_path / "tour", n_each=8)
    assert digests(tmp_path / "tour", 1) == digests(tmp_path / "tour", 2)


def threads() -> list[int]:
    """Return how many threads each library may take."""
    return [pool["num_threads"] for pool in threadpool_info()]


def test_threads_are_as_before_once_the_last_block_ends() -> None:
    """Whatever the order in which blocks that overlap end."""
    with one_thread():
        pass  # loads what it holds
    before = threads()
    first, second = one_thread(), one_thread()
    first.__enter__()
    second.__enter__()
    hold()
    first.__exit__(None, None, None)
    assert set(threads()) == {1}
    second.__exit__(None, None, None)
    assert threads() == before
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert threads() == before
