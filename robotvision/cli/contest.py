"""``robotvision contest``: a contest of teams, from the call to the published board."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robotvision.cli.options import (
    PATH,
    cluster_options,
    echo_json,
    error_console,
    json_option,
    task_option,
    truth_option,
)

if TYPE_CHECKING:
    from robotvision.contest.board import Board

_contest = click.argument("contest", type=PATH)

EPILOG = """\b
Examples:
  robotvision contest init night --task night.yaml --truth secret/night
  robotvision contest publish night --site site
  robotvision contest add night inbox/
  robotvision contest rank night
"""


@click.group("contest", epilog=EPILOG)
def command() -> None:
    """Hold a contest of teams; CONTEST is the folder of its contest.yaml.

    init writes it; publish the call and later the boards; add receives runs; check gives the
    verdict on them; judge runs programs that were handed in; rank prints the boards.
    """


@command.command(
    "init",
    epilog="""\b
Examples:
  robotvision contest init night --task night.yaml --truth secret/night
  robotvision contest init night --task night.yaml --truth secret/night --released handout \\
      --key secret/night.key
""",
)
@_contest
@task_option(required=True)
@truth_option(required=True, help="A sequence or truth.csv; several: the test sets, in order.")
@click.option("--title", help="Of the contest (else the task's).")
@click.option(
    "--released",
    type=PATH,
    metavar="FOLDER",
    help="The frames that were handed out (data release); --truth is that of their sources.",
)
@click.option("--key", type=PATH, metavar="FILE", help="With --released: its key.")
def init(
    contest: Path,
    task_name: str,
    truths: tuple[Path, ...],
    title: str | None,
    released: Path | None,
    key: Path | None,
) -> int:
    """Write CONTEST/contest.yaml, with every key and what it may hold."""
    from robotvision.contest import HandedOut
    from robotvision.contest import init as begin

    if (released is None) != (key is None):
        raise click.UsageError("--released and --key go together")
    handed_out = None if released is None or key is None else HandedOut(released, key)
    setup = begin(contest, task_name, truths, title, handed_out)
    for name, phase in setup.about.phases.items():
        sets = setup.contest(name).sets
        click.echo(
            f"phase {name} ({phase}): {', '.join(f'{s}: {len(t)}' for s, t in sets.items())} frames"
        )
    click.echo(f"{setup.path}: read it, then: robotvision contest publish {contest} --site site")
    return 0


def _when(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    from robotvision.contest.schema import as_moment

    try:
        return None if text is None else as_moment(text)
    except ValueError as e:
        raise click.BadParameter(str(e)) from e


@command.command(
    "add",
    epilog="""\b
Examples:
  robotvision contest add night inbox/
  robotvision contest add night run.txt --team UAIC --received 2027-05-01T18:30+02:00
""",
)
@_contest
@click.argument("paths", nargs=-1, required=True, type=PATH)
@click.option("--team", help="Who handed it in, where no card says so.")
@click.option("--received", callback=_when, metavar="MOMENT", help="When it came (else: now).")
@click.option("--phase", help="What it counts for (else the phase that was open).")
@click.option("--task", help="What it answers, where the contest has several (else as packed).")
@click.option("--primary", is_flag=True, help="It is the team's primary run.")
@json_option
def add(
    contest: Path,
    paths: tuple[Path, ...],
    team: str | None,
    received: datetime | None,
    phase: str | None,
    task: str | None,
    primary: bool,
    as_json: bool,
) -> int:
    """Receive packs, zip files, run files, or folders of them.

    Each is kept with the time it came and its digest, and the verdict on it is printed. Exit code
    1: something was refused; it uses up no limit.
    """
    from robotvision.contest import Delivery, open_contest_file
    from robotvision.contest import add as receive

    setup = open_contest_file(contest)
    added = receive(setup, paths, Delivery(team, received, phase, primary, task))
    if as_json:
        items = [
            {
                "file": str(a.path),
                "key": a.submission.key if a.submission else None,
                "new": a.is_new,
                **a.verdict.as_dict(),
            }
            for a in added
        ]
        echo_json({"schema": 1, "added": items})
    else:
        for a in added:
            for line in a.verdict.lines(str(a.path)):
                click.echo(line)
            if a.submission is not None:
                what = "received" if a.is_new else "had been received"
                if primary and not a.submission.record.primary:
                    what += ", not as the primary run: withdraw it and add it again"
                click.echo(f"  {what}: {a.submission.key}")
    return 0 if all(a.verdict.is_accepted for a in added) else 1


@command.command(
    "withdraw",
    epilog="""\b
Examples:
  robotvision contest withdraw night UAIC_run1
""",
)
@_contest
@click.argument("runs", nargs=-1, required=True)
def withdraw(contest: Path, runs: tuple[str, ...]) -> int:
    """Withdraw RUNS: they vanish from what is published, and stay on record.

    A run is named as tables name it, or by its key as `contest add` prints it.
    """
    from robotvision.contest import open_contest_file
    from robotvision.contest import withdraw as take_back

    for submission in take_back(open_contest_file(contest), runs):
        click.echo(f"withdrawn: {submission.key}; publish again to take it from the site")
    return 0


@command.command(
    "check",
    epilog="""\b
Examples:
  robotvision contest check night
  robotvision contest check night run.zip
""",
)
@_contest
@click.argument("paths", nargs=-1, type=PATH)
@click.option("--phase", help="With PATHS: what they are for (else the last phase).")
@click.option("--task", help="With PATHS: of several tasks, which (else as packed).")
@json_option
def check(
    contest: Path, paths: tuple[Path, ...], phase: str | None, task: str | None, as_json: bool
) -> int:
    """Check contest.yaml and the truths, and give the verdict on what was received.

    With PATHS: the verdict on these, which are not received. Exit code 1: something is refused.
    """
    from robotvision.contest import open_contest_file, receive, verdict_on

    setup = open_contest_file(contest)
    if paths:
        chosen = setup.known_phase(phase)
        verdicts = [
            (str(path), verdict_on(path, setup.rules(chosen, setup.task_for(path, task))), "")
            for path in paths
        ]
        data = [{"file": name, **v.as_dict()} for name, v, _ in verdicts]
    else:
        for division in setup.divisions:
            setup.contest(*division)
        received = receive(setup)
        verdicts = [
            (r.submission.key, r.verdict, f"{r.status}{': ' * bool(r.why)}{r.why}")
            for r in received
        ]
        data = [r.as_dict() for r in received]
    if as_json:
        echo_json({"schema": 1, "submissions": data})
    else:
        for name, verdict, status in verdicts:
            for line in verdict.lines(name):
                click.echo(line)
            if verdict.is_accepted and status:
                click.echo(f"  {status}")
        n = sum(not v.is_accepted for _, v, _ in verdicts)
        click.echo(f"{setup.path}: ok; {len(verdicts)} submissions, {n} refused")
    return 0 if all(v.is_accepted for _, v, _ in verdicts) else 1


@command.command(
    "rank",
    epilog="""\b
Examples:
  robotvision contest rank night
  robotvision contest rank night --compare UAIC_run1 SIMD_run2
""",
)
@_contest
@click.option(
    "--compare", nargs=2, metavar="RUN RUN", help="The paired comparison of two runs alone."
)
@json_option
def rank(contest: Path, compare: tuple[str, str] | None, as_json: bool) -> int:
    """Print every board: ranked runs, others, baselines, points by condition, who is apart."""
    from robotvision.contest import contest_data, open_contest_file

    setup = open_contest_file(contest)
    found = _boards(contest)
    if compare is not None:
        return _compare(found, compare, as_json)
    if as_json:
        echo_json(contest_data(setup, found))
        return 0
    from robotvision.report.console import out

    console = out()
    for board in found:
        _print_board(console, board)
    if not found:
        click.echo("no run was received yet")
    return 0


def _boards(contest: Path) -> list[Board]:
    """Return the boards of a contest, with the answers of programs that were judged."""
    from robotvision.contest import boards, judged_answers, open_contest_file

    setup = open_contest_file(contest)
    with error_console().status("comparing runs by room visit"):
        found: list[Board] = boards(setup, judged=judged_answers(setup))
        for board in found:
            _ = board.standings
    return found


def _compare(found: list[Board], names: tuple[str, str], as_json: bool) -> int:
    from robotvision.errors import RobotVisionError
    from robotvision.submissions.standings import pair_data

    mine = [b for b in found if {*names} <= {row.entry.name for row in b.rows}]
    if not mine:
        known = ", ".join(row.entry.name for b in found for row in b.rows)
        raise RobotVisionError(f"no board has both {' and '.join(names)}; runs: {known}")
    for board in mine:
        pair = board.pair(*names)
        if as_json:
            echo_json({"schema": 1, "phase": board.phase, **pair_data(pair)})
        else:
            click.echo(f"{board.phase}, {board.mode}: {pair.first} against {pair.second}: {pair}")
    return 0


def _print_board(console: Any, board: Board) -> None:
    from robotvision.contest.board_table import apart_table, board_tables, condition_tables
    from robotvision.report.console import titled

    task = f"{board.task}, " if board.task else ""
    console.rule(f"{task}{board.phase}, {board.mode} mode", align="left")
    for table in board_tables(board):
        console.print(titled(table.without()))
        if table.note:
            console.print(table.note, style="yellow")
    others = [*condition_tables(board), apart_table(board)]
    for other in others:
        if other.rows:
            console.print()
            console.print(titled(other))
    for notice in board.scores.warnings:
        console.print(f"note: {notice.message}", markup=False, soft_wrap=True)
    console.print()


@command.command(
    "publish",
    epilog="""\b
Examples:
  robotvision contest publish night --site site
  robotvision contest publish night --site site --organiser-site mine
""",
)
@_contest
@click.option("--site", required=True, type=PATH, help="Where: replaced as a whole.")
@click.option(
    "--organiser-site",
    type=PATH,
    help="Write a folder a board with everything there: rooms, heat map. It shows the truth.",
)
def publish(contest: Path, site: Path, organiser_site: Path | None) -> int:
    """Write the contest's page, the boards as data, and release.yaml to rehearse by.

    Before the first run is in, the page is the call for participation.
    """
    from robotvision.contest import open_contest_file
    from robotvision.contest import publish as write

    setup = open_contest_file(contest)
    write(setup, _boards(contest), site, organiser_site)
    click.echo(f"site: {site / 'index.html'}")
    click.echo(f"for participants to rehearse by: {site / 'release.yaml'}")
    if organiser_site is not None:
        click.echo(f"for the organiser alone, it shows the truth: {organiser_site}")
    return 0


@command.command(
    "judge",
    epilog="""\b
Examples:
  robotvision contest judge night
  robotvision contest judge night --scheduler tcp://10.0.0.1:8786
""",
)
@_contest
@cluster_options(workers="So many workers on this machine.")
@click.option(
    "--shared-cores",
    is_flag=True,
    help="With --workers: let them share cores; latencies are then not quotable.",
)
@json_option
def judge(
    contest: Path,
    scheduler: str | None,
    cluster_file: Path | None,
    workers: int | None,
    shared_cores: bool,
    as_json: bool,
) -> int:
    """Run the programs that were handed in, and baselines, that were not run yet.

    Each runs on the hidden test sets in the sandbox, alone on its cores, under the contest's
    late-frame rule and limits; one after the other here, or one a worker of a cluster, which must
    see the contest's folder. Call it again to go on after whatever stopped it. Exit code 1: a run
    could not be carried out.
    """
    from robotvision.cluster.start import ClusterOptions
    from robotvision.contest import judge as judge_all
    from robotvision.contest import open_contest_file

    if sum(given is not None for given in (scheduler, cluster_file, workers)) > 1:
        raise click.UsageError("give one of --scheduler, --cluster and --workers")
    if shared_cores and workers is None:
        raise click.UsageError("--shared-cores is about --workers")
    is_here = scheduler is None and cluster_file is None and workers is None
    options = ClusterOptions(
        scheduler, cluster_file, workers, exclusive=workers is not None and not shared_cores
    )
    results = judge_all(
        open_contest_file(contest),
        None if is_here else options,
        None if as_json else lambda result: click.echo(str(result)),
    )
    if as_json:
        items = [result.model_dump(mode="json", by_alias=True) for result in results]
        echo_json({"schema": 1, "judged": items})
    elif not results:
        click.echo("nothing to judge: every program that counts was run")
    return 1 if any(r.status != "done" for r in results) else 0
