"""As much of HTTP/1.1 as a page on this machine needs: the head of a request, of an answer.

A request must be a GET and name this host, so that no other site can reach the page by a name of
its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

MAX_HEAD = 16_384
"""Bytes of a request up to its blank line."""
_LINE = re.compile(r"([A-Z]{1,16}) (\S{1,8000}) HTTP/1\.[01]")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: the path, the values of its query, the headers by lower name."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, list[str]]


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


def parse_request(head: bytes, port: int) -> Request | Response:
    """Return the request of a head, or the answer that refuses it.

    Parameters
    ----------
    head : bytes
        Up to the blank line.
    port : int
        Of this server, which the header ``Host`` must name.
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
    if len(hosts) != 1 or hosts[0].lower() not in (f"127.0.0.1:{port}", f"localhost:{port}"):
        return plain(HTTPStatus.FORBIDDEN, "this page is served to 127.0.0.1 alone")
    if match[1] != "GET":
        return plain(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is answered", allow="GET")
    try:
        address = urlsplit(match[2])
    except ValueError:
        return plain(HTTPStatus.BAD_REQUEST, "this is no address")
    return Request(address.path, parse_qs(address.query), headers)
