"""MkDocs hooks: notebooks as pages, the player, diagrams, the library call behind each command.

A notebook's outputs are not kept in the repository: it is run when the site is built, so its page
shows what it prints today, and a cell that fails stops the build. So is the run whose player stands
on the front page. Diagrams stand in the text as Mermaid; `docs_pictures.py` draws them, and a
drawing that is older than its text stops the build.
"""

from __future__ import annotations

import base64
import hashlib
import os
import pkgutil
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from nbclient import NotebookClient
from nbformat import NotebookNode

import robotvision as rv
from robotvision.cli.list import part_lines, part_of
from robotvision.report import load_run
from robotvision.report.html.page import build_player

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ROOT / "docs/reference/commands.md"
CALLS = "<!-- the calls named in commands.md -->"
PARTS = "<!-- what each part takes -->"
PLAYED = re.compile(r"<!-- the player -->\n!\[[^\]]*\]\([^)]*\)")
"""On the site the player takes the place of the image that other readers see."""
PLAYER, REPORT = "first_run/player.html", "first_run/report.html"
PLAYER_BYTES = 1_500_000
"""Of images: enough for each frame at the width that the front page shows."""
PLAYER_FRAME = """<div class="player">
<iframe src="{address}" title="Player of the first run" loading="lazy"></iframe>
</div>"""
DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LIMIT_S = 300
_STYLE = re.compile(r"<style scoped>.*?</style>\n?", re.DOTALL)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def execute(path: Path) -> NotebookNode:
    """Return a notebook with its outputs, run where it would stand in a checkout.

    Parameters
    ----------
    path : Path
        The notebook, below the repository's folder. What it writes is thrown away.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        A cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / path.resolve().relative_to(ROOT).parent
        folder.mkdir(parents=True)
        for data in ("configs", "sequences"):
            (Path(name) / data).symlink_to(ROOT / data)
        client = NotebookClient(
            notebook,
            timeout=LIMIT_S,
            resources={"metadata": {"path": str(folder)}},
            extra_arguments=["--IPKernelApp.log_level=ERROR"],  # ports on loopback are fine here
        )
        client.execute(env={**os.environ, "ROBOTVISION_CACHE": str(Path(name) / "cache")})
    return notebook


@cache
def first_run() -> dict[str, str]:
    """Return the quickstart's pages, by the address that the site gives them: run once a build."""
    with tempfile.TemporaryDirectory() as name, _cache_in(Path(name)):
        folder = Path(name) / "first"
        rv.run(ROOT / "configs/quickstart.yaml", folder=folder)
        player = build_player(load_run(folder), picture_bytes=PLAYER_BYTES)
        return {PLAYER: player, REPORT: (folder / "report.html").read_text(encoding="utf-8")}


@contextmanager
def _cache_in(folder: Path) -> Iterator[None]:
    """Keep the user's feature cache out of a run."""
    before = os.environ.get("ROBOTVISION_CACHE")
    os.environ["ROBOTVISION_CACHE"] = str(folder / "cache")
    try:
        yield
    finally:
        if before is None:
            del os.environ["ROBOTVISION_CACHE"]
        else:
            os.environ["ROBOTVISION_CACHE"] = before


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the first run's pages, and a page with its figures for each notebook.

    What is offered as a file has its outputs.
    """
    for uri, content in first_run().items():
        files.append(File.generated(config, uri, content=content))
    for file in list(files):
        if file.src_uri.endswith(".ipynb"):
            page = file.src_uri.removesuffix(".ipynb")
            notebook = execute(Path(str(file.abs_src_path)))
            files.remove(file)
            files.append(File.generated(config, file.src_uri, content=nbformat.writes(notebook)))
            text, figures = render(notebook, Path(page).name)
            files.append(File.generated(config, f"{page}.md", content=text))
            for name, content in figures.items():
                uri = str(Path(page).with_name(name))
                files.append(File.generated(config, uri, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Put in the calls, the player and the diagrams; lead links to a notebook to its page."""
    markdown = PLAYED.sub(PLAYER_FRAME.format(address=PLAYER), markdown)
    markdown = with_diagrams(markdown, page.file.src_uri)
    if CALLS in markdown:
        markdown = markdown.replace(CALLS, describe_calls())
    if PARTS in markdown:
        markdown = markdown.replace(PARTS, describe_parts())
    return re.sub(r"\]\(([^)\s:]+)\.ipynb\)", r"](\1.md)", markdown)


def diagram_path(page: str, number: int) -> Path:
    """Return where the drawing of a page's diagram lies; ``page`` as in ``guides/x.md``."""
    name = page.removesuffix(".md").replace("/", "_")
    return ROOT / f"docs/img/diagram_{name}_{number}.svg"


def digest_of(diagram: str) -> str:
    """Return what tells the text of one diagram from another's."""
    return hashlib.sha256(diagram.encode()).hexdigest()[:16]


def with_diagrams(markdown: str, page: str) -> str:
    """Return a page with its diagrams drawn, in the colours of the page that holds them.

    Raises
    ------
    PluginError
        A drawing does not exist, or is of another text.
    """
    parts, end = [], 0
    for number, found in enumerate(DIAGRAM.finditer(markdown), 1):
        path, digest = diagram_path(page, number), digest_of(found[1])
        drawing = path.read_text(encoding="utf-8") if path.is_file() else ""
        if f'data-source="{digest}"' not in drawing:
            state = "is of an older text" if drawing else "does not exist"
            raise PluginError(f"{path.name} {state}: run python scripts/docs_pictures.py diagrams")
        parts += [markdown[end : found.start()], f'<div class="diagram">{drawing.strip()}</div>']
        end = found.end()
    return "".join([*parts, markdown[end:]])


def calls() -> dict[str, list[str]]:
    """Return command -> dotted names of the library calls that the page of commands names."""
    text = COMMANDS.read_text(encoding="utf-8")
    lines = re.findall(r"^## ([\w-]+)$(?:(?!^## ).)*?^Library: (.*?)$", text, re.M | re.S)
    return {command: re.findall(r"`([\w.]+)`", line) for command, line in lines}


def describe_calls() -> str:
    """Return Markdown that has mkdocstrings describe the calls that are not on the front page.

    A room offers its calls lazily, which reading its source does not show: each is described from
    where it is defined, under the name that users import.
    """
    parts = []
    for command, names in calls().items():
        inner = [name for name in names if name.count(".") > 1]
        if inner:
            parts.append(f"## {command}")
        for name in inner:
            call = pkgutil.resolve_name(name)
            where = f"{call.__module__}.{call.__qualname__}"
            parts.append(f"::: {where}\n    options:\n      heading: {name}")
    return "\n\n".join(parts)


def describe_parts() -> str:
    """Return Markdown of what `robotvision list KIND NAME` says of every part that has a name."""
    lines = []
    for kind in ("features", "classifiers", "temporal", "observers", "readers", "policies"):
        lines.append(f"## {kind.capitalize()}")
        for name in part_lines(kind):
            about = part_of(kind, name)
            lines += [f"### {name}", about["summary"], f"```yaml\n{about['example']}\n```"]
            if about["parameters"]:
                rows = ["| parameter | type | default | |", "|---|---|---|---|"]
                for p in about["parameters"]:
                    default = "required" if p["required"] else f"`{p['default']!r}`"
                    cells = (f"`{p['name']}`", p["type"], default, p["text"])
                    rows.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
                lines.append("\n".join(rows))
    return "\n\n".join(lines)


def render(notebook: NotebookNode, name: str) -> tuple[str, dict[str, bytes]]:
    """Return a notebook as Markdown, and its figures by the names that the text uses."""
    parts: list[str] = []
    figures: dict[str, bytes] = {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" in data:
                figure = f"{name}_{len(figures) + 1}.png"
                figures[figure] = base64.b64decode(data["image/png"])
                parts.append(f"![Figure drawn by the cell above]({figure})")
            elif "text/html" in data:
                html = _STYLE.sub("", data["text/html"]).replace(' border="1"', "").strip()
                parts.append(f'<div class="output">\n{html}\n</div>')
            else:
                text = _ANSI.sub("", output.get("text") or data.get("text/plain", "")).rstrip()
                parts.append(f"```text\n{text}\n```")
    return "\n\n".join(parts) + "\n", figures
