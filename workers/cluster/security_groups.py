"""Whether security groups let a new connection from one network interface to another; answers follow by themselves.

Security groups are stateful: what counts is the client's egress and the server's ingress at the destination port. Traffic
that does not leave its interface or its node never meets them, and neither does traffic to the VPC's own resolver.
https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from .aws import Aws
from .aws.values import Rule, SecurityGroup
from .errors import Gaps

PROTOCOL_NUMBERS = {"tcp": "6", "udp": "17"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a connection: the security groups of its interface and its address."""

    groups: tuple[str, ...]
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Whether a connection passes. egress, ingress: whether each side lets it; None where nobody can say.

    unread: groups and prefix lists on whose unknown rules it depends.
    """

    egress: bool | None
    ingress: bool | None
    unread: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool | None:
        """Whether both sides let it; None where nobody can say."""
        if self.egress is False or self.ingress is False:
            return False
        return True if self.egress and self.ingress else None


def allows(
    client: Side,
    server: Side,
    transport: str,
    port: int,
    groups: Mapping[str, SecurityGroup],
    prefix_lists: Mapping[str, tuple[str, ...]],
) -> Passage:
    """Whether CLIENT may open a connection to PORT of SERVER.

    groups: all that either side has. A group that is missing there and a prefix list that is missing in PREFIX_LISTS could
    not be read: what depends on them is None, never False. A rule that names a deleted group matches nothing.
    """
    egress, unread_out = _lets(client.groups, server, transport, port, groups, prefix_lists, outward=True)
    ingress, unread_in = _lets(server.groups, client, transport, port, groups, prefix_lists, outward=False)
    return Passage(egress=egress, ingress=ingress, unread=tuple(dict.fromkeys((*unread_out, *unread_in))))


def prefix_lists_of(groups: Iterable[SecurityGroup]) -> tuple[str, ...]:
    """The ids of the prefix lists that the groups' rules name."""
    rules = (rule for group in groups for rule in (*group.ingress, *group.egress))
    return tuple(sorted({name for rule in rules for name in rule.prefix_lists}))


def read_prefix_lists(aws: Aws, groups: Iterable[SecurityGroup], gaps: Gaps) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The prefix lists that the groups' rules name, each with its ranges; what cannot be read is a gap and left out."""
    found = ((name, gaps.of(partial(aws.prefix_list, name), None)) for name in prefix_lists_of(groups))
    return tuple((name, ranges) for name, ranges in found if ranges is not None)


def authorize(*, inward: bool, group: str, other: str, transport: str, region: str) -> str:
    """The command that lets port 53 in from (or out to) the other group."""
    verb = "ingress" if inward else "egress"
    permission = shlex.quote(f"IpProtocol={transport},FromPort=53,ToPort=53,UserIdGroupPairs=[{{GroupId={other}}}]")
    where = f" --region {region}" if region else ""
    return f"aws ec2 authorize-security-group-{verb}{where} --group-id {group} --ip-permissions {permission}"


def holds(network: str, address: str) -> bool:
    """Whether a range of either family holds an address; False where one of them is none."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _lets(
    own: Sequence[str],
    other: Side,
    transport: str,
    port: int,
    groups: Mapping[str, SecurityGroup],
    prefix_lists: Mapping[str, tuple[str, ...]],
    *,
    outward: bool,
) -> tuple[bool | None, tuple[str, ...]]:
    unread = [name for name in own if name not in groups]
    for group in (groups[name] for name in own if name in groups):
        for rule in group.egress if outward else group.ingress:
            if not _covers(rule, transport, port):
                continue
            if set(rule.groups) & set(other.groups) or any(holds(cidr, other.address) for cidr in rule.cidrs):
                return True, ()
            for name in rule.prefix_lists:
                if name not in prefix_lists:
                    unread.append(name)
                elif any(holds(cidr, other.address) for cidr in prefix_lists[name]):
                    return True, ()
    if not own:
        return None, ()
    return (None if unread else False), tuple(unread)


def _covers(rule: Rule, transport: str, port: int) -> bool:
    if rule.protocol not in ("-1", "all", transport, PROTOCOL_NUMBERS[transport]):
        return False
    return rule.protocol in ("-1", "all") or rule.first <= port <= rule.last
