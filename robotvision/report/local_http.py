"""As much of HTTP/1.1 as a page on this machine needs: the head of a request, of an answer.

A request must name this host, so that no other site can reach the page by a name of its own, and
be of a method that the server answers. One that changes something must come from the page itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

MAX_HEAD = 16_384
"""Bytes of a request up to its blank line."""
HTML = "text/html; charset=utf-8"
_LINE = re.compile(r"([A-Z]{1,16}) (\S{1,8000}) HTTP/1\.[01]")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: the path, the values of its query, the headers by lower name."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, list[str]]
    method: str = "GET"

    @property
    def body_length(self) -> int | None:
        """Bytes that follow the head, None where the head does not say it in one number."""
        lengths = self.headers.get("content-length", ["0"])
        is_number = len(lengths) == 1 and lengths[0].isascii() and lengths[0].isdigit()
        has_other = "transfer-encoding" in self.headers
        return int(lengths[0][:12]) if is_number and not has_other else None


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: its status, its kind of content, its content; ``body`` None: it goes on."""

    status: HTTPStatus
    kind: str
    body: bytes | None
    cache: str = "no-store"
    allow: str = ""

    def encode(self) -> bytes:
        """Return the bytes of the head, and of the body where there is one."""
        headers = {
            "Server": "robotvision",
            "Content-Type": self.kind,
            "Cache-Control": self.cache,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Frame-Options": "DENY",
            "Connection": "close",
        }
        if self.allow:
            headers["Allow"] = self.allow
        if self.body is not None:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"HTTP/1.1 {int(self.status)} {self.status.phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii") + (self.body or b"")


def plain(status: HTTPStatus, text: str, allow: str = "") -> Response:
    """Return an answer of one line."""
    return Response(status, "text/plain; charset=utf-8", f"{text}\n".encode(), allow=allow)


def too_long() -> Response:
    """Return the answer to a head that does not end."""
    return plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too long a request")


def parse_head(head: bytes, port: int, methods: Sequence[str] = ("GET",)) -> Request | Response:
    """Return the request of a head, or the answer that refuses it.

    Parameters
    ----------
    head : bytes
        Up to the blank line.
    port : int
        Of this server, which the header ``Host`` must name.
    methods : sequence of str
        What is answered. A request that is no GET and names an ``Origin`` must name this server's.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    match = _LINE.fullmatch(first)
    if match is None:
        return plain(HTTPStatus.BAD_REQUEST, "this is no request")
    headers: dict[str, list[str]] = {}
    for line in filter(None, lines):
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    hosts = headers.get("host", [])
    own = (f"127.0.0.1:{port}", f"localhost:{port}")
    if len(hosts) != 1 or hosts[0].lower() not in own:
        return plain(HTTPStatus.FORBIDDEN, "this page is served to 127.0.0.1 alone")
    if match[1] not in methods:
        allowed = ", ".join(methods)
        text = f"only {' and '.join(methods)} is answered"
        return plain(HTTPStatus.METHOD_NOT_ALLOWED, text, allow=allowed)
    origins = headers.get("origin", [])
    if match[1] != "GET" and any(o.lower().removeprefix("http://") not in own for o in origins):
        return plain(HTTPStatus.FORBIDDEN, "asked for by another page")
    try:
        address = urlsplit(match[2])
    except ValueError:
        return plain(HTTPStatus.BAD_REQUEST, "this is no address")
    return Request(address.path, parse_qs(address.query), headers, match[1])
