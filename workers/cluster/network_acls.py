"""Whether network ACLs let a question from one address to another, and the answer back.

Network ACLs are stateless: each packet meets the entries of the subnet that it leaves and of the one that it enters, in the
order of their numbers, and the first that matches decides. Inside one subnet none applies, nor to the VPC's own resolver.
https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .aws.values import AclEntry, NetworkAcl
from .security_groups import PROTOCOL_NUMBERS, holds

CLIENT_PORTS = (32768, 60999)
"""The ports that Linux takes for a client by itself (net.ipv4.ip_local_port_range)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One end: its address, and the subnet whose network ACL holds for it."""

    subnet: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """What stops a packet. way: `question` or `answer`. entry: the number of the entry that denies it (`*` is 32767).

    ports: the destination ports that are denied, inclusive; partly: whether others of the client's ports pass.
    """

    acl: str
    subnet: str
    egress: bool
    way: str
    entry: int
    transport: str
    source: str
    target: str
    ports: tuple[int, int]
    partly: bool = False

    @property
    def line(self) -> str:
        """The denial in a line, for evidence."""
        first, last = self.ports
        ports = str(first) if first == last else f"{first}-{last}"
        rule = "*" if self.entry >= 32767 else str(self.entry)
        return (
            f"{self.acl} ({self.subnet}) {'outbound' if self.egress else 'inbound'} rule {rule} denies {self.transport} "
            f"{self.source} -> {self.target} port {ports} (the {self.way})"
        )


def denials(
    client: Point, server: Point, transport: str, port: int, acls: Sequence[NetworkAcl]
) -> tuple[Denial, ...] | None:
    """What of a question to PORT and its answer is denied, in the packets' order; None where an ACL could not be read.

    The answer goes to any port of CLIENT_PORTS: where only a part of them is denied, some questions stay without answers.
    """
    if client.subnet == server.subnet:
        return ()
    by_subnet = {subnet: acl for acl in acls for subnet in acl.subnets}
    if client.subnet not in by_subnet or server.subnet not in by_subnet:
        return None
    near, far = by_subnet[client.subnet], by_subnet[server.subnet]
    hops = (
        (near, client.subnet, True, "question", client, server, (port, port)),
        (far, server.subnet, False, "question", client, server, (port, port)),
        (far, server.subnet, True, "answer", server, client, CLIENT_PORTS),
        (near, client.subnet, False, "answer", server, client, CLIENT_PORTS),
    )
    found = []
    for acl, subnet, egress, way, source, target, ports in hops:
        remote = target.address if egress else source.address
        for denied, entry in _denied(acl, transport, remote, ports, egress=egress):
            found.append(
                Denial(
                    acl=acl.id, subnet=subnet, egress=egress, way=way, entry=entry, transport=transport,
                    source=source.address, target=target.address, ports=denied, partly=denied != ports,
                )
            )  # fmt: skip
    return tuple(found)


def _denied(
    acl: NetworkAcl, transport: str, remote: str, ports: tuple[int, int], *, egress: bool
) -> Iterator[tuple[tuple[int, int], int]]:
    """The parts of PORTS that are denied, and the number of the entry that does it; what none matches is denied too."""
    open_parts = [ports]
    for entry in sorted(acl.entries, key=lambda e: e.number):
        if entry.egress is not egress or not _matches(entry, transport, remote):
            continue
        left: list[tuple[int, int]] = []
        for part in open_parts:
            inside, outside = _cut(part, (entry.first, entry.last))
            left += outside
            if inside is not None and not entry.allow:
                yield inside, entry.number
        open_parts = left
    yield from ((part, 32767) for part in open_parts)


def _matches(entry: AclEntry, transport: str, remote: str) -> bool:
    return entry.protocol in ("-1", "all", transport, PROTOCOL_NUMBERS[transport]) and holds(entry.cidr, remote)


def _cut(part: tuple[int, int], by: tuple[int, int]) -> tuple[tuple[int, int] | None, list[tuple[int, int]]]:
    """PART's piece inside BY, and its pieces outside."""
    first, last = max(part[0], by[0]), min(part[1], by[1])
    if first > last:
        return None, [part]
    return (first, last), [(a, b) for a, b in ((part[0], first - 1), (last + 1, part[1])) if a <= b]
