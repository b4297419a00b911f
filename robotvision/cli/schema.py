"""``robotvision schema``: the JSON Schema of configurations, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

EPILOG = """\b
Examples:
  robotvision schema
  robotvision schema -o robotvision.schema.json
"""


@click.command("schema", epilog=EPILOG)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write it to this file.")
def command(output: Path | None) -> None:
    """Print the JSON Schema of configurations, by which editors complete and check YAML.

    A configuration names it in its first line, and `robotvision init` writes both:
    # yaml-language-server: $schema=robotvision.schema.json
    """
    from robotvision.config.json_schema import json_schema
    from robotvision.runs.folder import write_text

    text = json.dumps(json_schema(), indent=1) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    write_text(output, text)
    click.echo(str(output))
