"""Files of strangers are data: none is run, and none leads out of its folder."""

from __future__ import annotations

import ast
import io
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import robotvision
from robotvision.config.checks import load_config
from robotvision.data.catalogue.unpack import ArchiveError, unpack
from robotvision.errors import InputFaults
from robotvision.recogniser.model_file import load_model
from robotvision.tasks import load_task

PACKAGE = Path(robotvision.__file__).parent
FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle"}
FORBIDDEN_CALLS = {
    "yaml.load", "yaml.load_all", "yaml.full_load", "yaml.unsafe_load", "joblib.load",
    "os.system", "zipfile.extractall", "tarfile.extractall", "eval", "exec",
}  # fmt: skip
ALLOWED = {
    ("testing/features.py", "eval"),  # a plug-in's own repr, at its author's wish
    ("contest/leaderboard/parallel.py", "pickle"),  # our own child, by a pipe nobody else writes
    ("report/serve_process.py", "pickle"),  # our own child, by a pipe nobody else writes
    ("plugins/identity.py", "pickle"),  # writes, to hash what an object holds; nothing is read
    ("contest/codabench/score.py", "packed.extractall"),  # our own wheel beside it in the bundle
}


def dotted(node: ast.expr) -> str:
    """Return ``a.b.c`` of a name or an attribute, else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def says(call: ast.Call, key: str, value: object) -> bool:
    return any(
        k.arg == key and isinstance(k.value, ast.Constant) and k.value.value is value
        for k in call.keywords
    )


def unsafe(source: str) -> Iterator[str]:
    """Yield what in a module's source may run what it reads."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name in FORBIDDEN_MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in FORBIDDEN_MODULES:
            yield str(node.module)
        elif isinstance(node, ast.Call):
            name = dotted(node.func)
            if name in FORBIDDEN_CALLS or name.endswith((".extractall", ".extract_all")):
                yield name
            elif name == "torch.load" and not says(node, "weights_only", True):
                yield "torch.load without weights_only"
            elif name == "np.load" and not says(node, "allow_pickle", False):
                yield "np.load without allow_pickle=False"
            elif says(node, "shell", True):
                yield "a shell"
            elif name == "yaml.compose" and "Loader" not in {k.arg for k in node.keywords}:
                yield "yaml.compose without the safe loader"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "yaml.load(f)",
        "np.load(f)",
        "torch.load(f)",
        "archive.extractall(folder)",
        "subprocess.run(c, shell=True)",
        "eval(text)",
        "yaml.compose(raw)",
    ],
)
def test_the_scan_finds_what_is_unsafe(source: str) -> None:
    """The scan itself can fail."""
    assert list(unsafe(source))


def test_nothing_in_the_package_runs_what_it_reads() -> None:
    """YAML by safe loading, no pickle, no archive unpacked by name, no shell."""
    found = [
        (str(path.relative_to(PACKAGE)), what)
        for path in sorted(PACKAGE.rglob("*.py"))
        for what in unsafe(path.read_text(encoding="utf-8"))
    ]
    assert set(found) == ALLOWED


def test_yaml_makes_no_objects(tmp_path: Path) -> None:
    """A tag that builds a Python object is a string or a fault, never a call."""
    flag = tmp_path / "flag"
    text = f"id: x\nrooms: !!python/object/apply:pathlib.Path.touch [!!python/name:x '{flag}']\n"
    (tmp_path / "task.yaml").write_text(text)
    with pytest.raises(InputFaults):
        load_task(str(tmp_path / "task.yaml"))
    assert not flag.exists()


def test_a_pickled_model_is_refused_with_the_reason(tmp_path: Path) -> None:
    """What it would have run is not run."""
    flag = tmp_path / "flag"

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (flag,)

    (tmp_path / "m.rvmodel").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InputFaults, match="a pickle, which can run any program when it is opened"):
        load_model(tmp_path / "m.rvmodel")
    assert not flag.exists()


NAMES = ["../out.txt", "/out.txt", "a/../../out.txt", "..\\out.txt", "C:out.txt"]


def refused(archive: Path, words: str) -> None:
    target = archive.parent / "target"
    before = {p for p in archive.parent.rglob("*")}
    with pytest.raises(ArchiveError, match=words):
        unpack(archive, target, lambda _: False)
    assert {p for p in archive.parent.rglob("*")} == before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_entry_that_leaves_its_folder(tmp_path: Path, name: str, kind: str) -> None:
    """Nothing of the archive is written, and nothing stays of the attempt."""
    archive = tmp_path / "in" / f"a.{kind}"
    archive.parent.mkdir()
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as z:
            z.writestr("fine.txt", "fine")
            z.writestr(name, "evil")
    else:
        with tarfile.open(archive, "w") as t:
            for entry in ("fine.txt", name):
                about = tarfile.TarInfo(entry)
                about.size = 4
                t.addfile(about, io.BytesIO(b"evil"))
    refused(archive, "leads out of its folder; nothing was unpacked")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_a_link_or_device_in_a_tar(tmp_path: Path, kind: bytes) -> None:
    """A link could lead anywhere for the entry that comes after it."""
    archive = tmp_path / "in" / "a.tar"
    archive.parent.mkdir()
    with tarfile.open(archive, "w") as t:
        about = tarfile.TarInfo("link")
        about.type, about.linkname = kind, "/etc"
        t.addfile(about)
    refused(archive, "is a link or a device")


def test_a_link_in_a_zip(tmp_path: Path) -> None:
    """So it is in a zip file."""
    archive = tmp_path / "in" / "a.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as z:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        z.writestr(link, "/etc/passwd")
    refused(archive, "the entry 'link' is a link")


@pytest.mark.parametrize("base", ["/etc/passwd", "../other.yaml", "./own.yaml"])
def test_a_task_extends_shipped_tasks_only(tmp_path: Path, base: str) -> None:
    """``extends`` is a name, never a path."""
    (tmp_path / "own.yaml").write_text("id: own\n")
    (tmp_path / "task.yaml").write_text(f"extends: {base}\n")
    with pytest.raises(InputFaults, match=r"task .* is not known"):
        load_task(str(tmp_path / "task.yaml"))


@pytest.mark.parametrize("name", ["../../evil", "a/b", "/evil", ".."])
def test_a_test_set_is_no_path(config: Callable[..., Path], name: str) -> None:
    """Its name stands in the names of files of the run folder."""
    path = config(train=f"{{'{name}': [train]}}", test=f"{{'{name}': [test]}}")
    with pytest.raises(InputFaults, match="expected a name of letters, digits"):
        load_config(path)
