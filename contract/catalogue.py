"""The public codes and the page that explains each: what a finding means and what to do about it.

`codes.json` fixes the codes, their order and their titles; `pages/<code>.md` holds the words for people. Nothing is
read before somebody asks, since every command imports this.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from contract.model import Severity, Status

CANNOT_SEE = "cannot-see"
"""The code of the outcome that is neither healthy nor broken: dnsmedic could not look."""

_SECTIONS = ("What it is", "How it shows", "How it is told from its look-alikes", "What to do", "Source")
_PAGE = re.compile(
    r"---\nsource: (?P<address>https://\S+)\n---\n\n# (?P<title>[^\n]+)\n\n"
    + r"\n\n".join(rf"## {heading}\n\n(?P<part{i}>.+?)" for i, heading in enumerate(_SECTIONS))
    + r"\n*",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Code:
    """One public code. Never renamed, never reused.

    id: F01 to F61, empty for `cannot-see`. severity: the usual one. status: what the code makes of a verdict.
    source: the https address of the document that its page rests on.
    """

    id: str
    code: str
    layer: str
    title: str
    severity: Severity
    status: Status
    source: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a person reads about a code: Markdown, a section each.

    source: in words where it comes from, with the address.
    """

    title: str
    what: str
    shows: str
    told_apart: str
    fix: str
    source: str

    @property
    def sections(self) -> tuple[tuple[str, str], ...]:
        """Each heading with what stands under it, in the order of the file."""
        return tuple(zip(_SECTIONS, (self.what, self.shows, self.told_apart, self.fix, self.source), strict=True))


class _Codes(Mapping[str, Code]):
    """All codes in their order, read at the first look."""

    def __getitem__(self, code: str) -> Code:
        return _codes()[code]

    def __iter__(self) -> Iterator[str]:
        return iter(_codes())

    def __len__(self) -> int:
        return len(_codes())


CODES: Mapping[str, Code] = _Codes()
"""Every public code, by its name: F01 to F61 in order, then `cannot-see`."""


def page(code: str) -> Page:
    """The page of a code. Raises KeyError for a code that is not public."""
    return _written(_entries()[code]["code"])[1]


def source_of(code: str) -> str:
    """The https address of the document that the code rests on. Raises KeyError for a code that is not public."""
    return _written(_entries()[code]["code"])[0]


def parse(text: str) -> tuple[str, Page]:
    """The address of the source, and the page, from the text of a file in `pages/`.

    Raises ValueError for a text of another form.
    """
    found = _PAGE.fullmatch(text)
    if found is None:
        raise ValueError("a page has its source, its title and five sections, in this order: " + ", ".join(_SECTIONS))
    address, *words = found.groups()
    return address, Page(*words)


@cache
def _codes() -> dict[str, Code]:
    return {entry["code"]: _code(entry) for entry in _entries().values()}


def _code(entry: Mapping[str, str]) -> Code:
    return Code(
        id=entry["id"],
        code=entry["code"],
        layer=entry["layer"],
        title=entry["title"],
        severity=Severity(entry["severity"]),
        status=Status(entry["status"]),
        source=source_of(entry["code"]),
    )


@cache
def _entries() -> dict[str, dict[str, str]]:
    listed: list[dict[str, str]] = json.loads(files("contract").joinpath("codes.json").read_text("utf-8"))
    return {entry["code"]: entry for entry in [*listed, _CANNOT_SEE_ENTRY]}


_CANNOT_SEE_ENTRY = {
    "id": "",
    "code": CANNOT_SEE,
    "layer": "access",
    "title": "dnsmedic cannot see the cluster, or a part of it",
    "severity": Severity.WARNING.value,
    "status": Status.CANNOT_SEE.value,
}


@cache
def _written(code: str) -> tuple[str, Page]:
    return parse(files("contract").joinpath("pages", f"{code}.md").read_text("utf-8"))
