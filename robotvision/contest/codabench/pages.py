"""What participants read on Codabench: overview, evaluation, submission, terms, starting kit."""

from __future__ import annotations

from datetime import datetime

from robotvision.contest.codabench.options import Options
from robotvision.contest.codabench.plan import CompetitionPlan, PlannedPhase
from robotvision.contest.leaderboard.disclosure import Reveal
from robotvision.contest.release import FILE as RELEASE
from robotvision.contest.release import settled_task
from robotvision.records import Answer
from robotvision.submissions.card import TEMPLATE
from robotvision.submissions.forms import form_of
from robotvision.yamlfile import dump_yaml

TASK_FILE = "task.yaml"
TERMS = """\
# Terms

*Organisers: replace this page.*

By taking part you agree to hand in only answers that your own system gave to the frames of the test
sequences, in the mode the contest names, and to have no person look at them before.
"""


def pages(plan: CompetitionPlan) -> dict[str, str]:
    """Return the pages of a competition: title -> Markdown."""
    return {
        "Overview": _page(_overview(plan)),
        "Evaluation": _page(_evaluation(plan)),
        "Submission": _page(_submission(plan)),
    }


def starting_kit(plan: CompetitionPlan) -> dict[str, bytes]:
    """Return the files of the starting kit: the task, a card, and what to rehearse by.

    Frames that are not numbered 0, 1, 2, ... cannot be rehearsed by their count alone: then there
    is no ``release.yaml``, and nothing is said of it.
    """
    rules = dump_yaml(settled_task(plan.task))
    task_file = f"# robotvision task show {TASK_FILE} prints the rules\n{rules}"
    kit = {TASK_FILE: task_file, "card.yaml": TEMPLATE}
    if plan.release is not None:
        kit[RELEASE] = dump_yaml(dict(plan.release))
    kit["README.md"] = _page(_kit_page(plan))
    return {name: text.encode() for name, text in kit.items()}


def _page(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _overview(plan: CompetitionPlan) -> list[str]:
    task = plan.task
    lines = [
        f"# {plan.title}",
        "",
        *([task.question, ""] if task.question else []),
        f"* Task `{task.id}`, mode *{plan.options.mode}*.",
        f"* Rooms: {', '.join(task.labels)}.",
        *([f"* Objects: {', '.join(task.objects)}."] if task.objects else []),
        *([f"* Contact: {plan.contact}."] if plan.contact else []),
        "",
        "| phase | from (UTC) | to (UTC) | test sets |",
        "| --- | --- | --- | --- |",
        *(_phase_row(phase) for phase in plan.phases),
    ]
    return lines


def _phase_row(phase: PlannedPhase) -> str:
    conditions = phase.conditions or {}
    sets = []
    for name, table in phase.contest.sets.items():
        about = f"; {conditions[name]}" if conditions.get(name) else ""
        sets.append(f"{name} ({len(table):,} frames{about})")
    cells = [phase.name, _day(phase.opens, "at once"), _day(phase.closes, "no end")]
    return f"| {' | '.join(cell.replace('|', '/') for cell in [*cells, ', '.join(sets)])} |"


def _day(when: datetime | None, otherwise: str) -> str:
    return otherwise if when is None else when.strftime("%Y-%m-%d %H:%M")


def _evaluation(plan: CompetitionPlan) -> list[str]:
    task, room = plan.task, plan.task.points.room
    lines = [
        "# Evaluation",
        "",
        "| answer | points |",
        "| --- | ---: |",
        f"| right room | {room.correct:+g} |",
        f"| wrong room | {room.wrong:+g} |",
        f"| no answer | {room.unanswered:+g} |",
        "",
        f"An answer pays where it is right with probability above {room.break_even:.2f}. The "
        f"points of the room are {task.fact('points.room').status}.",
    ]
    if task.points.objects is not None:
        lines += ["", "| each object | in view | not in view |", "| --- | ---: | ---: |"]
        for key in ("stated_present", "stated_absent", "not_stated"):
            cell = getattr(task.points.objects, key)
            lines.append(f"| {key.replace('_', ' ')} | {cell.present:+g} | {cell.absent:+g} |")
    return [
        *lines,
        "",
        *_ranking(plan),
        "",
        *_disclosed(plan.options),
        "",
        "A run file with a fault is refused: it gets the least the frames could earn, "
        "*accepted* is 0, and its page lists every fault with its line. It counts as a "
        "submission, so rehearse first (page *Submission*).",
        "",
        _limits(plan.options),
    ]


def _ranking(plan: CompetitionPlan) -> list[str]:
    """Return which submission counts, and what the order of the table means."""
    is_apart = plan.task.overall == "separate" and any(p.set_columns for p in plan.phases)
    order = "Runs are ranked by points."
    if is_apart:
        order = (
            "Each test set has a ranking of its own, by its column of points. The first column is "
            "their sum: it orders the table and ranks nobody."
        )
    return [
        f"{order} The table shows the best submission of each participant. Equal points share a "
        "rank, and the next one is left out (1, 1, 3); the table lists them by the columns that "
        "follow and then by the time they came, which ranks nobody.",
        "",
        "Points are not yet an order: the page of a submission gives their 95 % interval by visits "
        "to a room.",
    ]


def _limits(options: Options) -> str:
    counts = [
        f"{n} {what}"
        for n, what in (
            (options.max_in_all, "in a phase"),
            (options.max_per_day, "on a day (UTC)"),
        )
        if n is not None
    ]
    return f"Submissions of a participant: at most {' and '.join(counts) or 'any number'}."


def _disclosed(options: Options) -> list[str]:
    shown = {
        Reveal.TOTALS: "the points with a 95 % interval by room visit, and counts by outcome",
        Reveal.ROOMS: "the points with a 95 % interval, results by room and the confusion matrix",
        Reveal.FRAMES: "the points with a 95 % interval, the confusion matrix and the timeline",
    }[options.reveal]
    if options.points_step is not None:
        shown = "the points with a 95 % interval by room visit"
    lines = [f"The detailed results of a submission show {shown}."]
    if options.points_step is not None:
        lines += ["", f"Until the contest ends points are rounded to {options.points_step:g}."]
    if options.public_share is not None:
        lines += [
            "",
            f"Until the contest ends about {options.public_share:.0%} of the frames are scored, "
            "whole visits to a room; which ones is not said.",
        ]
    if options.has_final_phase:
        lines += ["", "Then all submissions are scored again, on all frames, exactly."]
    return lines


def _submission(plan: CompetitionPlan) -> list[str]:
    task = plan.task
    form, first = form_of(task), task.run_file.first_number
    is_counted = plan.release is not None
    return [
        "# Submission",
        "",
        *_handed_in(plan),
        "",
        "A line is one frame:",
        "",
        f"    {form.line(first, form.example)}",
        "",
        "A frame without an answer:",
        "",
        f"    {form.line(first, Answer(None))}",
        "",
        f"Frames are named by their number; the first has number {first}. A missing line counts as "
        "no answer; a repeated or malformed line, or a label outside the task, refuses the file.",
        "",
        "Check it first. The starting kit (page *Files*) holds what this takes:",
        "",
        *(_rehearsal(plan) if is_counted else _check()),
        "",
        "You may pack a run with its description, and hand in the pack as it is:",
        "",
        f"    {_pack(plan)}",
        "",
        "With a bare run file the questions on the page of submissions are its description: answer "
        "them as a report would.",
    ]


def _open(plan: CompetitionPlan) -> list[PlannedPhase]:
    return [phase for phase in plan.phases if not phase.is_final]


def _handed_in(plan: CompetitionPlan) -> list[str]:
    phases = _open(plan)
    if len(phases) == 1:
        return [f"Hand in a zip file with {_what(phases[0])}."]
    return ["Hand in a zip file with", "", *(f"* in *{p.name}*: {_what(p)}." for p in phases)]


def _what(phase: PlannedPhase) -> str:
    sets = list(phase.contest.sets)
    if len(sets) == 1:
        return "one run file, `run.txt`"
    return "one run file a test set: " + ", ".join(f"`{name}.txt`" for name in sets)


def _rehearsal(plan: CompetitionPlan) -> list[str]:
    lines = ["    pip install robotvision"]
    names = [str(name) for name in (plan.release or {})["phases"]]
    for name in names:
        phase = f" --phase {name}" if len(names) > 1 else ""
        lines.append(f"    robotvision pack --rehearse {RELEASE}{phase} run.zip")
    return [*lines, "", "gives the verdict that it will get here, word for word, and no points."]


def _check() -> list[str]:
    return ["    pip install robotvision", f"    robotvision check --task {TASK_FILE} run.txt"]


def _pack(plan: CompetitionPlan) -> str:
    sets = list(_open(plan)[-1].contest.sets)
    runs = "run.txt" if len(sets) == 1 else " ".join(f"{name}.txt" for name in sets)
    return f"robotvision pack {runs} --task {TASK_FILE} --card card.yaml -o run.zip"


def _kit_page(plan: CompetitionPlan) -> list[str]:
    lines = [
        "# Starting kit",
        "",
        f"* `{TASK_FILE}`: the rules (`robotvision task show {TASK_FILE}` prints them).",
        "* `card.yaml`: the description of a run, to fill in.",
    ]
    if plan.release is not None:
        lines.append(f"* `{RELEASE}`: what to rehearse by. It holds no truth.")
    return [
        *lines,
        "",
        *(_rehearsal(plan) if plan.release is not None else _check()),
        "",
        "A run file can be handed in as it is, in a zip file; or packed with its description:",
        "",
        f"    {_pack(plan)}",
    ]
