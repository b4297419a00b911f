"""Model files: what comes back is what was kept, to the last bit; what is not ours is refused."""

import io
import json
import pickle
import random
import zipfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from robotvision.classifiers import CLASSIFIERS
from robotvision.classifiers.calibration import fit_calibrated
from robotvision.classifiers.integration import INTEGRATIONS, fit_integrated
from robotvision.classifiers.svm import SVM
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import InputFaults, RobotVisionError
from robotvision.features import FEATURES
from robotvision.recogniser.model_file import (
    MANIFEST,
    OBJECTS,
    load_model,
    save_model,
    versions,
)
from robotvision.recogniser.unknown import UnknownDetector
from robotvision.tasks.model import RoomPoints
from robotvision.temporal import TEMPORAL
from robotvision.testing.classifiers import make_vectors
from robotvision.testing.features import make_frames

ABOUT = {"task": "own", "task_digest": "0" * 8, "config": {"seed": 3}}


def there_and_back(tmp_path: Path, part: Any) -> Any:
    path = tmp_path / "model.rvm"
    save_model(path, {"part": part}, ABOUT)
    parts, about = load_model(path, task="own")
    assert about == ABOUT
    return parts["part"]


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("svm", {}),
        ("svm", {"kernel": "rbf", "standardize": True, "multiclass": "one_vs_one"}),
        ("knn", {}),
        ("random_forest", {"n_trees": 10}),
        ("logistic_regression", {}),
        ("linear_svm", {}),
        ("retrieval", {}),
        ("lda", {}),
        ("ridge", {}),
        ("prototype", {"per_room": 2}),
        ("one_vs_all", {"base": "knn", "params": {"k": 3}}),
        ("mlp", {"hidden": [8], "epochs": 2}),
        ("sklearn.naive_bayes.GaussianNB", {}),
        ("sklearn.ensemble.ExtraTreesClassifier", {"n_estimators": 5}),
    ],
)
def test_same_probabilities(name, params, tmp_path):
    """A classifier kept and loaded gives the same probabilities, bit for bit."""
    x, y, groups = make_vectors()
    model = fit_calibrated(CLASSIFIERS.create(name, params), TrainingSet(x, y, groups), 0)
    again = there_and_back(tmp_path, model)
    assert repr(again) == repr(model)
    np.testing.assert_array_equal(again.classes_, model.classes_)
    np.testing.assert_array_equal(again.predict_proba(x), model.predict_proba(x))
    clone(again.classifier).fit(x, y)


@pytest.mark.parametrize("integration", INTEGRATIONS)
def test_integrations(integration, tmp_path):
    """So do classifiers of several cues."""
    x, y, groups = make_vectors()
    model = fit_integrated(
        SVM(), integration, TrainingSet(x, y, groups, (slice(0, 16), slice(16, 24))), 0
    )
    again = there_and_back(tmp_path, model)
    np.testing.assert_array_equal(again.predict_proba(x), model.predict_proba(x))


@pytest.mark.parametrize("name", TEMPORAL.names())
def test_temporal(name, tmp_path):
    """A filter kept and loaded gives the same beliefs from the start of a sequence."""
    tour = (["a"] * 5 + ["b"] * 5, [0.3 * i for i in range(10)])
    model = TEMPORAL.create(name, {}).fit([tour], ["a", "b"], np.array([0.4, 0.6]))
    p = np.random.default_rng(0).dirichlet(np.ones(2), 9)
    expected = [model.update(row, 0.1) for row in p]
    again = there_and_back(tmp_path, model)
    np.testing.assert_array_equal([again.update(row, 0.1) for row in p], expected)


def test_unknown(tmp_path):
    """A detector of unknown rooms keeps its threshold, its scores and its curve."""
    x, y, groups = make_vectors(n_rooms=4, frames=6)
    model = UnknownDetector("distance").fit(
        lambda part: fit_calibrated(SVM(), part, 0), TrainingSet(x, y, groups), 0
    )
    again = there_and_back(tmp_path, model)
    assert again.threshold_ == model.threshold_
    assert again.score(np.ones(4) / 4, x[3]) == model.score(np.ones(4) / 4, x[3])
    np.testing.assert_array_equal(again.roc_.hits, model.roc_.hits)


@pytest.mark.parametrize("name", ["hsv_histogram", "phog", "crfh"])
def test_extractors(name, tmp_path):
    """An extractor comes back with its parameters and vectors."""
    model = FEATURES.create(name, {})
    again = there_and_back(tmp_path, model)
    frame = make_frames(1)[0]
    assert repr(again) == repr(model)
    np.testing.assert_array_equal(again.extract(frame), model.extract(frame))


def test_learnt_extractor(tmp_path):
    """An extractor with a vocabulary comes back with it."""
    if "sift_bow" not in FEATURES.names():
        from robotvision.features.sift_bow import SiftBow as Bow
    else:
        Bow = FEATURES.get("sift_bow")
    frames = make_frames(3)
    model = Bow(words=8, n_training=200).fit(frames, ["a", "b", "a"])
    again = there_and_back(tmp_path, model)
    np.testing.assert_array_equal(again.extract(frames[0]), model.extract(frames[0]))


def test_values(tmp_path):
    """Numbers, text and containers come back equal and of their own type."""
    values = {
        "float": 0.1,
        "inf": float("inf"),
        "int": -7,
        "text": "küche",
        "none": None,
        "yes": True,
        "tuple": (1, (2.5, "x")),
        "list": [1, []],
        "slice": slice(2, 9),
        "pairs": {1: "a", 2: "b"},
        "$odd": {"$array": 3},
        "set": frozenset({"b", "a"}),
        "scalar": np.float32(0.3),
        "words": np.array(["a", "bcd"]),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "empty": np.empty((0, 4), np.float32),
        "points": RoomPoints(correct=2.0),
    }
    again = there_and_back(tmp_path, values)
    assert list(again) == list(values)
    arrays = {"words", "fortran", "empty"}
    for name, value in values.items():
        assert type(again[name]) is type(value), name
        same = np.array_equal(again[name], value) if name in arrays else again[name] == value
        assert same, name
    assert again["fortran"].flags.f_contiguous
    assert there_and_back(tmp_path, float("nan")) != there_and_back(tmp_path, float("nan"))


def test_same_bytes(tmp_path):
    """The same model gives the same file."""
    x, y, groups = make_vectors()
    for name in ("a", "b"):
        save_model(
            tmp_path / name, {"c": fit_calibrated(SVM(), TrainingSet(x, y, groups), 0)}, ABOUT
        )
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_cannot_be_kept(tmp_path):
    """What is no data is refused by its name, and no file is left behind."""
    for value, name in (
        (lambda: 0, r"test_model_file\.<lambda>"),
        (len, r"builtins\.len"),
        (b"bytes", r"builtins\.bytes"),
        ({True: 1}, "a dictionary with the keys true"),
        ({1: "a", "1": "b"}, "a dictionary with the keys 1"),
        ({(1, 2): 3}, "keys must be str"),
    ):
        with pytest.raises(RobotVisionError, match=f"{name}.*: cannot be saved; keep what was"):
            save_model(tmp_path / "m", {"part": [{"f": value}]}, {})
    assert list(tmp_path.iterdir()) == []


def test_trusted_by_name(tmp_path):
    """A class of one's own is built where it is named as trusted, and not else."""
    path = tmp_path / "m"
    save_model(path, {"own": Namespace(x=np.arange(3))}, {})
    with pytest.raises(InputFaults, match=r"m: not loaded: it holds argparse\.Namespace, w"):
        load_model(path)
    parts, _ = load_model(path, trusted=["argparse.Namespace"])
    np.testing.assert_array_equal(parts["own"].x, [0, 1, 2])


def test_bytes_are_kept_as_they_are(tmp_path):
    """A library's own bytes come back; an array that is said to be such bytes is refused."""
    path = tmp_path / "m"
    save_model(path, {"own": Namespace(x=bytearray(range(256)))}, {})
    parts, _ = load_model(path, trusted=["argparse.Namespace"])
    assert parts["own"].x == bytearray(range(256))
    with zipfile.ZipFile(path) as old:
        text = old.read(OBJECTS).decode()
    rewritten(path, **{OBJECTS: text.replace("BytearrayNode", "NdArrayNode").encode()})
    refused(path, "do not fit together .1.bin for a NdArrayNode")


@pytest.fixture
def model_path(tmp_path):
    path = tmp_path / "model.rvm"
    save_model(path, {"numbers": np.arange(100.0), "svm": SVM()}, ABOUT)
    return path


def rewritten(path, change=None, **entries):
    """Write the model anew with its manifest changed or with other entries."""
    with zipfile.ZipFile(path) as old:
        contents = {name: old.read(name) for name in old.namelist()}
    if change:
        manifest = json.loads(contents[MANIFEST])
        change(manifest)
        contents[MANIFEST] = json.dumps(manifest).encode()
    contents.update(entries)
    with zipfile.ZipFile(path, "w") as new:
        for name, content in contents.items():
            new.writestr(name, content)


def refused(path, match, **given):
    with pytest.raises(InputFaults, match=match) as e:
        load_model(path, **given)
    assert len(e.value.lines()) == 1


def test_refuses_pickle(tmp_path):
    """A pickle is never opened, whatever it is called."""
    for protocol in (2, 3, 4, 5):
        (tmp_path / "m").write_bytes(pickle.dumps({"a": 1}, protocol))
        refused(tmp_path / "m", "a pickle, which can run any program when it is opened")


def test_refuses_other_files(tmp_path):
    """Text, nothing, another zip, no file at all: one clear line each."""
    path = tmp_path / "m"
    refused(path, "m: cannot be read \\(No such file or directory\\)")
    path.write_bytes(b"")
    refused(path, "the file is empty")
    path.write_bytes(b"hello there")
    refused(path, "not a model file \\(it begins with b'hell'\\)")
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("1.npy", b"")
    refused(path, "a zip without manifest.json")


@pytest.mark.parametrize("name", ["../evil.npy", "/etc/1.npy", "a/1.npy", "1.pkl", "1.npy\n"])
def test_refuses_foreign_entries(model_path, name):
    """Nothing but a manifest and numbered arrays is let in, least of all a path."""
    rewritten(model_path, **{name: b"x"})
    refused(model_path, "does not belong into a model file")


def test_refuses_bomb(model_path):
    """A compressed entry is refused before it is unfolded."""
    with zipfile.ZipFile(model_path, "a", zipfile.ZIP_DEFLATED) as z:
        z.writestr("9.npy", bytes(10**7))
    refused(model_path, "the entry '9.npy' is compressed")


def test_refuses_array_that_claims_more(model_path):
    """An array that says it is larger than what lies there is not made room for."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    )
    rewritten(model_path, **{"1.npy": buffer.getvalue()})
    refused(model_path, "an array of \\(1000000000000,\\) float64 in 0 bytes")


def test_refuses_objects_in_arrays(model_path):
    """An array of Python objects would be a pickle: refused."""
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}, None], object), allow_pickle=True)
    rewritten(model_path, **{"1.npy": buffer.getvalue()})
    refused(model_path, "do not fit together .an array of \\(2,\\) object")


def node(name, loader="ObjectNode", **fields):
    """Describe an object as skops does."""
    module, _, attribute = name.rpartition(".")
    return {"__class__": attribute, "__module__": module, "__loader__": loader, **fields}


def with_part(path, part):
    """Write the model anew with one more part, described as skops does."""
    with zipfile.ZipFile(path) as old:
        schema = json.loads(old.read(OBJECTS))
    schema["content"]["part"] = part
    schema["key_types"]["content"].append(node("builtins.str", "TypeNode"))
    rewritten(path, **{OBJECTS: json.dumps(schema).encode()})


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "subprocess.Popen",
        "robotvision.systems.base.View",
        "robotvision.classifiers.svm.np.load",
        "robotvision.classifiers.svm.softmax",
        "robotvision.classifiers.svm.SVM.fit",
        "robotvision.recogniser.model_file.Path",
    ],
)
@pytest.mark.parametrize("loader", ["ObjectNode", "ConstructorFromReduceNode", "FunctionNode"])
def test_refuses_foreign_classes(model_path, name, loader):
    """Only trusted modules' own classes are built, whatever the file says."""
    with_part(
        model_path, node(name, loader, content=node("builtins.tuple", "TupleNode", content=[]))
    )
    refused(model_path, f"{name}, which is (not trusted|no class of that module)")


def test_refuses_methods_and_partials(model_path):
    """A method of a trusted class is no class, and a call that is kept for later is not trusted."""
    empty = node("builtins.tuple", "TupleNode", content=[])
    svm = node("robotvision.classifiers.svm.SVM")
    method = {"func": "fit", "obj": svm}
    with_part(model_path, node("robotvision.classifiers.svm.SVM", "MethodNode", content=method))
    refused(model_path, r"svm\.SVM\.fit, which is no class of that module")
    call = {"func": svm, "args": empty, "kwds": empty, "namespace": empty}
    with_part(model_path, node("functools.partial", "PartialNode", content=call))
    refused(model_path, r"functools\.partial, which is not trusted")


def test_refuses_what_doubles(model_path):
    """Objects that stand in many places, nested, would take twice the time at every level."""
    inner = node("builtins.list", "ListNode", content=[], __id__=1)
    for level in range(2, 60):
        again = {"__id__": level - 1}
        inner = node("builtins.list", "ListNode", content=[inner, again], __id__=level)
    with_part(model_path, inner)
    refused(model_path, "an object that is named by its address")


def test_refuses_array_read_often(model_path):
    """An array is named once: a thousand names of a gigabyte would fill the memory."""
    array = node("numpy.ndarray", "NdArrayNode", type="numpy", file="1.npy")
    with_part(model_path, array)
    refused(model_path, "an array that is read more than once")


def test_checks_parameters(model_path):
    """A plug-in's parameters are checked as they are where it is made."""
    with zipfile.ZipFile(model_path) as old:
        text = old.read(OBJECTS).decode()
    kernel = json.dumps(json.dumps(SVM().kernel))
    assert kernel in text
    rewritten(model_path, **{OBJECTS: text.replace(kernel, json.dumps('"sinister"')).encode()})
    refused(model_path, "do not fit together .kernel: expected .* got 'sinister'")


def test_refuses_older_format(tmp_path):
    """A file of the format before this one is refused with how to make it anew."""
    manifest = {
        "format": "robotvision model",
        "schema": 1,
        "versions": versions(),
        "about": ABOUT,
        "parts": {"numbers": {"$array": "1.npy"}, "trees": {"$sklearn": "2.skops"}},
    }
    with zipfile.ZipFile(tmp_path / "m", "w") as z:
        z.writestr("1.npy", b"any")
        z.writestr("2.skops", b"any")
        z.writestr(MANIFEST, json.dumps(manifest))
    refused(tmp_path / "m", r"older release, which .*: robotvision train CONFIG -o MODEL")


def test_refuses_other_schema_release_and_task(model_path):
    """A file of another schema, release or task is refused with both named."""
    refused(model_path, "trained for the task 'own', expected 'rooms'", task="rooms")
    rewritten(model_path, lambda m: m["versions"].update(robotvision="7.2.0"))
    refused(model_path, "saved by robotvision 7.2.0, this is ")
    rewritten(model_path, lambda m: m.update(schema=3))
    refused(model_path, "expected the schema 2, got 3; train again")


def test_refuses_cut_short(model_path):
    """However much of it is missing, the end or the middle: one line, never a traceback."""
    whole = model_path.read_bytes()
    for n in range(4, len(whole), 97):
        model_path.write_bytes(whole[:n])
        refused(model_path, "damaged or cut short")


def test_refuses_flipped_bytes(model_path):
    """A changed byte is noticed or harmless; nothing else than a clear refusal comes of it."""
    whole = model_path.read_bytes()
    rng = random.Random(0)
    for _ in range(300):
        changed = bytearray(whole)
        changed[rng.randrange(len(whole))] = rng.randrange(256)
        model_path.write_bytes(bytes(changed))
        try:
            parts, _ = load_model(model_path)
        except InputFaults as e:
            assert len(e.lines()) == 1  # noqa: PT017
        else:
            np.testing.assert_array_equal(parts["numbers"], np.arange(100.0))
