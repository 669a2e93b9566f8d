"""Which Resolver rule and which DNS Firewall rule a name meets, and what the upstream's answers come to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.model import NameKind
from workers.cluster import outward
from workers.cluster.aws import FirewallRule, ResolverEndpoint, ResolverRule, Rule, SecurityGroup
from workers.cluster.forwarded import forwarded, host
from workers.cluster.resolver import first_match, unreachable_targets, winning


def _rule(domain: str, kind: str = "FORWARD") -> ResolverRule:
    return ResolverRule(id=f"{kind}-{domain}", kind=kind, domain=domain, targets=("10.9.0.53:53",), endpoint="out")


@pytest.mark.parametrize(
    "name,zones,winner",
    [
        ("db.corp.example", (), "FORWARD-corp.example"),
        ("a.dev.corp.example", (), "FORWARD-dev.corp.example"),
        ("a.aws.corp.example", (), None),
        ("amazon.com", (), "FORWARD-"),
        ("db.corp.example", ("corp.example",), "FORWARD-corp.example"),
        ("db.sub.corp.example", ("sub.corp.example",), None),
        ("DB.Corp.Example.", (), "FORWARD-corp.example"),
        ("notcorp.example", (), "FORWARD-"),
    ],
)
def test_the_longest_domain_wins(name: str, zones: tuple[str, ...], winner: str | None) -> None:
    """Also over private zones of the same domain, not over longer ones; a SYSTEM rule undoes a shorter one."""
    rules = [_rule(""), _rule("corp.example"), _rule("dev.corp.example"), _rule("aws.corp.example", "SYSTEM")]

    found = winning(name, rules, zones)

    assert winner == (found.id if found else None)


def test_the_first_firewall_rule_that_holds_the_name_counts() -> None:
    """A star stands for names below, a plain domain for itself alone; rules for other types of records do not count."""
    rules = (
        FirewallRule(group="g", name="mx", action="BLOCK", kind="MX", domains=("example.com",)),
        FirewallRule(group="g", name="managed", action="BLOCK", readable=False),
        FirewallRule(group="g", name="allow", action="ALLOW", domains=("ok.example.com",)),
        FirewallRule(group="g", name="block", action="BLOCK", domains=("*.example.com",)),
        FirewallRule(group="g", name="all", action="ALERT", domains=("*",)),
    )

    names = {
        n: found.name for n in ("ok.example.com", "a.example.com", "example.com") if (found := first_match(n, rules))
    }

    assert {"ok.example.com": "allow", "a.example.com": "block", "example.com": "all"} == names
    assert first_match("example.com", rules[:4]) is None


def test_an_endpoint_whose_groups_let_nothing_out_is_found() -> None:
    """Only where every group is known and no rule could fit; a rule that names a group may fit."""
    endpoint = ResolverEndpoint(id="out", status="OPERATIONAL", groups=("sg-1",))
    shut = SecurityGroup(id="sg-1", egress=(Rule(protocol="tcp", first=443, last=443, cidrs=("0.0.0.0/0",)),))
    wide = SecurityGroup(id="sg-1", egress=(Rule(protocol="-1", first=0, last=65535, cidrs=("0.0.0.0/0",)),))
    perhaps = SecurityGroup(id="sg-1", egress=(Rule(protocol="udp", first=53, last=53, groups=("sg-2",)),))
    rules = [_rule("corp.example")]

    assert [("out", ("10.9.0.53:53",))] == list(unreachable_targets(rules, [endpoint], [shut]))
    assert [] == list(unreachable_targets(rules, [endpoint], [wide]))
    assert [] == list(unreachable_targets(rules, [endpoint], [perhaps]))
    assert [] == list(unreachable_targets(rules, [endpoint], []))


def test_the_vpcs_resolver_is_its_third_address() -> None:
    """Of each IPv4 range, besides the two addresses that every VPC has."""
    found = outward.vpc_resolvers(("10.20.0.0/16", "100.64.0.0/16", "2600:1f18::/56", "rubbish"))

    assert ("10.20.0.2", "100.64.0.2", "169.254.169.253", "fd00:ec2::253") == found


def test_outside_names_leave_the_clusters_out() -> None:
    """The name asked about comes first, unless it is of the cluster."""
    internal = "kubernetes.default.svc.cluster.local"

    assert ("db.corp.example", "amazon.com") == outward.outside_names("amazon.com", "db.corp.example.", internal)
    assert ("amazon.com",) == outward.outside_names("amazon.com", "web.shop.svc.cluster.local", internal)
    assert (NameKind.EXTERNAL, NameKind.ASKED) == outward.kinds("db.corp.example", internal)
    assert (NameKind.EXTERNAL,) == outward.kinds("web.shop.svc.cluster.local", internal)


METRICS = """# HELP coredns_proxy_request_duration_seconds Histogram of the time each request took.
# TYPE coredns_proxy_request_duration_seconds histogram
coredns_proxy_request_duration_seconds_bucket{proxy_name="forward",rcode="NOERROR",to="10.20.0.2:53",le="+Inf"} 7
coredns_proxy_request_duration_seconds_sum{proxy_name="forward",rcode="NOERROR",to="10.20.0.2:53"} 0.1
coredns_proxy_request_duration_seconds_count{proxy_name="forward",rcode="NOERROR",to="10.20.0.2:53"} 7
coredns_proxy_request_duration_seconds_count{proxy_name="forward",rcode="NXDOMAIN",to="10.20.0.2:53"} 2
coredns_proxy_request_duration_seconds_count{proxy_name="grpc",rcode="NOERROR",to="10.20.0.2:53"} 100
"""


def test_questions_that_were_passed_on_are_counted_by_server() -> None:
    """All return codes together, those of `forward` alone."""
    assert {"10.20.0.2": 9.0} == forwarded(METRICS)


def test_older_names_of_the_counter_count() -> None:
    """CoreDNS before 1.11 has another name for it."""
    old = 'coredns_forward_requests_total{to="[fd00:ec2::253]:53"} 5\n'

    assert {"fd00:ec2::253": 5.0} == forwarded(old)


def test_what_is_not_coredns_is_none() -> None:
    """A page of something else is no zero."""
    assert forwarded("<html>not found</html>") is None
    assert forwarded("") is None
    assert {} == forwarded('coredns_build_info{version="1.12.4"} 1\n')


@given(st.text())
def test_metrics_never_fail(text: str) -> None:
    """Whatever a pod answers on that port."""
    assert forwarded(text) is None or isinstance(forwarded(text), dict)


@pytest.mark.parametrize(
    "target,address",
    [("10.0.0.2:53", "10.0.0.2"), ("[::1]:53", "::1"), ("tls://1.1.1.1:853", "1.1.1.1"), ("::1", "::1"), ("", "")],
)
def test_the_address_of_a_target(target: str, address: str) -> None:
    """With and without port and scheme."""
    assert address == host(target)
