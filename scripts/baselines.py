#!/usr/bin/env python3
"""Run every baseline on every data set that lies here, and write the table of their points.

    python scripts/baselines.py --data-root DATA --work WORK -o docs/baselines.md

Real sequences are those of DATA that are there; stand-ins of the editions are generated into WORK
once. Runs lie in WORK/runs and are kept: a second call goes on with what is missing, and
``--again`` forgets them. Points are per frame, with a 95 % interval by room visit; times are the
median of a frame through the whole system on this machine.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console

from robotvision.config.checks import load_config
from robotvision.config.experiment import Experiment, Overrides
from robotvision.config.schema import SequenceSpec
from robotvision.errors import RobotVisionError
from robotvision.experiment.run import run as run_experiment
from robotvision.features import cache_folder
from robotvision.report.columns import load_run
from robotvision.report.live import Live

REPO = Path(__file__).parents[1]
BASELINES = REPO / "configs" / "baselines"
FRAMES = 60
"""Frames of each stand-in sequence."""
SEED = 5


@dataclass(frozen=True)
class Problem:
    """What is trained and tested on; ``frames`` takes a part of a sequence."""

    name: str
    task: str
    train: tuple[Path, ...]
    test: tuple[Path, ...]
    cut: int | None = None
    is_real: bool = False


def problems(data: Path | None, work: Path) -> list[Problem]:
    sequences = REPO / "sequences"
    found = [
        Problem(
            "generated building, night",
            "rooms",
            (sequences / "building_cloudy", sequences / "building_sunny"),
            (sequences / "building_night",),
        )
    ]
    if data is not None:
        found += _real(data)
    return found + _stand_ins(work)


def _real(data: Path) -> list[Problem]:
    ways = [
        ("IE Tower, floors 3-9 → 10-12", "ie_tower_floors03to09", "ie_tower_floors10to12", None),
        ("house, cloudy → night", "house_cloudy", "house_night", None),
        ("corridor, lap 1 → 2", "corridor_lap1", "corridor_lap2", None),
        ("corridor, lap 2 → 1", "corridor_lap2", "corridor_lap1", None),
        ("office, first → second half", "office_rgbd", "office_rgbd", 187),
    ]
    return [
        Problem(name, "rooms", (data / a,), (data / b,), cut, is_real=True)
        for name, a, b, cut in ways
        if (data / a).exists() and (data / b).exists()
    ]


def _stand_ins(work: Path) -> list[Problem]:
    from robotvision.synth.editions import EDITIONS, write_edition

    found = []
    for edition in EDITIONS:
        folder = work / "stand-ins" / edition
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            write_edition(edition, folder, FRAMES, SEED)
            (folder / "done").touch()
        setup = load_config(REPO / "configs" / f"{edition}.yaml", folder)
        for part in setup.parts:
            name = edition if len(setup.parts) == 1 else f"{edition}, {part.name}"
            found.append(
                Problem(
                    f"{name} (stand-in)",
                    edition,
                    tuple(Path(s.path) for s in part.train),
                    tuple(Path(s.path) for s in part.test),
                )
            )
    return found


def setup_of(baseline: Path, problem: Problem) -> Experiment:
    setup = load_config(baseline, instead=Overrides(problem.task, problem.train, problem.test))
    if problem.cut is None:
        return setup
    part = setup.parts[0]
    halves = [(0, problem.cut), (problem.cut, None)]
    train, test = (
        tuple(SequenceSpec(path=s.path, frames=half) for s in specs)
        for specs, half in zip((part.train, part.test), halves, strict=True)
    )
    return Experiment(
        setup.config, setup.task, (type(part)(part.name, train, test),), setup.path, setup.data_root
    )


def one(baseline: Path, problem: Problem, work: Path, console: Console) -> dict[str, object]:
    """Return the figures of one run, from its folder where it was done before."""
    slug = "".join(c if c.isalnum() else "_" for c in problem.name)
    folder = work / "runs" / baseline.stem / slug
    kept = folder / "figures.json"
    if kept.exists():
        figures: dict[str, object] = json.loads(kept.read_text())
        return figures
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        setup = setup_of(baseline, problem)
        with Live(console) as live:
            run = run_experiment(setup, folder, cache=cache_folder(), observer=live)
    except RobotVisionError as e:
        figures = {"problem": str(e).splitlines()[0]}
    else:
        about = load_run(folder).interval()
        frames = sum(t.frames for t in run.tallies.values())
        timed = [f.timed for s in run.record.sequences for f in s.frames]
        figures = {
            "mode": setup.config.mode,
            "frames": frames,
            "points": about.estimate / frames,
            "low": None if about.low is None else about.low / frames,
            "high": None if about.high is None else about.high / frames,
            "maximum": sum(t.max_points for t in run.tallies.values()) / frames,
            "ms": median(t.finished_ns - t.started_ns for t in timed) / 1e6,
        }
    kept.write_text(json.dumps(figures))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, help="where the real sequences lie")
    parser.add_argument("--work", type=Path, required=True, help="stand-ins and runs go here")
    parser.add_argument("-o", "--out", type=Path, help="the table, Markdown [stdout]")
    parser.add_argument("--only", action="append", help="baselines whose name holds this")
    parser.add_argument("--again", action="store_true", help="forget the runs that lie there")
    args = parser.parse_args()
    if args.again:
        shutil.rmtree(args.work / "runs", ignore_errors=True)
    console = Console(stderr=True, emoji=False)
    chosen = [
        p
        for p in sorted(BASELINES.glob("*.yaml"))
        if not args.only or any(o in p.stem for o in args.only)
    ]
    todo = problems(args.data_root, args.work)
    results = {}
    for baseline in chosen:
        for problem in todo:
            console.print(f"[dim]{baseline.stem}: {problem.name}")
            results[baseline.stem, problem.name] = one(baseline, problem, args.work, console)
    text = page(chosen, todo, results)
    if args.out is None:
        print(text)
    else:
        args.out.write_text(text, encoding="utf-8")


def page(
    chosen: list[Path], todo: list[Problem], results: dict[tuple[str, str], dict[str, object]]
) -> str:
    import cv2

    lines = [
        "# Baselines",
        "",
        "What the recognisers in `configs/baselines` reach: points per frame, the maximum in the "
        "heading, with a 95 % interval by room visit below. Rooms count as the task says "
        "(+1 right, −0.5 wrong, 0 no answer for `rooms`). *optional* marks recognisers that use "
        "earlier frames. Nothing was chosen on these test sequences; how the best two were "
        "chosen stands at the end.",
        "",
        "Made by `python scripts/baselines.py --data-root DATA --work WORK -o docs/baselines.md`. "
        "Stand-ins are generated tours with the rooms, sensors, lights and layout of an edition "
        "in a building of our own: they compare recognisers with each other, not with the "
        "published results.",
    ]
    for title, mine in (
        ("Real and rendered buildings", [p for p in todo if p.is_real or p.task == "rooms"]),
        ("Stand-ins of the editions", [p for p in todo if not p.is_real and p.task != "rooms"]),
    ):
        if mine:
            lines += ["", f"## {title}", "", *table(chosen, mine, results)]
    lines += [
        "",
        "## Milliseconds a frame",
        "",
        "Median through the whole system, "
        f"{platform.machine()}, OpenCV {cv2.__version__}, one frame at a time, by the same "
        "`python scripts/baselines.py`; decoding is not in it. A 30 Hz camera leaves 33 ms.",
        "",
        "| baseline | fastest data set | slowest data set |",
        "|---|---|---|",
    ]
    for baseline in chosen:
        ms = [r["ms"] for (b, _), r in results.items() if b == baseline.stem and "ms" in r]
        if ms:
            lines.append(f"| {baseline.stem} | {min(ms):.1f} | {max(ms):.1f} |")
    notes = (BASELINES / "README.md").read_text(encoding="utf-8").strip()
    return "\n".join([*lines, "", notes, ""])


def table(
    chosen: list[Path], todo: list[Problem], results: dict[tuple[str, str], dict[str, object]]
) -> list[str]:
    def heading(problem: Problem) -> str:
        best = [r["maximum"] for (_, p), r in results.items() if p == problem.name and "ms" in r]
        return problem.name + (f" (of {best[0]:.2f})" if best else "")

    lines = ["| baseline | " + " | ".join(map(heading, todo)) + " |", "|---|" + "---|" * len(todo)]
    best = {
        p.name: max(
            (r["points"] for (_, q), r in results.items() if q == p.name and "ms" in r),
            default=None,
        )
        for p in todo
    }
    for baseline in chosen:
        cells = []
        mode = ""
        for problem in todo:
            r = results[baseline.stem, problem.name]
            if "ms" not in r:
                cells.append("–")
                continue
            mode = " *optional*" if r["mode"] == "optional" else ""
            points = f"{r['points']:.3f}"
            shown = f"**{points}**" if r["points"] == best[problem.name] else points
            if r["low"] is not None:
                shown += f"<br>{r['low']:.2f} to {r['high']:.2f}"
            cells.append(shown)
        lines.append(f"| {baseline.stem}{mode} | " + " | ".join(cells) + " |")
    absent = {
        str(r["problem"])
        for (b, p), r in results.items()
        if "problem" in r and p in {q.name for q in todo}
    }
    return lines + ([""] + [f"–: {line}" for line in sorted(absent)] if absent else [])


if __name__ == "__main__":
    main()
