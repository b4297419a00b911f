"""MkDocs hooks: notebooks as pages, and the library call behind each command.

A notebook's outputs are not kept in the repository: it is run when the site is built, so its page
shows what it prints today, and a cell that fails stops the build.
"""

from __future__ import annotations

import base64
import os
import pkgutil
import re
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbclient import NotebookClient
from nbformat import NotebookNode

from robotvision.cli.list import part_lines, part_of

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ROOT / "docs/reference/commands.md"
CALLS = "<!-- the calls named in commands.md -->"
PARTS = "<!-- what each part takes -->"
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


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page, and its figures, for each notebook; what is offered as a file has its outputs."""
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


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put in the calls; lead links to a notebook to its page."""
    if CALLS in markdown:
        markdown = markdown.replace(CALLS, describe_calls())
    if PARTS in markdown:
        markdown = markdown.replace(PARTS, describe_parts())
    return re.sub(r"\]\(([^)\s:]+)\.ipynb\)", r"](\1.md)", markdown)


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
