"""A data set as the catalogue describes it.

Every address has a status: verified (named by a second source than our memory), or recollected.
Checksums stand here only where a source gives them; none is known today, so what comes first is
trusted: its SHA-256 is kept beside the download and compared ever after.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from robotvision.data.names import is_inside
from robotvision.errors import UnknownNameError
from robotvision.tasks import load_task
from robotvision.tasks.model import KnownCount, Status
from robotvision.yamlfile import Strict, load, validate


def _inside(path: str) -> str:
    if not is_inside(path):
        raise ValueError("expected a path that stays inside")
    return path


Inside = Annotated[str, AfterValidator(_inside)]


class Address(Strict):
    """An address and how far it can be trusted."""

    url: str = Field(pattern=r"^https?://")
    status: Status
    note: str = ""


class Archive(Strict):
    """A file to download: its path under the base address, and where its contents go."""

    name: Inside = Field(min_length=1)
    sequence: Inside
    unpack: bool = True
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")


class DataSet(Strict):
    """A data set.

    ``bases`` are the addresses of its archives, the best first; none where unknown or where the
    data are given out by hand (``access: form``). ``counts_from`` names a task that has its counts,
    ``more`` is a pattern of names of archives that are not listed.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    about: str
    homepage: Address
    access: Literal["public", "form"]
    how: str = "the address of its archives is not known"
    bases: tuple[Address, ...] = ()
    size: str
    licence: str
    citation: str
    reader: str | None = None
    archives: tuple[Archive, ...] = ()
    more: str | None = None
    counts: tuple[KnownCount, ...] = ()
    counts_from: str | None = None
    note: str = ""

    def known_counts(self) -> dict[str, KnownCount]:
        """Return what is known of the sequences' frames, by sequence."""
        counts = self.counts
        if self.counts_from is not None:
            counts += load_task(self.counts_from).known_counts
        own = {a.sequence for a in self.archives}
        return {c.sequence: c for c in counts if not own or c.sequence in own}


def _shipped() -> Path:
    return Path(__file__).parent


def data_set_names() -> list[str]:
    """Return the ids of all data sets, sorted."""
    return sorted(p.stem for p in _shipped().glob("*.yaml"))


@cache
def data_set(name: str) -> DataSet:
    """Return a data set by its id. Raises UnknownNameError."""
    if name not in data_set_names():
        raise UnknownNameError("data set", name, data_set_names())
    return validate(load(_shipped() / f"{name}.yaml"), DataSet)
