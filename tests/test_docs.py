"""What the documentation says is so: its code runs, its commands work, its tables agree.

A page is gone through from top to bottom in a folder of its own that looks like a checkout:

* ``yaml`` and ``python`` blocks with a ``title="file"`` are written to that file; every ``yaml``
  block is loaded as what it is (a configuration, a task, sensor faults);
* ``python`` blocks without a title are executed, those of one page in one namespace;
* lines of ``console`` blocks that begin with ``$`` are run; of commands that stand in other blocks
  the options are looked at.

A comment before a block says where it is otherwise: ``<!-- exit: 1 -->`` what a command is to end
with, ``<!-- parsed only: reason -->`` that its options are looked at and no more, ``<!-- not run:
reason -->`` that nothing of it can be run here.
"""

from __future__ import annotations

import contextlib
import fcntl
import html
import io
import json
import os
import pkgutil
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import nbformat
import pytest
import yaml
from mkdocs.exceptions import PluginError
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md"))
NOTEBOOKS = sorted(str(p.relative_to(DOCS)) for p in DOCS.rglob("*.ipynb"))
TOOLS = ("cp", "gcc", "mkdir", "printf")
RUN = {"c", "console", "js", "python", "toml", "yaml"}
SHOWN = {"", "bash", "csv", "json", "mermaid", "text"}
MAX_NOT_RUN = 4
HOOKS = runpy.run_path(str(ROOT / "scripts/docs_hooks.py"))

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?"
    r"[^\n]*\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, with the comment that stands before it."""

    mark: str
    language: str
    title: str | None
    body: str
    line: int

    @property
    def exits(self) -> tuple[int, ...]:
        """What its commands may end with."""
        found = re.fullmatch(r"exit: (.*)", self.mark)
        return tuple(map(int, found[1].split(" or "))) if found else (0,)


def blocks(page: str) -> list[Block]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [
        Block(m["mark"] or "", m["language"], m["title"], m["body"], text.count("\n", 0, m.start()))
        for m in _BLOCK.finditer(text)
    ]


class Page:
    """Goes through the blocks of a page in the present folder."""

    def __init__(self, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.page, self.monkeypatch = page, monkeypatch
        self.names: dict[str, Any] = {"__name__": "docs_page"}

    def run(self) -> None:
        found = blocks(self.page)
        for block in found:  # a file may be shown after the command that reads it
            if block.title is not None:
                Path(block.title).write_text(block.body, encoding="utf-8")
        for block in found:
            if not block.mark.startswith("not run: "):
                self._take(block)

    def _take(self, block: Block) -> None:
        where = f"docs/{self.page}:{block.line + 1}"
        if block.language == "python":
            code = compile(block.body, where, "exec")
            if block.title is None:
                with self._folder_on_path():
                    exec(code, self.names)
        elif block.language == "yaml":
            with self._folder_on_path():
                load_yaml(block)
        elif block.language == "toml":
            tomllib.loads(block.body)
        elif block.language in SHOWN:
            for line in re.findall(r"^(?:\$ )?robotvision ([a-z].*)$", _joined(block.body), re.M):
                parse(shlex.split(line, comments=True))
        elif block.language == "console":
            for line in _joined(block.body).splitlines():
                if line.startswith("$ "):
                    self._command(line[2:], block, where)

    @contextlib.contextmanager
    def _folder_on_path(self) -> Iterator[None]:
        """Find modules in the present folder, as a script that lies there would."""
        with self.monkeypatch.context() as patch:
            patch.syspath_prepend(str(Path.cwd()))
            yield

    def _command(self, line: str, block: Block, where: str) -> None:
        program, *args = shlex.split(line, comments=True)
        if block.mark.startswith("parsed only: "):
            if program == "robotvision":
                parse(args)
        elif program == "export":
            name, _, value = args[0].partition("=")
            self.monkeypatch.setenv(name, value)
            if name == "PYTHONPATH":
                self.monkeypatch.syspath_prepend(str(Path(value).resolve()))
        elif program == "robotvision":
            code = robotvision(args)
            assert code in block.exits, f"{where}: exit code {code} of: {line}"
        else:
            assert program in TOOLS, f"{where}: what is {program!r}?"
            subprocess.run(line, shell=True, check=True)


def _joined(text: str) -> str:
    """Return text whose lines that end in a backslash go on in the same line."""
    return re.sub(r"\\\n\s*", " ", text)


def robotvision(args: list[str]) -> int:
    from robotvision.cli import main

    with pytest.raises(SystemExit) as left:
        main(args)
    assert isinstance(left.value.code, int)
    return left.value.code


def parse(args: list[str]) -> None:
    """Fail where the command or one of its options does not exist."""
    from robotvision.cli import robotvision as root

    command: click.Command = root
    while isinstance(command, click.Group):
        name, *args = args
        found = command.get_command(click.Context(command), name)
        if found is None:  # a group that takes arguments of its own
            assert command is not root, f"no command {name!r}"
            args = [name, *args]
            break
        command = found
    try:
        command.make_context(str(command.name), args)
    except click.exceptions.Exit:  # --help
        pass
    except click.BadParameter as e:  # files of the reader's own
        if not e.message.endswith("does not exist."):
            raise


def load_yaml(block: Block) -> None:
    """Load a block as the kind of file it is.

    A configuration's sequences must be there, if the page gives it a name and so means it to be
    tried.
    """
    from robotvision.config.checks import load_config
    from robotvision.contest import open_contest_file
    from robotvision.errors import InputFaults
    from robotvision.playback.faults import load_plan
    from robotvision.tasks import load_task

    path = Path(block.title or "block.yaml")
    path.write_text(block.body, encoding="utf-8")
    keys = set(yaml.safe_load(block.body))
    if keys & {"id", "extends"}:
        load_task(str(path))
    elif "test_sets" in keys:
        open_contest_file(path)
    elif keys == {"seed", "faults"}:
        load_plan(path)
    elif "task" in keys:
        try:
            load_config(path)
        except InputFaults as e:
            if block.title or not all("no such folder" in line for line in e.lines()):
                raise


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def checkout(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder that looks like a checkout, as the present one."""
    from robotvision.features import FEATURES

    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    for name in ("sequences", "robotvision"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROBOTVISION_CACHE", str(cache))
    monkeypatch.delenv("ROBOTVISION_DATA", raising=False)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setattr(FEATURES, "_targets", dict(FEATURES._targets))
    modules = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(
            f"{tmp_path}{os.sep}"
        ):
            del sys.modules[name]


@pytest.mark.parametrize("page", PAGES)
def test_everything_on_a_page_runs(
    page: str, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newcomer who copies a page's code and commands in order gets what the page says."""
    Page(page, monkeypatch).run()


@pytest.mark.parametrize("page", PAGES)
def test_no_block_escapes(page: str) -> None:
    """Every block is found, and is of a language that is known here."""
    text = (DOCS / page).read_text(encoding="utf-8")
    assert len(blocks(page)) * 2 == len(re.findall(r"^\s*```", text, re.MULTILINE))
    for block in blocks(page):
        assert block.language in RUN | SHOWN
        if block.language == "console":
            assert re.search(r"^\$ ", block.body, re.MULTILINE)


def test_few_blocks_are_not_run() -> None:
    """What cannot be run here is the exception."""
    marks = [b.mark for p in PAGES for b in blocks(p) if b.mark.startswith("not run: ")]
    assert len(marks) <= MAX_NOT_RUN
    kinds = ("exit: ", "parsed only: ", "not run: ")
    assert all(not b.mark or b.mark.startswith(kinds) for p in PAGES for b in blocks(p))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the documentation, built by the first process of the tests that asks for it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, part = shared / "site", shared / "site.part"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir"]
    with open(shared / "site.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            built = subprocess.run(
                [*command, str(part)], cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert built.returncode == 0, built.stdout + built.stderr
            part.rename(folder)
    return folder


def test_the_site_builds_with_every_link_in_place(site: Path) -> None:
    """Strictly: a link or an anchor that leads nowhere stops the build; each page can be found."""
    names = {str(p.relative_to(site).with_suffix(".md")) for p in site.rglob("*.html")}
    pages = {*PAGES, *(str(Path(p).with_suffix(".md")) for p in NOTEBOOKS)}
    run = {str(Path(HOOKS[name]).with_suffix(".md")) for name in ("PLAYER", "REPORT")}
    assert names - {"404.md"} == pages | run
    start = (site / "index.html").read_text(encoding="utf-8")
    missing = [p for p in pages if f'href="{p.removesuffix(".md")}.html"' not in start]
    assert missing == []


def test_the_site_fetches_nothing(site: Path) -> None:
    """No page asks another host for a font, a script, a style or an image."""
    asked = re.compile(
        r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//"""
        r"""|<link\b[^>]*\bhref=["']?(?:https?:)?//"""
        r"""|url\(["']?(?:https?:)?//|@import|class="mermaid"|fonts\.g(?:oogleapis|static)"""
    )
    for page in (*site.rglob("*.html"), *site.rglob("*.css")):
        found = asked.search(page.read_text(encoding="utf-8"))
        assert found is None, f"{page}: {found and found[0]}"


def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    """Also those that the build does not look at: of hooks, of frames, of the described library."""
    texts = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    ids = {
        page: set(re.findall(r"""\sid=["']?([^"'\s>]+)""", text)) for page, text in texts.items()
    }
    astray = []
    for page, text in texts.items():
        if page.parent.name == Path(HOOKS["PLAYER"]).parent.name:
            continue  # a report's own page, whose addresses are made by its script
        for link in re.findall(r"""<[^>]*\s(?:href|src)=["']?([^"'\s>]+)""", text):
            address, _, anchor = html.unescape(link).partition("#")
            if re.match(r"\w+:|//|/", address):
                continue
            target = (page.parent / unquote(address)).resolve() if address else page
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or (anchor and unquote(anchor) not in ids.get(target, {anchor})):
                astray.append(f"{page.relative_to(site)}: {link}")
    assert astray == []


def anchors(text: str) -> set[str]:
    """Return the anchors of a Markdown page's headings, as GitHub names them."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    heads = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    plain = (re.sub(r"[`*]|\]\([^)]*\)|\[", "", head).strip().lower() for head in heads)
    return {re.sub(r"[^\w\- ]", "", head).replace(" ", "-") for head in plain}


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "tests/README.md", "sequences/README.md"]
)
def test_pages_beside_the_site_lead_somewhere(page: str) -> None:
    """Links and anchors of the pages that only the repository shows."""
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        address, _, anchor = link.partition("#")
        if "://" in address:
            continue
        target = path.parent / address if address else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_the_front_page_plays_the_first_run(site: Path) -> None:
    """The player of a run that was made with the site, loaded only when it comes into view."""
    start = (site / "index.html").read_text(encoding="utf-8")
    assert re.search(rf'<iframe src="{HOOKS["PLAYER"]}"[^>]* loading="lazy"', start)
    player = (site / HOOKS["PLAYER"]).read_text(encoding="utf-8")
    data = re.search(r'id="data">(.*?)</script>', player)
    assert data is not None
    assert len(json.loads(data[1])["index"]) == 125
    assert len(player) < 2_000_000


def test_a_diagram_is_as_new_as_its_text() -> None:
    """Its drawing stands in its place; where the text was changed, the build says what to run."""
    page = "architecture.md"
    text = (DOCS / page).read_text(encoding="utf-8")
    shown = HOOKS["with_diagrams"](text, page)
    assert "```mermaid" not in shown
    assert shown.count("<svg ") == text.count("```mermaid")
    with pytest.raises(PluginError, match=r"older text: run python scripts/docs_pictures.py"):
        HOOKS["with_diagrams"](text.replace("flowchart TB", "flowchart LR"), page)
    with pytest.raises(PluginError, match=r"diagram_guides_new_1.svg does not exist"):
        HOOKS["with_diagrams"](text, "guides/new.md")


def test_every_picture_is_shown_and_made_by_the_script() -> None:
    """No picture is left over, and none is of an unknown hand."""
    script = (ROOT / "scripts/docs_pictures.py").read_text(encoding="utf-8")
    pages = [*DOCS.rglob("*.md"), ROOT / "README.md"]
    shown = "".join(page.read_text(encoding="utf-8") for page in pages)
    for path in (p for p in (DOCS / "img").rglob("*") if p.is_file()):
        if path.name.startswith("diagram_"):
            continue  # shown by its text
        assert f"img/{path.relative_to(DOCS / 'img')}" in shown
        assert f'"{path.stem}"' in script or f'"{path.name}"' in script


def test_the_readme_leads_into_the_docs() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "](docs/" in text


def test_every_command_has_its_section() -> None:
    """The reference of commands has each of them, with an example of it."""
    from robotvision.cli import COMMANDS

    text = (DOCS / "reference/commands.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## ([\w-]+)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))
    assert set(COMMANDS) - set(sections) == set()
    assert [name for name in COMMANDS if f"$ robotvision {name} " not in sections[name]] == []


def test_every_command_names_its_library_call(site: Path) -> None:
    """What a command does can be done in Python: the call exists and is described."""
    from robotvision.cli import COMMANDS

    calls = HOOKS["calls"]()
    assert list(calls) == list(COMMANDS)
    assert all(calls.values())
    pages = [
        (site / f"reference/{page}.html").read_text(encoding="utf-8") for page in ("api", "calls")
    ]
    headings = [
        re.sub(r"<[^>]+>", "", x) for p in pages for x in re.findall(r"<h3.*?</h3>", p, re.S)
    ]
    described = {word for heading in headings for word in re.findall(r"[\w.]+", heading)}
    for name in (name for names in calls.values() for name in names):
        assert callable(pkgutil.resolve_name(name)), name
        assert name in described


def test_the_reference_of_the_library_has_every_name() -> None:
    """The front page of the documentation is the front page of the library."""
    import robotvision

    text = (DOCS / "reference/api.md").read_text(encoding="utf-8")
    names = re.findall(r"^::: robotvision\.(\w+)$", text, re.M)
    assert sorted(names) == sorted(robotvision.__all__)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_runs(site: Path, notebook: str) -> None:
    """From top to bottom, in a kernel of its own; it draws, and prints no warning."""
    cells = nbformat.read(site / notebook, as_version=4).cells
    assert all(cell.execution_count for cell in cells if cell.cell_type == "code")
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"] == []
    assert outputs[-1]["data"]["text/plain"] == "True"


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_is_kept_without_outputs(notebook: str) -> None:
    """A difference between two versions is a difference of code and text."""
    kept = json.loads((DOCS / notebook).read_text(encoding="utf-8"))
    code = [cell for cell in kept["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert all(cell["metadata"] == {} for cell in kept["cells"])


def _rows(text: str) -> dict[str, dict[str, str]]:
    """Return heading -> key -> default, from tables headed "key, default, meaning"."""
    found: dict[str, dict[str, str]] = {}
    sections = re.compile(r"^#+ ([^\n]+)\n(.*?)(?=^#|\Z)", re.DOTALL | re.MULTILINE)
    for heading, body in sections.findall(text):
        _, head, rest = body.partition("| key | default | meaning |")
        if head:
            table = rest.partition("\n\n")[0]
            rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", table, re.MULTILINE)
            found[heading] = {key: default.strip() for key, default in rows}
    return found


def test_the_reference_of_the_configuration_has_every_key_and_default() -> None:
    """A key or a default that changes in the code changes on the page."""
    from robotvision.config import schema as config
    from robotvision.playback.faults import FaultPlan

    models: dict[str, type[BaseModel]] = {
        "Top level": config.Config,
        "A sequence": config.SequenceSpec,
        "Features, classifier, temporal": config.Named,
        "augment": config.AugmentConfig,
        "decision": config.DecisionConfig,
        "decision.unknown": config.UnknownConfig,
        "replay": config.ReplayConfig,
        "replay.policy": config.PolicyConfig,
        "system": config.SystemConfig,
        "system.limits": config.LimitsConfig,
        "A ROS 2 node as the system": config.Ros2SystemConfig,
        "system.ros2": config.Ros2Config,
        "tune": config.TuneConfig,
        "faults": FaultPlan,
    }
    declared = {
        m for m in vars(config).values() if isinstance(m, type) and issubclass(m, BaseModel)
    }
    ours = {m for m in declared if m.__module__ == config.__name__} - {config.Given}
    assert ours <= set(models.values())
    rows = _rows((DOCS / "reference/config.md").read_text(encoding="utf-8"))
    assert set(rows) == set(models)
    for heading, model in models.items():
        assert list(rows[heading]) == list(model.model_fields), heading
        for key, field in model.model_fields.items():
            said = rows[heading][key]
            if field.is_required():
                assert said == "required", f"{heading}: {key}"
            elif said == "defaults below":
                assert isinstance(field.default, BaseModel), f"{heading}: {key}"
            else:
                assert yaml.safe_load(said) == to_jsonable_python(field.default), key


def test_the_reference_of_sensor_faults_has_every_kind_and_key() -> None:
    """A kind of fault or a key that is added in the code is added on the page."""
    from robotvision.playback.faults import KINDS

    text = (DOCS / "reference/config.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*)\| [^|]* \|$", text.split("| kind |")[1], re.M))
    assert set(rows) == set(KINDS)
    for kind, model in KINDS.items():
        keys = set(model.model_fields) - {"kind", "start", "end"}
        assert set(re.findall(r"`(\w+)`", rows[kind])) == keys


def test_the_reference_of_tasks_agrees_with_the_task_files() -> None:
    """Rules, statuses and sources on the page are those of the YAML files."""
    from robotvision.tasks import task_names

    tables = runpy.run_path(str(ROOT / "tests/docs_tables.py"))
    text = tables["PAGE"].read_text(encoding="utf-8")
    assert sorted(tables["named"](text)) == task_names()
    assert tables["with_tables"](text) == text, "run: python tests/docs_tables.py"


def test_the_architecture_names_every_package() -> None:
    """What a newcomer finds in the source tree is explained."""
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    packages = [p.parent.name for p in (ROOT / "robotvision").glob("*/__init__.py")]
    assert packages
    assert [name for name in packages if f"`{name}/`" not in text] == []


def test_every_script_and_test_that_a_page_names_is_there() -> None:
    """A number names the command that makes it, so the command must exist; ``-k`` picks a test."""
    pages = [DOCS / page for page in PAGES]
    pages += [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "tests/README.md")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"(?<![\w./-])(?:scripts|tests)/[\w./*]*\w", text):
            assert list(ROOT.glob(name.replace("NAME", "*"))), f"{page}: {name} is not there"
        for module, word in re.findall(r"pytest\s+(tests/\S+\.py)\s+-k\s+(\w+)", text):
            assert re.search(rf"def test_\w*{word}", (ROOT / module).read_text()), (page, word)
