#!/usr/bin/env python3
r"""How the best two baselines were chosen: candidates on development sets, points a frame.

    python scripts/choose_baselines.py --work WORK --data-root DATA
    python scripts/choose_baselines.py --work WORK --buildings 4 \
        --candidate svm=configs/baselines/best_obligatory.yaml,classifier=svm

The best two and their variants stand in ``CANDIDATES``; ``--candidate`` adds others and ``--only``
takes some. The first is what the others are compared with, frame by frame. ``--zones`` asks about
zones that training lacks, and where there are none, with candidates of its own. Development tours
are generated into WORK once and go on where they were stopped; extracted features are cached as
those of a run are, and the points of a candidate are kept in WORK until its configuration, the sets
or the code of recognisers change. A call that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parent))
from development_sets import (
    LIGHTS,
    OUTSIDE_MEAN,
    DevelopmentSet,
    Split,
    TourSizes,
    code_digest,
    real_sets,
    real_zone_sets,
    tour_sets,
    tour_zone_sets,
)

import robotvision
from robotvision.arrays import Floats
from robotvision.config.checks import build, load_config
from robotvision.config.experiment import Experiment, Overrides
from robotvision.config.schema import Named
from robotvision.errors import RobotVisionError
from robotvision.features import FEATURES, cache_folder
from robotvision.plugins.provenance import code_of
from robotvision.plugins.threads import one_thread
from robotvision.recogniser.channels import settle_features
from robotvision.recogniser.training import TrainingOptions, fit_pipeline
from robotvision.recogniser.tuning.trial import FeatureMemory, answers, shown
from robotvision.scoring.intervals import Interval, difference, interval
from robotvision.scoring.points import PointsTable
from robotvision.writing import write_text
from robotvision.yamlfile import loads

REPO = Path(__file__).parents[1]
BASELINES = REPO / "configs" / "baselines"
PAGES = (BASELINES / "README.md", REPO / "docs" / "baselines.md")
BEGIN, END = "<!-- development table -->", "<!-- end of development table -->"
CODE = ("recogniser", "classifiers", "features", "temporal", "scoring", "config", "tasks", "data")
"""Rooms of the package whose code can change a candidate's points."""

BEST, RIDGE = "configs/baselines/best_obligatory.yaml", "classifier={name: ridge, alpha: 0.3}"
ONE = (
    "{name: efficientnet_lite0, layers: [10], pooling: second_order, short_side: 192, "
    "channel: auto}"
)
TWO = (
    f"{ONE}, {{name: mobilenet_v2_deepsort, layers: [12], pooling: second_order, short_side: 192, "
    "channel: auto}"
)
DEPTH = "{name: depth_hog, channel: auto, optional: true}"
PATCHES = "{name: efficientnet_lite0, layers: [11], pooling: patches, channel: auto}"
CANDIDATES = (
    f"best_obligatory={BEST}",
    "best_optional=configs/baselines/best_optional.yaml",
    "optional, no directions=configs/baselines/best_optional.yaml,classifier={name: log_pool, "
    "others: {name: ridge, alpha: 0.3}, last: {name: nearest_patches, channels: 192}}",
    f"with directions={BEST},classifier={{name: ridge, alpha: 0.3, without: packaged}}",
    f"with patches={BEST},features=[{TWO}, {DEPTH}, {PATCHES}],classifier={{name: log_pool, "
    "others: {name: ridge, alpha: 0.3}, last: {name: nearest_patches, channels: 192}}",
    f"patches alone={BEST},features=[{PATCHES}],"
    "classifier={name: nearest_patches, channels: 192}",
    f"one network={BEST},features=[{ONE}],{RIDGE}",
    f"embedding={BEST},features=[{{name: efficientnet_lite0, channel: auto}}],{RIDGE}",
    f"no further views={BEST},augment=null",
    f"svm={BEST},features=[{TWO}, {DEPTH}],classifier=svm",
)

FILTERED = "mode=optional,temporal=bayes"
EMBEDDING = "features=[{name: efficientnet_lite0, channel: auto}]"
COLOUR = "features=[{name: hsv_histogram, channel: auto}]"
ZONE_CANDIDATES = tuple(
    f"{name}{what}={BEST},{FILTERED}{features},decision={{unknown: {rule}}}"
    for name, features in (("", ""), ("embedding, ", f",{EMBEDDING}"), ("colour, ", f",{COLOUR}"))
    for what, rule in (("unknown never answered", "never"), ("unknown zones", "zone"))
)
"""What ``--zones`` compares: answering unknown where a zone seems new with never answering it."""


@dataclass(frozen=True)
class Candidate:
    """A configuration, with changes to it."""

    name: str
    path: Path
    values: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raise RobotVisionError where it cannot be read: before anything is generated."""
        self._on(REPO / "sequences" / "building_night")

    def setup(self, of: DevelopmentSet) -> Experiment:
        """Return it checked, for the sequences of a set."""
        return self._on(*(s.root for s in of.sequences))

    def _on(self, *paths: Path) -> Experiment:
        return load_config(
            self.path, instead=Overrides("rooms", paths, paths, self.values, (), self.name)
        )


def candidate(text: str) -> Candidate:
    """Return the candidate of ``NAME=path.yaml[,key=value...]``.

    Raises
    ------
    RobotVisionError
        The text is no such thing, or a value is no YAML.
    """
    name, _, rest = text.partition("=")
    path, *changes = _at_commas(rest)
    if not name or not path:
        raise RobotVisionError(
            f"--candidate: expected NAME=path.yaml[,key=value...], got {text!r}; "
            "for instance svm=configs/baselines/best_obligatory.yaml,classifier=svm"
        )
    values = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise RobotVisionError(f"--candidate {name}: expected key=value, got {change!r}")
        values[key.strip()] = loads(value, f"--candidate {name}, {key}").data
    where = Path(path)
    return Candidate(name.strip(), where if where.exists() else REPO / where, values)


def _at_commas(text: str) -> list[str]:
    """Cut a text at the commas that stand in no brackets."""
    parts, depth = [""], 0
    for c in text:
        depth += (c in "[{") - (c in "]}")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return parts


@dataclass(frozen=True)
class SplitPoints:
    """What a candidate earned on a split: points of each frame asked, and seconds it took."""

    split: Split
    points: Floats
    train_s: float
    answer_ms: float


def results(
    candidates: Sequence[Candidate], of: DevelopmentSet, work: Path, console: Console
) -> dict[str, list[SplitPoints]]:
    """Return what each candidate earned on a set's splits, from WORK where it is known."""
    memory = FeatureMemory()
    found = {}
    for each in candidates:
        setup = each.setup(of)
        path = work / "points" / f"{_digest(each, setup, of)}.json"
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        for k, split in enumerate(of.splits[len(kept) :], len(kept) + 1):
            console.print(f"[dim]{of.name}: {each.name}, split {k} of {len(of.splits)}")
            kept.append(_trial(setup, of, split, memory))
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, json.dumps(kept), is_durable=False)
        found[each.name] = [
            SplitPoints(s, np.array(k["points"]), k["train_s"], k["answer_ms"])
            for s, k in zip(of.splits, kept, strict=True)
        ]
    return found


def _digest(each: Candidate, setup: Experiment, of: DevelopmentSet) -> str:
    """Return what the points of a candidate on a set depend on, as one name."""
    package = Path(robotvision.__file__).parent
    config = setup.config.model_dump(mode="json", exclude={"train", "test"})
    own = [
        code_of(build(FEATURES, f)).digest
        for f in setup.config.features
        if "." in (f.name if isinstance(f, Named) else f)
    ]
    learnt = hashlib.blake2b((package / "classifiers" / "directions.npz").read_bytes()).hexdigest()
    parts = [config, of.digest, code_digest(*(package / room for room in CODE)), own, learnt]
    raw = json.dumps(parts, sort_keys=True).encode()
    return hashlib.blake2b(raw, digest_size=12).hexdigest()


def _trial(
    setup: Experiment, of: DevelopmentSet, split: Split, memory: FeatureMemory
) -> dict[str, Any]:
    """Train on one part of a split, ask the other; return points by frame, as plain data."""
    cache = cache_folder()
    config = settle_features(setup.config, of.sequences)[0]
    rooms = _rooms(of)
    if split.has_unknown:
        rooms = {room: n for room, n in rooms.items() if room in split.shown}
    task = setup.task.with_rooms(rooms)
    training = [shown(p.sequence, p.positions) for p in split.train]
    started = time.perf_counter()
    with one_thread():
        pipeline = fit_pipeline(
            config,
            task,
            training,
            cache,
            options=TrainingOptions(split.name, extraction=memory),
        )[0]
        trained = time.perf_counter()
        worth = PointsTable(task)
        points = []
        for part in split.test:
            given = answers(pipeline, part.sequence, part.positions, memory, cache)
            truth = part.sequence.truth or {}
            for place, answer in zip(part.positions.tolist(), given, strict=True):
                points.append(worth.of(truth[part.sequence.frames[place].index], answer)[1])
    answered = time.perf_counter()
    return {
        "points": [round(float(p), 6) for p in points],
        "train_s": round(trained - started, 3),
        "answer_ms": round(1e3 * (answered - trained) / max(1, len(points)), 3),
    }


def _rooms(of: DevelopmentSet) -> dict[str, int]:
    from robotvision.data.task_labels import room_totals

    return room_totals(of.sequences)


@dataclass(frozen=True)
class Row:
    """One line of the table: a group of splits, or the mean over groups."""

    name: str
    splits: int
    frames: int
    cells: tuple[Interval, ...]
    """Points per frame of each candidate; of all but the first the interval is that of its lead."""
    leads: tuple[Interval, ...]
    """What each candidate but the first earns beyond it, per frame."""


def rows(
    names: Sequence[str], earned: Mapping[str, Sequence[SplitPoints]], by: str = "split"
) -> list[Row]:
    """Return the table: a row for each group, and their mean; intervals over splits or blocks."""
    first = earned[names[0]]
    groups = list(dict.fromkeys(s.split.group for s in first))
    inside = [g for g in groups if g not in OUTSIDE_MEAN]
    table = [_row(g, [g], names, earned, by) for g in inside]
    if len(inside) > 1:
        table.append(_row("**mean of the groups above**", inside, names, earned, by))
    return table + [_row(g, [g], names, earned, by) for g in groups if g in OUTSIDE_MEAN]


def _row(
    name: str,
    groups: Sequence[str],
    names: Sequence[str],
    earned: Mapping[str, Sequence[SplitPoints]],
    by: str,
) -> Row:
    """Return points per frame over groups that weigh alike, with intervals by split or block."""
    mine = [i for i, s in enumerate(earned[names[0]]) if s.split.group in groups]
    of_first = [earned[names[0]][i] for i in mine]
    size = {g: sum(len(s.points) for s in of_first if s.split.group == g) for g in groups}
    weight = np.concatenate(
        [np.full(len(s.points), 1 / (len(groups) * size[s.split.group])) for s in of_first]
    )
    labels = [_unit(s.split, by) for s in of_first for _ in s.points]
    block = np.unique(labels, return_inverse=True)[1]
    order = np.argsort(block, kind="stable")
    values = [np.concatenate([earned[n][i].points for i in mine]) * weight for n in names]
    bounds = (-0.5 * weight[order], 1.0 * weight[order])
    about = {"bounds": bounds, "unit": f"{by}s"}
    first = values[0][order]
    cells = [interval(v[order], block[order], **about) for v in values]
    leads = [difference(v[order], first, block[order], **about) for v in values[1:]]
    return Row(name, len(mine), len(labels), tuple(cells), tuple(leads))


def _unit(split: Split, by: str) -> str:
    return split.block if by == "block" else f"{split.group}: {split.name}"


def markdown(names: Sequence[str], table: Sequence[Row]) -> list[str]:
    """Return the table as Markdown: the first candidate's points, the others' points and lead."""
    lines = [
        "| questions | splits, frames | " + " | ".join(names) + " |",
        "|---|---|" + "---|" * len(names),
    ]
    for row in table:
        cells = []
        for k, about in enumerate(row.cells):
            ends = about if k == 0 else row.leads[k - 1]
            lead = "" if k == 0 else f"{ends.estimate:+.3f}, "
            low_high = "" if ends.low is None else f"<br>{lead}{_ends(ends, k > 0)}"
            cells.append(f"{about.estimate:.3f}{low_high}")
        lines.append(f"| {row.name} | {row.splits}, {row.frames} | " + " | ".join(cells) + " |")
    return lines


def _ends(about: Interval, has_sign: bool) -> str:
    form = "+.2f" if has_sign else ".2f"
    return f"{about.low:{form}} to {about.high:{form}}"


def page(names: Sequence[str], table: Sequence[Row], said: str) -> str:
    """Return the table with what it is of."""
    return "\n".join([said, "", *markdown(names, table)])


def write_into(page_path: Path, text: str) -> None:
    """Put the table between its marks in a page. Raises RobotVisionError."""
    whole = page_path.read_text(encoding="utf-8")
    if BEGIN not in whole or END not in whole:
        raise RobotVisionError(f"{page_path}: expected the lines {BEGIN!r} and {END!r}")
    before, _, rest = whole.partition(BEGIN)
    after = rest.partition(END)[2]
    page_path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def development_sets(
    args: argparse.Namespace, sizes: TourSizes, console: Console
) -> Iterator[DevelopmentSet]:
    """Yield the sets that were asked for, with the groups that were asked for."""
    if args.data_root is not None:
        zones = args.zones
        real = (
            real_zone_sets(args.data_root) if zones else real_sets(args.data_root, args.clip_folds)
        )
        yield from _chosen(real, args.groups)
    if sizes.buildings:
        make = tour_zone_sets if args.zones else tour_sets
        tours = make(args.work, sizes, lambda what: console.print(f"[dim]{what}"))
        yield from _chosen(tours, args.groups)


def _chosen(
    sets: Iterator[DevelopmentSet], groups: Sequence[str] | None
) -> Iterator[DevelopmentSet]:
    for each in sets:
        splits = [s for s in each.splits if not groups or any(g in s.group for g in groups)]
        if splits:
            yield DevelopmentSet(each.name, each.sequences, tuple(splits))


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of a call."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--work", type=Path, required=True, help="tours and points are kept here")
    add("--data-root", type=Path, help="where the real sequences lie [generated tours alone]")
    add("--buildings", type=int, default=10, help="generated buildings; 0: none [10]")
    add("--frames", type=int, default=60, help="of each generated tour [60]")
    add(
        "--size",
        type=_size,
        default=(320, 240),
        metavar="WxH",
        help="of generated images [320x240]",
    )
    add("--lights", default=",".join(LIGHTS), help="of generated tours [all three]")
    add("--rooms", help="of generated buildings, with commas [nine]")
    add("--clip-folds", type=int, default=7, help="of the tower; 28: a clip at a time [7]")
    add("--zones", action="store_true", help="ask about unknown zones in place of all that")
    add("--groups", action="append", help="only groups of questions whose name holds this")
    add(
        "--candidate",
        action="append",
        default=[],
        metavar="NAME=path.yaml[,key=value...]",
        help="one more; a value is YAML; may repeat",
    )
    add("--only", action="append", help="only candidates of this name; may repeat, the first leads")
    add(
        "--by",
        choices=("split", "block"),
        default="split",
        help="what intervals go by; splits of one block (a building) are not independent [split]",
    )
    add("-o", "--out", type=Path, help="the table, Markdown [stdout]")
    add("--json", type=Path, help="points of every split, for other programs")
    add("--write", action="store_true", help="put the table into docs/baselines.md")
    return parser.parse_args(argv)


def _size(text: str) -> tuple[int, int]:
    width, x, height = text.partition("x")
    if not (x and width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"expected a size such as 320x240, got {text!r}")
    return int(width), int(height)


def main(argv: Sequence[str] | None = None) -> None:
    """Make the table."""
    args = arguments(argv)
    console = Console(stderr=True, emoji=False)
    try:
        _make(args, console)
    except RobotVisionError as e:
        console.print(str(e), style="red", markup=False)
        sys.exit(2)


def _make(args: argparse.Namespace, console: Console) -> None:
    own = ZONE_CANDIDATES if args.zones else CANDIDATES
    listed = [candidate(text) for text in (*own, *args.candidate)]
    by_name = {c.name: c for c in listed}
    unknown = [n for n in args.only or () if n not in by_name]
    if unknown:
        raise RobotVisionError(f"--only {unknown[0]}: expected one of {', '.join(by_name)}")
    chosen = [by_name[n] for n in args.only] if args.only else list(by_name.values())
    for each in chosen:
        each.check()
    width, height = args.size
    rooms = tuple(args.rooms.split(",")) if args.rooms else TourSizes().rooms
    lights = tuple(args.lights.split(","))
    sizes = TourSizes(args.buildings, args.frames, width, height, lights, rooms)
    earned: dict[str, list[SplitPoints]] = {c.name: [] for c in chosen}
    for each in development_sets(args, sizes, console):
        for name, of_set in results(chosen, each, args.work, console).items():
            earned[name] += of_set
    names = [c.name for c in chosen]
    if not earned[names[0]]:
        raise RobotVisionError(
            "no set to choose on; give --data-root, --buildings or other --groups"
        )
    has_clips = any(s.split.group == "tower: clips left out" for s in earned[names[0]])
    said = (
        f"{sizes.buildings} generated buildings, {sizes.frames} frames a tour, "
        f"lights {', '.join(lights)}"
        + (f"; the tower's clips in {args.clip_folds} splits" if has_clips else "")
        + f". Under points a frame: of {names[0]} the 95 % interval over {args.by}s, of the "
        "others their lead over it on the same frames, and its interval."
    )
    if args.by == "split":
        said += (
            " Splits of one building are not independent of each other: intervals tell what other "
            "splits of these buildings may give, `--by block` what other buildings may."
        )
    text = page(names, rows(names, earned, args.by), said)
    if args.json is not None:
        args.json.write_text(json.dumps(_plain(earned), indent=1), encoding="utf-8")
    if args.out is not None:
        args.out.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)
    if args.write and not args.zones:
        for path in PAGES:
            write_into(path, text)


def _plain(earned: Mapping[str, Sequence[SplitPoints]]) -> dict[str, Any]:
    return {
        name: [
            {
                "group": s.split.group,
                "split": s.split.name,
                "block": s.split.block,
                "frames": len(s.points),
                "per_frame": float(s.points.mean()) if len(s.points) else None,
                "train_s": s.train_s,
                "answer_ms": s.answer_ms,
            }
            for s in splits
        ]
        for name, splits in earned.items()
    }


if __name__ == "__main__":
    main()
