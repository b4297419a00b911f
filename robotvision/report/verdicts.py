"""Verdicts on requirements as text, as Markdown, and as JUnit's XML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from rich.console import Console
from rich.text import Text

from robotvision.report.requirements import GateVerdict
from robotvision.report.table import in_line

Results = Sequence[Mapping[str, Any]]
"""What `robotvision.report.requirements.RequirementResult.as_dict` returns, one a requirement."""
STYLES = {
    GateVerdict.PASS: "green",
    GateVerdict.FAIL: "bold red",
    GateVerdict.CANNOT_TELL: "yellow",
}
WIDTH = max(map(len, GateVerdict))


def verdict_of(results: Results) -> GateVerdict:
    """Return the verdict on all requirements together."""
    return GateVerdict.worst([GateVerdict(r["verdict"]) for r in results])


def print_verdicts(console: Console, results: Results) -> None:
    """Print a line for each requirement, and the verdict on all where there are several."""
    for result in results:
        verdict = GateVerdict(result["verdict"])
        console.print(
            Text.assemble(
                (verdict.ljust(WIDTH), STYLES[verdict]),
                f"  {result['requirement']}: {result['reason']}",
            ),
            soft_wrap=True,
        )
    if len(results) > 1:
        whole = verdict_of(results)
        console.print(Text(f"verdict: {whole}", style=STYLES[whole]))


def markdown(name: str, results: Results) -> str:
    """Return a summary in Markdown: the verdict as a heading, a row for each requirement."""
    lines = [
        f"### {in_line(str(name))}: {verdict_of(results)}",
        "",
        "| verdict | requirement | found |",
        "|---|---|---|",
    ]
    rows = ((r["verdict"], f"`{r['requirement']}`", r["reason"]) for r in results)
    lines += ["| " + " | ".join(in_line(str(cell)) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def junit(name: str, results: Results) -> str:
    """Return a test suite in JUnit's XML, a test case for each requirement.

    What cannot be told is ``skipped``: no test failed, and none passed.
    """
    n = [r["verdict"] for r in results]
    counts = {
        "tests": len(n),
        "failures": n.count(GateVerdict.FAIL),
        "skipped": n.count(GateVerdict.CANNOT_TELL),
        "errors": 0,
    }
    suites = ElementTree.Element("testsuites")
    about = {"name": "robotvision gate", **{k: str(v) for k, v in counts.items()}}
    suite = ElementTree.SubElement(suites, "testsuite", about)
    for result in results:
        of = {"classname": _xml(name), "name": _xml(result["requirement"])}
        case = ElementTree.SubElement(suite, "testcase", of)
        reason = _xml(result["reason"])
        if result["verdict"] == GateVerdict.PASS:
            ElementTree.SubElement(case, "system-out").text = reason
        else:
            kind = "failure" if result["verdict"] == GateVerdict.FAIL else "skipped"
            ElementTree.SubElement(case, kind, {"message": reason})
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _xml(text: str) -> str:
    """Return a text without the characters that XML has no place for."""
    return "".join(c if c.isprintable() else "?" for c in text)
