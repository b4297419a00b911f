"""What every page is put together with: templates, style, scripts, and the ban on requests.

Nothing here reads a run or an image, so that a page can be made where only NumPy and the template
library are installed (the scoring program of a contest platform).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from robotvision.report.html.svg import number
from robotvision.report.table import minus
from robotvision.report.table import number as points_text
from robotvision.version import __version__

TIMELINE = ("state", "tracks", "timeline", "inspect", "frames", "export", "player", "start")
"""Scripts behind the timeline and the mistakes, in order."""
REPORT = (*TIMELINE[:-1], "tabs", "address", "start")
"""Scripts of a report's page."""
ENTRY = tuple(name for name in REPORT if name != "tabs")
"""Scripts of the page of a run in a contest, which has no measures in tabs."""


OWN = "robotvision.report.html"


@cache
def environment(package: str = OWN) -> jinja2.Environment:
    """Return the templates of all pages, a package's own before these; input is escaped."""
    jinja = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(p) for p in dict.fromkeys((package, OWN))]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters["number"] = number
    jinja.filters["points"] = lambda v: minus(points_text(v))
    jinja.filters["minus"] = lambda text: minus(str(text))
    jinja.filters["thousands"] = lambda n: f"{n:,}"
    jinja.filters["percent"] = lambda v: "-" if v is None else f"{v:.1%}"
    jinja.filters["signed"] = lambda v: ("+" if v > 0 else "") + number(v)
    return jinja


@cache
def static(kind: str, names: tuple[str, ...], package: str = OWN) -> str:
    """Return style sheets or scripts, joined: this package's, or another's of that name."""
    folders = [files(p) / "static" for p in (package, OWN)]
    found = [next(f for f in (d / f"{n}.{kind}" for d in folders) if f.is_file()) for n in names]
    return "\n".join(file.read_text(encoding="utf-8") for file in found)


def content_policy(script: str = "", *, is_served: bool = False, has_files: bool = False) -> str:
    """Return what the page may do: run this one script and ask nobody.

    ``is_served``: it may fetch images and events from the address it came from. ``has_files``: it
    may show images from files beside it.
    """
    own = " 'self'" * (is_served or has_files) + " file:" * has_files
    parts = ["default-src 'none'", f"img-src data:{own}", "style-src 'unsafe-inline'"]
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        parts.append(f"script-src 'sha256-{digest}'")
    if is_served:
        parts.append("connect-src 'self'")
    sends = "'self'" if is_served else "'none'"
    return "; ".join((*parts, "base-uri 'none'", f"form-action {sends}"))


def as_script(data: Any) -> Markup:
    """Return data as JSON that cannot end the script element it lies in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # every sign that could end the element is escaped # nosec B704


def render(
    template: str,
    *,
    scripts: Sequence[str] = (),
    styles: Sequence[str] = ("page", "parts"),
    is_served: bool = False,
    has_files: bool = False,
    package: str = OWN,
    **values: Any,
) -> str:
    """Return a page: ``template`` with style, scripts and content policy filled in.

    ``package`` is where template, scripts and styles are looked for before this one.
    """
    script = static("js", tuple(scripts), package)
    return (
        environment(package)
        .get_template(template)
        .render(
            version=__version__,
            is_served=is_served,
            style=Markup(static("css", tuple(styles), package)),  # our own file # nosec B704
            script=Markup(script),  # our own file # nosec B704
            policy=content_policy(script, is_served=is_served, has_files=has_files),
            **values,
        )
    )
