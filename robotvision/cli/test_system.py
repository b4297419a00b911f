"""``robotvision test-system``: try a program on a synthetic sequence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from robotvision.cli.options import PATH, json_option

if TYPE_CHECKING:
    from robotvision.systems.check_program import ProgramCheck, Trial

EPILOG = """\b
Examples:
  robotvision test-system -- python3 my_program.py
  robotvision test-system --read . --room Kitchen --room Hall -- ./my_program model.bin
  robotvision test-system --kits            where the client kits and examples are
"""


@click.command(epilog=EPILOG)
@click.argument("command_line", nargs=-1, metavar="-- PROGRAM ARGS...")
@click.option("--task", "task_name", help="Tell it the labels of this task.")
@click.option("--room", "rooms", multiple=True, help="A room the program knows; repeatable.")
@click.option(
    "--read",
    multiple=True,
    type=click.Path(exists=True),
    help="A file or folder the program may read; repeatable.",
)
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="Set in its environment.")
@click.option("--timeout-s", default=10.0, help="For one answer.")
@click.option("--start-timeout-s", default=30.0, help="Until it is ready.")
@click.option("--transport", type=click.Choice(["auto", "shm", "pipe"]), default="auto")
@click.option("--isolation", type=click.Choice(["auto", "none", "required"]), default="auto")
@click.option("--log", "log_path", type=PATH, help="Keep what it prints.")
@json_option
@click.option("--kits", is_flag=True, help="Print where the client kits are, and exit.")
def command(
    command_line: tuple[str, ...],
    task_name: str | None,
    rooms: tuple[str, ...],
    read: tuple[str, ...],
    env: tuple[str, ...],
    timeout_s: float,
    start_timeout_s: float,
    transport: str,
    isolation: str,
    log_path: Path | None,
    as_json: bool,
    kits: bool,
) -> int:
    """Try PROGRAM on a synthetic sequence: handshake, all channels, slow frames, resets, sizes."""
    if kits:
        return _print_kits()
    if not command_line:
        raise click.UsageError("name a program: robotvision test-system -- python3 my_program.py")
    from robotvision.systems.check_program import try_system
    from robotvision.systems.program import Program

    system = Program(
        command_line,
        timeout_s=timeout_s,
        start_timeout_s=start_timeout_s,
        env=_environment(env),
        restarts=10,
        transport=transport,  # type: ignore[arg-type]
        isolation=isolation,  # type: ignore[arg-type]
        log_path=log_path,
        read=read,
    )
    trial = try_system(system, _task(task_name, rooms), progress=None if as_json else _print_check)
    if as_json:
        click.echo(json.dumps(trial.to_json(), ensure_ascii=False))
    else:
        _print_end(trial)
    return 0 if trial.ok else 1


def _task(name: str | None, rooms: tuple[str, ...]):  # type: ignore[no-untyped-def]
    from robotvision.systems.check_program import TRIAL_TASK
    from robotvision.tasks import load_task

    task = load_task(name, Path.cwd()) if name else TRIAL_TASK
    return task.model_copy(update={"rooms": rooms}) if rooms else task


def _environment(pairs: tuple[str, ...]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise click.UsageError(f"--env: expected NAME=VALUE, got {pair!r}")
    return dict(pair.split("=", 1) for pair in pairs)


def _print_check(check: ProgramCheck) -> None:
    mark = {True: "ok  ", False: "FAIL", None: "note"}[check.ok]
    click.echo(f"{mark}  {check.name}: {check.message}")
    if check.remedy:
        click.echo(f"      {check.remedy}")


def _print_end(trial: Trial) -> None:
    from statistics import median

    from robotvision.systems.bounds import plain

    click.echo(f"isolation: {trial.isolation}")
    if trial.latency_ns:
        click.echo(
            f"time a frame: {median(trial.latency_ns) / 1e6:.2f} ms median, "
            f"{max(trial.latency_ns) / 1e6:.2f} ms at most"
        )
    failed = sum(c.ok is False for c in trial.checks)
    if not failed:
        click.echo(f"{trial.program} can be run.")
        return
    own = [t for t in trial.log.splitlines() if t.strip() and not t.startswith("[robotvision] ")]
    if own:
        click.echo("the end of its log:")
        for text in own[-15:]:
            click.echo(f"  | {plain(text)}")
    click.echo(f"{failed} of {len(trial.checks)} checks failed.")


def _print_kits() -> int:
    from robotvision.systems.clients import EXAMPLES, KITS

    for language, path in KITS.items():
        click.echo(f"{language:8}{path}")
    click.echo(f"{'examples':8}  {EXAMPLES}")
    return 0
