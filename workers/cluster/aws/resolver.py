"""What Route 53 Resolver does with the VPC's questions: forwarding rules, endpoints, DNS Firewall."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workers.cluster.errors import CannotRead, Why

from .calls import Calls
from .values import FirewallRule, ResolverEndpoint, ResolverRule

SERVICE = "route53resolver"


class Resolver(Calls):
    """The readings of Route 53 Resolver."""

    def resolver_rules(self, vpc: str) -> tuple[ResolverRule, ...]:
        """The Resolver rules that are associated with the VPC."""

        def ask() -> tuple[ResolverRule, ...]:
            bound = self._pages(
                SERVICE, "ListResolverRuleAssociations", "ResolverRuleAssociations", "Resolver rule associations",
                Filters=[{"Name": "VPCId", "Values": [vpc]}],
            )  # fmt: skip
            here = {str(a.get("ResolverRuleId")) for a in bound if a.get("VPCId") == vpc}
            rules = self._pages(SERVICE, "ListResolverRules", "ResolverRules", "Resolver rules") if here else ()
            return tuple(_rule(raw) for raw in rules if str(raw.get("Id")) in here)

        return self._memo.once(("rules", vpc), ask)

    def resolver_endpoints(self) -> tuple[ResolverEndpoint, ...]:
        """The Resolver endpoints of the account and region."""

        def ask() -> tuple[ResolverEndpoint, ...]:
            return tuple(
                ResolverEndpoint(
                    id=str(raw.get("Id") or ""),
                    name=str(raw.get("Name") or ""),
                    status=str(raw.get("Status") or ""),
                    direction=str(raw.get("Direction") or ""),
                    groups=tuple(raw.get("SecurityGroupIds") or ()),
                )
                for raw in self._pages(SERVICE, "ListResolverEndpoints", "ResolverEndpoints", "Resolver endpoints")
            )

        return self._memo.once("endpoints", ask)

    def firewall_rules(self, vpc: str) -> tuple[FirewallRule, ...]:
        """The DNS Firewall rules of the VPC with their domains, in the order in which they are tried."""
        return self._memo.once(("firewall", vpc), lambda: tuple(self._firewall(vpc)))

    def _firewall(self, vpc: str) -> Iterator[FirewallRule]:
        groups = self._pages(
            SERVICE, "ListFirewallRuleGroupAssociations", "FirewallRuleGroupAssociations", "DNS Firewall associations",
            VpcId=vpc,
        )  # fmt: skip
        for group in sorted(groups, key=_priority):
            name = str(group.get("FirewallRuleGroupId") or "")
            rules = self._pages(
                SERVICE, "ListFirewallRules", "FirewallRules", f"DNS Firewall group {name}", FirewallRuleGroupId=name
            )
            yield from (self._firewall_rule(name, raw) for raw in sorted(rules, key=_priority))

    def _firewall_rule(self, group: str, raw: Mapping[str, Any]) -> FirewallRule:
        listed = str(raw.get("FirewallDomainListId") or "")
        domains = self._firewall_domains(listed) if listed else None
        return FirewallRule(
            group=group,
            name=str(raw.get("Name") or ""),
            action=str(raw.get("Action") or ""),
            answer=str(raw.get("BlockResponse") or ""),
            override=str(raw.get("BlockOverrideDomain") or ""),
            priority=int(raw.get("Priority") or 0),
            kind=str(raw.get("Qtype") or ""),
            listed=listed,
            readable=domains is not None,
            domains=domains or (),
        )

    def _firewall_domains(self, listed: str) -> tuple[str, ...] | None:
        """The domains of a list; None where AWS does not show them, as for the lists that it manages itself."""
        what = f"DNS Firewall list {listed}"
        try:
            found = self._pages(SERVICE, "ListFirewallDomains", "Domains", what, FirewallDomainListId=listed)
        except CannotRead as problem:
            if problem.why is Why.FORBIDDEN:
                return None
            raise
        return tuple(str(domain).rstrip(".").lower() for domain in found)


def _priority(raw: Mapping[str, Any]) -> int:
    return int(raw.get("Priority") or 0)


def _rule(raw: Mapping[str, Any]) -> ResolverRule:
    return ResolverRule(
        id=str(raw.get("Id") or ""),
        name=str(raw.get("Name") or ""),
        kind=str(raw.get("RuleType") or ""),
        domain=str(raw.get("DomainName") or "").rstrip(".").lower(),
        targets=tuple(f"{t.get('Ip') or t.get('Ipv6')}:{t.get('Port') or 53}" for t in raw.get("TargetIps") or ()),
        endpoint=str(raw.get("ResolverEndpointId") or ""),
        status=str(raw.get("Status") or ""),
    )
