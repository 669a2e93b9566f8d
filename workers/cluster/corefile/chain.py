"""Which plugins of a server block answer for a name, in the order in which CoreDNS asks them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from workers.cluster.names import plain, under

from . import patterns
from .rewriting import rewritten
from .tree import Block, Directive
from .zones import Zone, zones_of

HOSTS_OPTIONS = ("fallthrough", "fallthrough_unsupported", "no_reverse", "reload", "ttl")


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
    """Which plugin takes a name, and what it does. zone: the part of the names that it takes.

    entry: whether it names the very name. passes: whether it may still hand the name on.
    """

    answer: Answer
    directive: Directive
    zone: str
    entry: bool = False
    passes: bool = False

    @property
    def plugin(self) -> str:
        """Its name."""
        return self.directive.name

    @property
    def line(self) -> int:
        """Where it stands."""
        return self.directive.line

    @property
    def says(self) -> str:
        """As it is written, without its body."""
        return " ".join((self.directive.name, *self.directive.args))


def answering(block: Block, zone: Zone, name: str, rtype: str) -> Iterator[Taken]:
    """The plugins of a block that take NAME, in CoreDNS' order, up to the first that surely passes nothing on."""
    new, rtype, by = rewritten(block.all("rewrite"), name, rtype)
    if by is not None:
        yield Taken(Answer.RENAMED, by, name, entry=True)
        return
    query = Query(block, zone, new, rtype)
    for plugin, look in _ORDER:
        for directive in block.all(plugin):
            one = look(directive, query)
            if one is not None:
                yield one
                if not one.passes:
                    return


@dataclass(frozen=True, slots=True)
class Query:
    """A query on its way through a block. zone: that of the block's zones which holds the name. name: lower case."""

    block: Block
    zone: Zone
    name: str
    rtype: str

    def held(self, args: tuple[str, ...]) -> str | None:
        """The longest zone that holds the name, of those that a plugin names, else of those of its block."""
        return max((zone for zone in zones_in(self.block, args) if under(self.name, zone)), key=len, default=None)

    def falls_through(self, directive: Directive) -> bool:
        """Whether `fallthrough` hands the name on."""
        option = directive.option("fallthrough")
        if option is None:
            return False
        return not option or any(under(self.name, zone.name) for arg in option for zone in zones_of(arg))


def zones_in(block: Block, args: tuple[str, ...]) -> tuple[str, ...]:
    """The zones that a plugin names, else those of its block."""
    named = tuple(zone.name for arg in args for zone in zones_of(arg))
    return named or tuple(zone.name for zone in block.zones)


def _template(directive: Directive, query: Query) -> Taken | None:
    if len(directive.args) < 2 or directive.args[0].upper() not in ("IN", "ANY"):
        return None
    zone = query.held(directive.args[2:])
    if zone is None or directive.args[1].upper() not in ("ANY", query.rtype):
        return None
    wanted = [word for line in directive.body if line.words[0] == "match" for word in line.words[1:]] or [".*"]
    if any(patterns.found(pattern, f"{query.name}.") for pattern in wanted):
        return Taken(Answer.OWN, directive, zone)
    if query.falls_through(directive) or not all(map(patterns.usable, wanted)):
        return None
    return Taken(Answer.SERVFAIL, directive, zone)


def _hosts(directive: Directive, query: Query) -> Taken | None:
    zone = query.held(directive.args[1:])
    if zone is None:
        return None
    entries = (line for line in directive.body if line.words[0] not in HOSTS_OPTIONS)
    if query.name in {plain(word) for line in entries for word in line.words[1:]}:
        return Taken(Answer.OWN, directive, zone, entry=True)
    # Its file, if there is one, may hold the name: then the answer is its own.
    return None if query.falls_through(directive) else Taken(Answer.SERVFAIL, directive, zone)


def _kubernetes(directive: Directive, query: Query) -> Taken | None:
    zone = query.held(directive.args)
    passes = query.falls_through(directive)
    return None if zone is None else Taken(Answer.REAL, directive, zone, passes=passes)


def _own(zones: Callable[[Directive], tuple[str, ...]], *, block: bool = True) -> Look:
    """A plugin that answers from its own data for its zones. block: whether it has those of its block if it names none."""

    def look(directive: Directive, query: Query) -> Taken | None:
        named = zones(directive)
        zone = query.held(named) if named or block else None
        if zone is None or query.falls_through(directive):
            return None
        # `auto` holds only those zones for which it finds a file.
        return Taken(Answer.OWN, directive, zone, passes=directive.name == "auto")

    return look


def _before_colon(directive: Directive) -> tuple[str, ...]:
    return tuple(arg.partition(":")[0] for arg in directive.args)


def _behind_colon(directive: Directive) -> tuple[str, ...]:
    return tuple(arg.partition(":")[2] for arg in directive.args)


def excepts(directive: Directive, name: str) -> bool:
    """Whether a `forward` leaves NAME out."""
    excepted = directive.option("except") or ()
    return any(under(plain(name), each.name) for arg in excepted for each in zones_of(arg))


def _forward(directive: Directive, query: Query) -> Taken | None:
    if excepts(directive, query.name):
        return None
    for source in zones_of(directive.args[0]) if directive.args else ():
        if under(query.name, source.name):
            return Taken(Answer.REAL, directive, source.name or query.zone.name)
    return None


Look = Callable[[Directive, Query], Taken | None]
# In the order of CoreDNS' own chain, which the order of the Corefile does not change; `rewrite` comes before all of these.
_ORDER: tuple[tuple[str, Look], ...] = (
    ("template", _template), ("hosts", _hosts), ("route53", _own(_before_colon, block=False)),
    ("azure", _own(_behind_colon, block=False)), ("clouddns", _own(_before_colon, block=False)),
    ("kubernetes", _kubernetes), ("file", _own(lambda one: one.args[1:])), ("auto", _own(lambda one: one.args)),
    ("secondary", _own(lambda one: one.args)), ("etcd", _own(lambda one: one.args)),
    ("forward", _forward), ("grpc", _forward),
)  # fmt: skip
