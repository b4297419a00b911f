"""The click group behind ``robotvision``; a command's module is imported when it is called."""

from __future__ import annotations

import importlib

import click

from robotvision import __version__
from robotvision.cli import COMMANDS, WIDEST, front_page, module_of
from robotvision.errors import near


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"robotvision.cli.{module_of(cmd_name)}")
        command: click.Command = module.command
        return command

    def get_help(self, ctx: click.Context) -> str:
        return front_page(ctx.make_formatter().width)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}{near(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"robotvision {__version__}")
        ctx.exit()


@click.command(
    cls=_Lazy,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": WIDEST,
        "show_default": True,
    },
)
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version)
def robotvision() -> None:
    """Parse the command line; what its options mean stands on the front page."""
