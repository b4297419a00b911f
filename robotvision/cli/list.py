"""``robotvision list``: what can be named."""

from __future__ import annotations

from collections.abc import Mapping

import click

from robotvision.cli.options import json_option

KINDS = ("features", "classifiers", "temporal", "tasks", "readers", "policies")


@click.command(epilog="\b\nExamples:\n  robotvision list features\n  robotvision list tasks --json")
@click.argument("kind", type=click.Choice(KINDS))
@json_option
def command(kind: str, as_json: bool) -> int:
    """List what can be named in a configuration, with one line each."""
    import json

    descriptions = _describe(kind)
    if as_json:
        click.echo(json.dumps({kind: descriptions}, ensure_ascii=False))
        return 0
    width = max(map(len, descriptions), default=0)
    for name, line in descriptions.items():
        click.echo(f"{name:{width}}  {line}")
    return 0


def _describe(kind: str) -> Mapping[str, str]:
    if kind == "tasks":
        from robotvision.tasks import load_task, task_names

        return {name: load_task(name).title for name in task_names()}
    if kind == "policies":
        from robotvision.scoring.policy import POLICIES

        return {n: f"backlog {b}, late {late}" for n, (b, late) in POLICIES.items()}
    from robotvision.plugins.registry import Registry, first_line

    registry: Registry
    if kind == "features":
        from robotvision.features import FEATURES as registry
    elif kind == "classifiers":
        from robotvision.classifiers import CLASSIFIERS as registry
    elif kind == "temporal":
        from robotvision.temporal import TEMPORAL as registry
    else:
        from robotvision.data import READERS as registry
    return {name: first_line(registry, name) for name in registry.names()}
