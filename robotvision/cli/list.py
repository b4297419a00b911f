"""``robotvision list``: what can be named, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from robotvision.cli.options import json_option

if TYPE_CHECKING:
    from robotvision.plugins.registry import Registry

KINDS = ("features", "classifiers", "temporal", "observers", "tasks", "readers", "policies")
EPILOG = """\b
Examples:
  robotvision list features
  robotvision list features phog
  robotvision list tasks --json
"""


@click.command(epilog=EPILOG)
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name", required=False)
@json_option
def command(kind: str, name: str | None, as_json: bool) -> int:
    """List what can be named in a configuration, with one line each; or what NAME takes."""
    import json

    if name is not None:
        part = part_of(kind, name)
        click.echo(json.dumps(part, ensure_ascii=False) if as_json else _in_words(part))
        return 0
    descriptions = part_lines(kind)
    if as_json:
        click.echo(json.dumps({kind: descriptions}, ensure_ascii=False))
        return 0
    width = max(map(len, descriptions), default=0)
    for listed, line in descriptions.items():
        click.echo(f"{listed:{width}}  {line}")
    return 0


def _registry(kind: str) -> Registry:
    from robotvision.classifiers import CLASSIFIERS
    from robotvision.config import OBSERVERS
    from robotvision.data import READERS
    from robotvision.features import FEATURES
    from robotvision.temporal import TEMPORAL

    registries = {
        "features": FEATURES,
        "classifiers": CLASSIFIERS,
        "temporal": TEMPORAL,
        "observers": OBSERVERS,
    }
    return registries.get(kind, READERS)


def part_lines(kind: str) -> Mapping[str, str]:
    """Return the names of a kind, with one line each."""
    if kind == "tasks":
        from robotvision.tasks import load_task, task_names

        return {name: load_task(name).title for name in task_names()}
    if kind == "policies":
        from robotvision.scoring.policy import POLICIES

        return {n: f"backlog {b}, late {late}" for n, (b, late) in POLICIES.items()}
    from robotvision.plugins.registry import first_line

    registry = _registry(kind)
    return {name: first_line(registry, name) for name in registry.names()}


def part_of(kind: str, name: str) -> dict[str, Any]:
    """Return one part as ``--json`` prints it. Raises RobotVisionError where it is not known."""
    from robotvision.errors import UnknownNameError
    from robotvision.plugins.describe import describe, in_one_line

    if kind in ("tasks", "policies"):
        lines = part_lines(kind)
        if name not in lines:
            raise UnknownNameError({"tasks": "task", "policies": "policy"}[kind], name, list(lines))
        if kind == "tasks":
            return {"name": name, "summary": lines[name], "parameters": [], "example": name}
        return _policy(name, lines[name])
    registry = _registry(kind)
    part = describe(name, registry.get(name))
    if kind == "readers":
        spec = {"path": "FOLDER", "reader": name, "params": part.some_parameters()}
        return part.as_dict() | {"example": f"test: [{in_one_line(spec)}]"}
    if kind == "features":
        example = {"example": f"features: [{part.example()}]"}
        return part.as_dict() | example | _vector(registry, name)
    if kind == "observers":
        return part.as_dict() | {"example": f"observers: [{part.example()}]"}
    key = "classifier" if kind == "classifiers" else kind
    return part.as_dict() | {"example": f"{key}: {part.example()}"}


def _policy(name: str, line: str) -> dict[str, Any]:
    deadline = {
        "name": "deadline_ms",
        "type": "number or next-frame",
        "default": None,
        "required": False,
        "text": "How long an answer may take; null: until the next frame.",
    }
    example = f"replay: {{clock: simulated, policy: {name}}}"
    return {"name": name, "summary": line, "parameters": [deadline], "example": example}


def _vector(registry: Registry, name: str) -> dict[str, Any]:
    """Return the channels and the length of a feature's vector with default parameters."""
    from robotvision.errors import RobotVisionError
    from robotvision.features.downloads import refused_downloads

    try:
        with refused_downloads():
            made = registry.create(name, {})
            return {"channels": list(made.channels), "dim": int(made.dim)}
    except (RobotVisionError, TypeError, AttributeError):  # not before it has learnt, or its file
        channels = [getattr(registry.get(name), "channel", "rgb")]
        return {"channels": channels, "dim": None}


def _in_words(part: Mapping[str, Any]) -> str:
    from textwrap import fill

    lines = [f"{part['name']}: {part['summary']}", ""]
    for p in part["parameters"]:
        default = "required" if p["required"] else f"default {p['default']!r}"
        lines.append(f"  {p['name']}  ({p['type']}; {default})")
        lines.append(fill(p["text"], 96, initial_indent="      ", subsequent_indent="      "))
    if not part["parameters"]:
        lines.append("  no parameters")
    if "dim" in part:
        length = part["dim"] or "known once it is trained or has its file"
        lines += ["", f"reads {', '.join(part['channels'])}; length of the vector: {length}"]
    lines += ["", f"  {part['example']}"]
    if part.get("source"):
        lines += ["", part["source"]]
    return "\n".join(lines)
