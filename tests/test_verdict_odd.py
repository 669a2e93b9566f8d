"""Odd but working clusters are healthy: nothing is blamed for being unusual while the probes say that DNS works."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.model import Outcome, Severity, Status
from workers.verdict import judge

from .test_checks import CASES
from .worlds import World

ODD = {
    "NodeLocal DNSCache on every node": ("deployment-mode/cache-everywhere", "kubelet-cluster-dns/odd_node_local"),
    "a Corefile with stub domains and hosts": ("corefile/stub-domains", "corefile/hosts-on-purpose"),
    "errors in logs that stopped": (
        "kube-proxy-log/forbidden-mended",
        "coredns-errors/watch-over",
        "node-events/conntrack-was-full",
        "coredns-workload/killed-long-ago",
    ),
    "CoreDNS scaled by EKS or an autoscaler": ("coredns-placement/scaled-by-eks", "coredns-addon/updating"),
    "policies that let DNS pass": ("network-policies/default-deny-with-dns", "network-policies/coredns-for-all"),
    "policies that nothing enforces": ("network-policies/nothing-holds-policies",),
    "a cluster in two address families": ("kube-dns-service/dual-stack", "kube-dns-endpoints/dual-stack"),
    "a rollout of CoreDNS and kube-proxy": (
        "coredns-workload/rollout",
        "kube-dns-endpoints/terminating",
        "kube-proxy-pods/being-replaced",
        "deployment-mode/cache-restarting",
    ),
    "kube-proxy replaced by a CNI": ("kube-proxy-pods/calico-ebpf",),
    "name servers of the company's own that work": ("dhcp-options/custom-works", "vpc-dns/host-names-off"),
    "network ACLs and groups that are strict and right": (
        "network-acls/deny-behind-allow",
        "network-acls/linux-ports-open",
        "security-groups/let-in-by-prefix-list-and-range",
    ),
    "a network ACL that denies one port among those that questions are sent from": (
        "network-acls/one-high-port-denied",
    ),
    "a kube-dns at another address than usual": ("kube-dns-service/old-cluster-other-address",),
    "a mesh that answers DNS in its pods": ("deployment-mode/mesh-captures",),
    "groups on paper that answers refute": ("security-groups/closed", "network-acls/questions-not-let-out"),
    "a kubelet with the address of another Service that works": ("kubelet-cluster-dns/one_node_other_address",),
}


@pytest.mark.parametrize("cases", ODD.values(), ids=ODD)
def test_an_odd_cluster_that_works_is_healthy(cases: tuple[str, ...]) -> None:
    """No cause, nothing unexplained, status healthy."""
    world = World()
    for case in cases:
        world.take(case)

    verdict = judge(world.question, world.steps())

    assert verdict.causes == ()
    assert verdict.unexplained == ()
    assert verdict.status is Status.HEALTHY


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_a_check_finds_well_stays_well_in_a_whole_run(path: Path) -> None:
    """Facts without a finding above info and without a dark cell never make a cause, whatever hints they hold."""
    world = World().take(f"{path.parent.name}/{path.stem}")
    steps = world.steps()
    mine = next(step for step in steps if step.check == path.parent.name)
    quiet = all(f.severity is Severity.INFO for f in mine.findings) and not any(s.bad for s in mine.signals)

    verdict = judge(world.question, steps)

    if quiet:
        assert verdict.causes == ()
        assert verdict.status is Status.HEALTHY
        assert mine.outcome in (Outcome.OK, Outcome.UNKNOWN)
