"""``robotvision schema``: the JSON Schema of configurations and contests, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from robotvision.cli.options import PATH

EPILOG = """\b
Examples:
  robotvision schema
  robotvision schema -o robotvision.schema.json
  robotvision schema contest -o contest.schema.json
"""


@click.command("schema", epilog=EPILOG)
@click.argument("kind", type=click.Choice(["config", "contest"]), default="config")
@click.option("-o", "--output", type=PATH, help="Write it to this file.")
def command(kind: str, output: Path | None) -> None:
    """Print the JSON Schema by which editors complete and check YAML.

    KIND is config, a configuration (the default), or contest, a contest.yaml.

    A configuration names it in its first line, and `robotvision init` writes both:
    # yaml-language-server: $schema=robotvision.schema.json
    """
    from robotvision.config.json_schema import json_schema
    from robotvision.contest.file import contest_schema
    from robotvision.runs.folder import write_text

    schema = json_schema() if kind == "config" else contest_schema()
    text = json.dumps(schema, indent=1) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    write_text(output, text)
    click.echo(str(output))
