"""Which Resolver rule and which DNS Firewall rule a name meets, by the order of Route 53 Resolver.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-overview-DSN-queries-to-vpc.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .aws.values import FirewallRule, ResolverEndpoint, ResolverRule, SecurityGroup
from .names import plain, under
from .security_groups import Side, allows

ADDRESS_TYPES = ("", "A", "AAAA", "1", "28")


def winning(name: str, rules: Iterable[ResolverRule], zones: Iterable[str]) -> ResolverRule | None:
    """The FORWARD rule that takes NAME; None where none does.

    The longest domain wins; a rule goes before a private zone of the same domain; a SYSTEM rule undoes a shorter FORWARD.
    """
    fitting = sorted((r for r in rules if under(name, r.domain)), key=lambda r: (-len(r.domain), r.id))
    if not fitting or fitting[0].kind != "FORWARD":
        return None
    longest = max((len(zone) for zone in zones if under(name, zone)), default=-1)
    return fitting[0] if len(fitting[0].domain) >= longest else None


def first_match(name: str, rules: Sequence[FirewallRule]) -> FirewallRule | None:
    """The first DNS Firewall rule about addresses whose list holds NAME; None where none does, or a list is not shown."""
    for rule in rules:
        if rule.kind not in ADDRESS_TYPES:
            continue
        if any(_holds(domain, name) for domain in rule.domains):
            return rule
    return None


def unreachable_targets(
    rules: Iterable[ResolverRule], endpoints: Iterable[ResolverEndpoint], groups: Iterable[SecurityGroup]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """For each endpoint, where its security groups let it ask none of its rules' targets over UDP: those targets."""
    known = {group.id: group for group in groups}
    for endpoint in endpoints:
        targets = [t for rule in rules if rule.endpoint == endpoint.id for t in rule.targets]
        seen = {target: _passes(endpoint, target, known) for target in targets}
        if seen and all(passes is False for passes in seen.values()):
            yield endpoint.id, tuple(seen)


def _passes(endpoint: ResolverEndpoint, target: str, groups: dict[str, SecurityGroup]) -> bool | None:
    """Whether an endpoint's question gets out to ADDRESS:PORT; groups as the other side of a rule may fit an address too."""
    address, _, port = target.rpartition(":")
    if not port.isdecimal() or any(name not in groups for name in endpoint.groups):
        return None
    rules = [rule for name in endpoint.groups for rule in groups[name].egress]
    if any(rule.groups or rule.prefix_lists for rule in rules):
        return None
    side = Side(groups=endpoint.groups, address="")
    return allows(side, Side(groups=(), address=address), "udp", int(port), groups, {}).egress


def _holds(domain: str, name: str) -> bool:
    domain, name = plain(domain), plain(name)
    return name.endswith(domain[1:]) if domain.startswith("*") else name == domain
