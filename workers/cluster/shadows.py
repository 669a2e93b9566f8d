"""Which plugins of a Corefile answer for a name in place of what CoreDNS forwards to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .corefile import Block, Corefile, Directive, under
from .names import plain

FILES = ("file", "auto", "secondary", "etcd", "route53", "azure", "clouddns", "kubernetes")
"""Plugins that take their zones as arguments (`file` after the name of its file)."""
PATTERN = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """A plugin (or a server block of its own) that answers for the name. zone: "" for every name. line: in the Corefile.

    entry: whether it names the very name. text: the directive as written, shortened.
    """

    plugin: str
    zone: str
    line: int
    text: str
    entry: bool = False


def block_of(corefile: Corefile, name: str) -> Block | None:
    """The server block that CoreDNS takes a plain query for NAME to: the one with the longest zone."""
    fits = [
        (len(zone.name), block)
        for block in corefile.blocks
        for zone in block.zones
        if zone.transport == "dns" and zone.port == 53 and under(name, zone.name)
    ]
    return max(fits, key=lambda pair: pair[0])[1] if fits else None


def shadows(corefile: Corefile, name: str) -> tuple[Shadow, ...]:
    """What answers for NAME before its query is forwarded, in the order of the file. Never raises."""
    name = plain(name)
    block = block_of(corefile, name)
    if block is None:
        return ()
    found = [one for directive in block.directives for one in _of(block, directive, name)]
    if not block.is_root and not block.all("forward"):
        zone = _zone(block, name)
        found.append(
            Shadow(plugin="server block", zone=zone, line=block.line, text=f"{' '.join(block.keys)} {{ ... }}")
        )
    return tuple(found)


def _zone(block: Block, name: str) -> str:
    return max((z.name for z in block.zones if under(name, z.name)), key=len, default="")


def _of(block: Block, one: Directive, name: str) -> Iterator[Shadow]:
    if one.name == "rewrite":
        if _rewrites(one, name):
            yield Shadow(plugin="rewrite", zone=name, line=one.line, text=_text(one), entry=True)
        return
    zones = _zones(block, one)
    zone = max((z for z in zones if under(name, z)), key=len, default=None)
    if zone is None:
        return
    entry = one.name == "hosts" and any(name in map(plain, line.words[1:]) for line in one.body)
    if entry or _matches(one, name) or not _falls_through(one, name):
        yield Shadow(plugin=one.name, zone=zone, line=one.line, text=_text(one), entry=entry)


def _zones(block: Block, one: Directive) -> tuple[str, ...]:
    """The zones for which a plugin answers; none for plugins that answer nothing themselves."""
    own = tuple(zone.name for zone in block.zones)
    if one.name in ("hosts", "file"):
        return tuple(plain(z) for z in one.args[1:]) or own
    if one.name == "template":
        return tuple(plain(z) for z in one.args[2:]) or own
    if one.name in FILES:
        zones = tuple(plain(z.partition(":")[0]) for z in one.args)
        return zones or own
    return ()


def _falls_through(one: Directive, name: str) -> bool:
    zones = one.option("fallthrough")
    return zones is not None and (not zones or any(under(name, zone) for zone in zones))


def _matches(one: Directive, name: str) -> bool:
    patterns = [line.words[1] for line in one.body if line.words[0] == "match" and len(line.words) > 1]
    return one.name == "template" and any(_search(pattern, f"{name}.") for pattern in patterns)


def _rewrites(one: Directive, name: str) -> bool:
    """Whether a `rewrite name` changes NAME, on one line or in a body."""
    for words in (one.args, *(line.words for line in one.body)):
        rest = [w for w in words if w not in ("continue", "stop")]
        if len(rest) >= 3 and rest[0] == "name":
            how, what = (rest[1], rest[2]) if rest[1] in HOW and len(rest) > 3 else ("exact", rest[1])
            if _fits(how, plain(what) if how != "regex" else what, name):
                return True
    return False


HOW = ("exact", "prefix", "suffix", "substring", "regex")


def _fits(how: str, what: str, name: str) -> bool:
    if how == "prefix":
        return name.startswith(what)
    if how == "suffix":
        return name.endswith(what)
    if how == "substring":
        return what in name
    return _search(what, f"{name}.") or _search(what, name) if how == "regex" else name == what


def _search(pattern: str, name: str) -> bool:
    """Whether a pattern of the Corefile finds something in NAME; one that Python does not know finds nothing."""
    if len(pattern) > PATTERN or re.search(r"[+*}]\s*\)\s*[+*{]", pattern):
        return False  # too long, or nested repeats, which can take for ever
    try:
        return re.search(pattern, name) is not None
    except (re.error, OverflowError, RecursionError):
        return False


def _text(one: Directive) -> str:
    body = "; ".join(" ".join(line.words) for line in one.body[:4])
    return f"{' '.join((one.name, *one.args))}{f' {{ {body} }}' if body else ''}"[:200]
