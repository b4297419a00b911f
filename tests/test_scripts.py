"""The scripts that set a machine up: what they install, and their one line where they may not.

They are run for real, on a path that holds only what a test puts there: Debian's commands stand in
as small shell programs that note what they were asked for.
"""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.patience import PATIENCE_S

ROOT = Path(__file__).parents[1]
NOBODY = 65534
COMMANDS = ("bwrap", "chromium", "chromedriver", "gcc", "node")
NOTE = '#!/bin/sh\necho "$@" >>"{0}"\n'


class Machine:
    """A folder with a copy of the scripts and a path of its own, open to every user."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin, self.notes = folder, folder / "bin", folder / "notes"
        shutil.copytree(ROOT / "scripts", folder / "scripts")
        self.bin.mkdir()
        for name in ("bash", "sh", "cat", "cksum", "dirname", "env", "grep", "id"):
            self.program(name)
        self.notes.touch(mode=0o666)
        for path in (folder, *folder.rglob("*")):
            path.chmod(path.stat().st_mode | 0o055)
        folder.chmod(0o777)
        self.notes.chmod(0o666)

    def program(self, name: str, text: str | None = None) -> None:
        """Put a program on the path: the machine's own, or one with this text."""
        path = self.bin / name
        if text is None:
            where = shutil.which(name)
            assert where is not None
            path.symlink_to(where)
        else:
            path.write_text(text, encoding="utf-8")
            path.chmod(0o755)

    def run(
        self, script: str, *args: str, user: int | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a script, as ``user`` where this process may choose."""
        as_user = user if os.geteuid() == 0 else None
        return subprocess.run(
            [self.bin / "bash", self.folder / "scripts" / script, *args],
            env={"PATH": str(self.bin), "HOME": str(self.folder), **env},
            user=as_user,
            group=as_user,
            extra_groups=None if as_user is None else [],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def noted(self) -> list[str]:
        """Return the command lines that the stand-ins were called with."""
        return self.notes.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Return a machine without any of the commands that the tests need."""
    with tempfile.TemporaryDirectory(prefix="robotvision-") as name:
        yield Machine(Path(name))


def test_a_machine_that_has_everything_installs_nothing(machine: Machine) -> None:
    """Neither rights nor a word are needed then."""
    for name in COMMANDS:
        machine.program(name, "#!/bin/sh\n")
    done = machine.run("install_debian", user=NOBODY)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_rights_one_line_says_what_to_type(machine: Machine) -> None:
    """It holds just the packages that are missing, and nothing is tried."""
    machine.program("apt-get", NOTE.format(machine.notes))
    machine.program("sudo", "#!/bin/sh\nexit 1\n")
    for name in ("chromium", "chromedriver", "node"):
        machine.program(name, "#!/bin/sh\n")
    if os.geteuid() != 0:
        machine.program("id", "#!/bin/sh\necho 1000\n")
    done = machine.run("install_debian", user=NOBODY)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    command = "sudo sh -c 'apt-get update && apt-get install -y bubblewrap gcc libc6-dev'"
    assert command in done.stderr
    assert machine.noted() == []


def test_with_passwordless_sudo_the_missing_packages_are_installed(machine: Machine) -> None:
    """The script says what it does, since it takes a while."""
    machine.program("apt-get", NOTE.format(machine.notes))
    machine.program("sudo", '#!/bin/sh\n[ "$1" = -n ] && shift && exec "$@"\n')
    machine.program("true")
    machine.program("gcc", "#!/bin/sh\n")
    done = machine.run("install_debian", user=NOBODY)
    assert done.returncode == 0, done.stderr
    packages = "bubblewrap chromium chromium-driver nodejs"
    assert machine.noted() == ["update -qq", f"install -y -qq {packages}"]
    assert done.stderr == f"installing {packages}: about a minute\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_installs_without_sudo(machine: Machine) -> None:
    """A container has no sudo."""
    machine.program("apt-get", NOTE.format(machine.notes))
    done = machine.run("install_debian")
    assert done.returncode == 0, done.stderr
    packages = "bubblewrap chromium chromium-driver gcc libc6-dev nodejs"
    assert machine.noted() == ["update -qq", f"install -y -qq {packages}"]


def test_other_systems_are_told_the_packages(machine: Machine) -> None:
    """Where there is no apt-get the line names Debian's packages."""
    done = machine.run("install_debian", user=NOBODY)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "bubblewrap chromium chromium-driver gcc libc6-dev nodejs" in done.stderr
    assert "package manager" in done.stderr


def test_the_tests_do_not_start_where_packages_are_missing(machine: Machine) -> None:
    """One line in place of 153 errors."""
    done = machine.run("test", user=NOBODY)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert not (machine.folder / ".venv").exists()


@pytest.fixture
def index() -> Iterator[str]:
    """Return the address of an index of packages that answers."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/whl/cpu"
    server.shutdown()
    server.server_close()


def venv_of(machine: Machine) -> None:
    """Give a machine a ``.venv`` whose pip notes what it is asked for."""
    (machine.folder / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    folder = machine.folder / ".venv/bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(Path(sys.executable).resolve())
    (folder / "pip").write_text(NOTE.format(machine.notes), encoding="utf-8")
    (folder / "pip").chmod(0o755)


def test_torch_comes_without_cuda_where_there_is_no_gpu(machine: Machine, index: str) -> None:
    """PyTorch's index is used where it answers; a line says how long the installation takes."""
    venv_of(machine)
    done = machine.run("install_python", "test,deep", ROBOTVISION_TORCH_INDEX=index)
    assert done.returncode == 0, done.stderr
    assert machine.noted()[0].endswith(f"--extra-index-url {index} -e .[test,deep]")
    assert "for the processor only" in done.stderr
    assert "minutes" in done.stderr
    again = machine.run("install_python", "test,deep", ROBOTVISION_TORCH_INDEX=index)
    assert (again.returncode, again.stderr, len(machine.noted())) == (0, "", 1)
    machine.run("install_python", "dev", ROBOTVISION_TORCH_INDEX=index)
    assert machine.noted()[1].endswith("-e .[dev]")


@pytest.mark.parametrize("has_gpu", [True, False])
def test_torch_comes_from_the_usual_index_otherwise(
    machine: Machine, index: str, has_gpu: bool
) -> None:
    """With a GPU its wheels are wanted; an index that does not answer stops nothing."""
    venv_of(machine)
    if has_gpu:
        machine.program("nvidia-smi", "#!/bin/sh\n")
    url = index if has_gpu else "http://127.0.0.1:9/whl/cpu"
    done = machine.run("install_python", "test,deep", ROBOTVISION_TORCH_INDEX=url)
    assert done.returncode == 0, done.stderr
    assert "index" not in machine.noted()[0]
    assert "7 GB" in done.stderr


def test_an_old_python_is_refused_in_one_line(machine: Machine) -> None:
    """It says how to name another."""
    machine.program("python3", '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 || exit 1\n')
    done = machine.run("install_python")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Python 3.11 or newer; Python 3.9.2 found" in done.stderr


def test_ci_runs_the_two_scripts_and_nothing_else() -> None:
    """What a newcomer types is what CI types."""
    text = (ROOT / ".ci/run").read_text(encoding="utf-8")
    lines = [x for x in text.splitlines() if not x.startswith(("#", "set ", "cd "))]
    assert lines == ["bash scripts/check", "bash scripts/test"]
