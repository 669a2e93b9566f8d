"""Two faults at once are both named, and nothing else is blamed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .diagnosis import diagnose
from .faults import Box, Fault, box, inject

FAULTS = {fault.name: fault for fault in found.faults()} if (found := box()) is not None else {}
PAIRS = (  # the second is brought about while the first is at work
    ("kube-proxy-forbidden-403", "kubelet-clusterdns-mismatch"),
    ("corefile-no-or-bad-forward", "kubelet-clusterdns-missing"),
    ("vpc-dns-support-off", "pod-dnspolicy-default"),
    ("corefile-reload-timebomb", "node-firewall-drops-53"),
    ("netpol-egress-denies-53", "kube-dns-ports-wrong"),
    ("coredns-scaled-to-zero", "kube-proxy-version-skew"),
    ("sg-blocks-53-between-nodes", "dnsconfig-none-wrong"),
    ("endpointslice-stale-or-orphan", "readiness-probe-on-health"),
    ("kube-dns-selector-mismatch", "addon-owner-conflict"),
    ("coredns-rbac-endpointslices", "pod-dnspolicy-default"),
    ("stub-domain-dead", "kubelet-clusterdns-mismatch"),
    ("coredns-image-pull", "kube-proxy-absent-on-node"),
    ("kube-dns-clusterip-changed", "kubelet-clusterdns-mismatch"),
    ("kube-dns-service-missing", "kubelet-clusterdns-mismatch"),
    ("endpointslice-stale-or-orphan", "iptables-kubedns-rules-missing"),
    ("kube-dns-ports-wrong", "iptables-kubedns-rules-missing"),
    ("vpc-dns-support-off", "corefile-no-or-bad-forward"),
    ("rewrite-hosts-template-shadow", "vpc-dns-support-off"),
)


@pytest.mark.parametrize("names", PAIRS if FAULTS else (), ids="+".join)
def test_both_of_two_faults_are_named(
    names: tuple[str, str], the_box: Box, clusters: Path, rows: list[dict[str, Any]], *, only_basic_faults: bool
) -> None:
    """Each of the two is among the causes, and no cause is neither."""
    if only_basic_faults:
        pytest.skip("only the basic faults were asked for")
    pair = [FAULTS[name] for name in names]
    try:
        for fault in pair:
            inject(the_box, fault)
        found = diagnose(clusters, _question(pair))
    finally:
        the_box.heal(pair[0])
        the_box.heal(pair[1])
    true = {code for fault in pair for code in (*fault.expect, *fault.also)}
    rows.append(
        {
            "fault": "+".join(names),
            "expected": "+".join("|".join(f.expect) for f in pair),
            "first": found.codes[0] if found.codes else "-",
            "named": ",".join(found.codes) or "-",
            "false": ",".join(c for c in found.codes if c not in true) or "-",
            "status": found.status,
            "seconds": found.report["seconds"],
        }
    )

    assert all(set(fault.expect) & set(found.codes) for fault in pair), found.report["verdict"]
    assert set(found.codes) <= true
    assert found.status == "problem"


def _question(pair: list[Fault]) -> list[str]:
    return next((fault.question for fault in pair if fault.question), [])
