"""Which causes bring which others with them, so that only the root is named."""

from __future__ import annotations

from collections.abc import Mapping

PLACEMENT = frozenset({"coredns-colocated-or-under-replicated"})
RULES = frozenset({"iptables-kubedns-rules-missing"})
TCP = frozenset({"tcp-53-blocked"})
ABSENT = frozenset({"name-really-absent"})
OLD_FILE = frozenset({"corefile-reload-timebomb"})

ANYWHERE: Mapping[str, frozenset[str]] = {
    "kube-dns-service-missing": frozenset(
        {"kube-dns-selector-mismatch", "kube-dns-ports-wrong", "kube-dns-clusterip-changed"}
    ),
    "coredns-scaled-to-zero": PLACEMENT,
    "coredns-fargate-annotation": PLACEMENT | {"coredns-pending"},
    "coredns-pending": PLACEMENT,
    "coredns-no-ip": PLACEMENT,
    "coredns-image-pull": PLACEMENT,
    "coredns-oom-or-throttled": PLACEMENT,
    "corefile-syntax-crashloop": PLACEMENT | OLD_FILE,
    "corefile-loop": PLACEMENT | OLD_FILE | {"corefile-syntax-crashloop", "corefile-no-or-bad-forward"},
    "coredns-rbac-endpointslices": PLACEMENT | {"coredns-api-unreachable-or-desynced"},
}
"""Consequences wherever they show: the cause and they are about the same object."""

SAME_PLACE: Mapping[str, frozenset[str]] = {
    "kube-dns-clusterip-changed": frozenset({"kubelet-clusterdns-mismatch"}),
    "sg-blocks-53-between-nodes": TCP,
    "nacl-blocks-53-or-return": TCP,
    "netpol-ingress-on-coredns": TCP,
    "netpol-egress-denies-53": TCP,
    "sg-for-pods-53": TCP,
    "node-firewall-drops-53": RULES | TCP,
    "conntrack-table-full": RULES | {"node-firewall-drops-53"},
    "kube-proxy-absent-on-node": RULES,
    "kube-proxy-mode-broken": RULES,
    "kube-proxy-forbidden-403": RULES,
    "kube-proxy-unauthorized-401": RULES,
    "kube-proxy-apiserver-timeout": RULES,
    "dnsconfig-none-wrong": frozenset({"search-or-nameserver-overflow"}),
}
"""Consequences, or the same thing said less exactly, on the nodes, pods and servers of the cause alone."""

SAME_SERVERS: Mapping[str, frozenset[str]] = {
    "vpc-dns-support-off": frozenset({"corefile-no-or-bad-forward"}),
    "dhcp-options-custom-dns": frozenset({"corefile-no-or-bad-forward"}),
}
"""Consequences where they are about the very name servers of the cause."""

UNSURE: Mapping[str, frozenset[str]] = {
    "kube-dns-service-missing": frozenset({"endpointslice-stale-or-orphan"}),
    "kube-dns-selector-mismatch": frozenset({"endpointslice-stale-or-orphan"}),
    "coredns-rbac-endpointslices": frozenset({"readiness-probe-on-health"}),
    "vpc-dns-support-off": frozenset({"eni-pps-throttle"}),
    "dhcp-options-custom-dns": frozenset({"eni-pps-throttle"}),
    "resolver-rule-or-dns-firewall": ABSENT | {"eni-pps-throttle"},
    "search-domain-wildcard": ABSENT,
    "phz-not-associated": ABSENT,
    "headless-no-ready-endpoints": ABSENT,
    "cache-stale-or-negative": ABSENT,
    "rewrite-hosts-template-shadow": ABSENT | {"cache-stale-or-negative"},
    "ndots-too-low-musl": ABSENT,
    "coredns-api-unreachable-or-desynced": ABSENT | {"cache-stale-or-negative"},
    "pod-dnspolicy-default": ABSENT,
    "hostnetwork-needs-clusterfirstwithhostnet": ABSENT,
    "dnsconfig-none-wrong": ABSENT,
}
"""What is dropped beside the cause only while it is not sure by itself."""

BY_ELIMINATION: Mapping[str, tuple[str, ...]] = {"name-really-absent": ("private-zones", "resolver-rules")}
"""Steps that must have looked and found nothing, before a finding of low confidence may be named: it is what is left."""
