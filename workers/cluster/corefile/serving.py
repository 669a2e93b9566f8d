"""Who answers a name: which server block takes it, and which plugin of it comes first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from .tree import Block, Corefile, Directive
from .zones import Zone, under, zones_of

MAX_PATTERN = 300
MAX_NAME = 256
_NESTED = re.compile(r"[+*}]\s*\)\s*[+*{]")


class Answer(StrEnum):
    """What a plugin makes of a name."""

    OWN = "own"
    """It answers from its own data: right only if that was meant."""
    SERVFAIL = "servfail"
    """It lacks the name and does not pass it on."""
    RENAMED = "renamed"
    """It asks for another name instead."""
    REAL = "real"
    """The place where the name belongs: `kubernetes` or a forward."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Which plugin takes a name, and what it does. zone: the part of the names that it takes."""

    answer: Answer
    plugin: str
    line: int
    zone: str
    says: str


def main_port(corefile: Corefile) -> int:
    """The port on which pods ask: 53, or that of the first plain block (kube-dns may map it)."""
    ports = [zone.port for block in corefile.blocks for zone in block.zones if zone.transport == "dns"]
    return 53 if 53 in ports or not ports else ports[0]


def block_for(corefile: Corefile, name: str, port: int) -> tuple[Block, Zone] | None:
    """The block that takes NAME on PORT, the one with the longest zone, and that zone."""
    found = [
        (block, zone)
        for block in corefile.blocks
        for zone in block.zones
        if zone.transport == "dns" and zone.port == port and under(name, zone.name)
    ]
    return max(found, key=lambda pair: len(pair[1].name), default=None)


def taken(corefile: Corefile, name: str, rtype: str = "A") -> Taken | None:
    """The first plugin that takes NAME where pods ask, or None where nothing does (CoreDNS refuses it)."""
    found = block_for(corefile, name, main_port(corefile))
    if found is None:
        return None
    block, zone = found
    for plugin, look in _ORDER:
        for directive in block.all(plugin):
            for each in look(directive, block, zone, name.rstrip(".").lower(), rtype):
                return each
    return None


def zones_in(block: Block, args: tuple[str, ...]) -> tuple[str, ...]:
    """The zones that a plugin names, else those of its block."""
    named = tuple(zone.name for arg in args for zone in zones_of(arg))
    return named or tuple(zone.name for zone in block.zones)


def _holding(zones: tuple[str, ...], name: str) -> str | None:
    return max((zone for zone in zones if under(name, zone)), key=len, default=None)


def _through(directive: Directive, name: str) -> bool:
    """Whether `fallthrough` hands NAME on."""
    option = directive.option("fallthrough")
    if option is None:
        return False
    return not option or any(under(name, zone.name) for arg in option for zone in zones_of(arg))


def _rewrite(directive: Directive, _: Block, __: Zone, name: str, ___: str) -> Iterator[Taken]:
    words = [word for word in directive.args if word.lower() not in ("stop", "continue")] or [""]
    if words[0].lower() != "name" or len(words) < 3:
        return
    how = words[1].lower() if words[1].lower() in ("exact", "prefix", "suffix", "substring", "regex") else "exact"
    wanted = words[2] if words[1].lower() == how and len(words) > 3 else words[1]
    if _renames(how, wanted, name):
        yield Taken(Answer.RENAMED, "rewrite", directive.line, name, " ".join(("rewrite", *directive.args)))


def _renames(how: str, wanted: str, name: str) -> bool:
    plain = wanted.rstrip(".").lower() if how in ("exact", "suffix") else wanted.lower()
    if how == "regex":
        return _searches(wanted, f"{name}.")
    tests = {"exact": name == plain, "prefix": name.startswith(plain), "suffix": name.endswith(plain)}
    return tests.get(how, plain in name)


def _searches(pattern: str, name: str) -> bool:
    """Whether a pattern finds something; one that could take for ever here (not in Go) finds nothing."""
    if len(pattern) > MAX_PATTERN or len(name) > MAX_NAME or _NESTED.search(pattern):
        return False
    try:
        return re.search(pattern, name) is not None
    except (re.error, OverflowError, RecursionError):
        return False


def _template(directive: Directive, block: Block, _: Zone, name: str, rtype: str) -> Iterator[Taken]:
    if len(directive.args) < 2 or directive.args[0].upper() not in ("IN", "ANY"):
        return
    zone = _holding(zones_in(block, directive.args[2:]), name)
    if zone is None or directive.args[1].upper() not in ("ANY", rtype):
        return
    patterns = [word for line in directive.body if line.words[0] == "match" for word in line.words[1:]] or [".*"]
    says = " ".join(("template", *directive.args))
    if any(_renames("regex", pattern, name) for pattern in patterns):
        yield Taken(Answer.OWN, "template", directive.line, zone, says)
    elif not _through(directive, name) and all(_compiles(pattern) for pattern in patterns):
        yield Taken(Answer.SERVFAIL, "template", directive.line, zone, says)


def _compiles(pattern: str) -> bool:
    """Whether Python understands a pattern well enough to say that it does not match."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return len(pattern) <= MAX_PATTERN and not _NESTED.search(pattern)


def _hosts(directive: Directive, block: Block, _: Zone, name: str, __: str) -> Iterator[Taken]:
    zone = _holding(zones_in(block, directive.args[1:]), name)
    if zone is None:
        return
    names = {word.rstrip(".").lower() for line in directive.body for word in line.words[1:]}
    says = " ".join(("hosts", *directive.args))
    if name in names:
        yield Taken(Answer.OWN, "hosts", directive.line, zone, says)
    elif not _through(directive, name):
        # Its file, if there is one, may hold the name: then the answer is its own.
        yield Taken(Answer.SERVFAIL, "hosts", directive.line, zone, says)


def _kubernetes(directive: Directive, block: Block, _: Zone, name: str, __: str) -> Iterator[Taken]:
    zone = _holding(zones_in(block, directive.args), name)
    if zone is not None:
        yield Taken(Answer.REAL, "kubernetes", directive.line, zone, " ".join(("kubernetes", *directive.args)))


def _file(directive: Directive, block: Block, _: Zone, name: str, __: str) -> Iterator[Taken]:
    zone = _holding(zones_in(block, directive.args[1:]), name)
    if zone is not None and not _through(directive, name):
        yield Taken(Answer.OWN, directive.name, directive.line, zone, " ".join((directive.name, *directive.args)))


def _forward(directive: Directive, _: Block, zone: Zone, name: str, __: str) -> Iterator[Taken]:
    excepted = directive.option("except") or ()
    if any(under(name, each.name) for arg in excepted for each in zones_of(arg)):
        return
    for source in zones_of(directive.args[0]) if directive.args else ():
        if under(name, source.name):
            says = " ".join((directive.name, *directive.args))
            yield Taken(Answer.REAL, directive.name, directive.line, source.name or zone.name, says)


# In the order of CoreDNS' own chain, which the order of the Corefile does not change.
_ORDER = (
    ("rewrite", _rewrite), ("template", _template), ("hosts", _hosts), ("kubernetes", _kubernetes), ("file", _file),
    ("auto", _file), ("forward", _forward), ("grpc", _forward),
)  # fmt: skip
