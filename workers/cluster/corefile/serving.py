"""Who answers a name: which server block takes it, and which plugin of it comes first."""

from __future__ import annotations

from dataclasses import dataclass

from workers.cluster.names import plain, under

from .chain import Answer, Taken, answering
from .plugins import EXTERNAL, HANDS_ON
from .tree import Block, Corefile
from .zones import Zone

MAX_TEXT = 200


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


def main_port(corefile: Corefile) -> int:
    """The port on which pods ask: 53, or that of the first plain block (kube-dns may map it)."""
    ports = [zone.port for block in corefile.blocks for zone in block.zones if zone.transport == "dns"]
    return 53 if 53 in ports or not ports else ports[0]


def block_for(corefile: Corefile, name: str, port: int | None = None) -> tuple[Block, Zone] | None:
    """The block that takes a plain query for NAME, the one with the longest zone, and that zone.

    port: None for that on which pods ask.
    """
    port = main_port(corefile) if port is None else port
    found = [
        (block, zone)
        for block in corefile.blocks
        for zone in block.zones
        if zone.transport == "dns" and zone.port == port and under(name, zone.name)
    ]
    return max(found, key=lambda pair: len(pair[1].name), default=None)


def block_of(corefile: Corefile, name: str) -> Block | None:
    """The block that takes a plain query for NAME where pods ask."""
    found = block_for(corefile, name)
    return found[0] if found else None


def taken(corefile: Corefile, name: str, rtype: str = "A") -> Taken | None:
    """The first plugin that takes NAME where pods ask, or None where nothing does (CoreDNS refuses it)."""
    found = block_for(corefile, name)
    return next(answering(*found, plain(name), rtype), None) if found else None


def shadows(corefile: Corefile, name: str, rtype: str = "A") -> tuple[Shadow, ...]:
    """What answers for NAME before its query is forwarded, in CoreDNS' order, up to the first that passes nothing on.

    A server block without a forward, in which nothing answers, is one too. Never raises.
    """
    found = block_for(corefile, name)
    if found is None:
        return ()
    block, zone = found
    every = tuple(answering(block, zone, plain(name), rtype))
    if not every and not block.is_root and not any(each.name in (*HANDS_ON, *EXTERNAL) for each in block.directives):
        text = f"{' '.join(block.keys)} {{ ... }}"
        return (Shadow(plugin="server block", zone=zone.name, line=block.line, text=text),)
    return tuple(_shadow(each) for each in every if not _belongs(each))


def overridden(corefile: Corefile, name: str, rtype: str = "A") -> bool:
    """Whether something else than `kubernetes` decides what the cluster's name NAME gets. Never raises."""
    return any(one.plugin != "kubernetes" for one in shadows(corefile, name, rtype))


def _belongs(one: Taken) -> bool:
    """Whether the name is looked for where it belongs; `kubernetes` knows only its own, and denies all others."""
    return one.answer is Answer.REAL and (one.plugin != "kubernetes" or one.passes)


def _shadow(one: Taken) -> Shadow:
    body = "; ".join(" ".join(line.words) for line in one.directive.body[:4])
    text = f"{one.says}{f' {{ {body} }}' if body else ''}"[:MAX_TEXT]
    return Shadow(plugin=one.plugin, zone=one.zone, line=one.line, text=text, entry=one.entry)
