"""What each cause makes of the matrix: the symptoms that it explains, and the answers that it cannot live with.

A row is a code of `contract/codes.json` and the cells of `reference` matrix that it darkens: ways, effects, kinds of names.
Where in the cluster is the finding's own scope. `denies` names the ways on which, within that scope, no question can succeed
while the cause is at work: an answer there rules the cause out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contract.model import Effect, NameKind, Path

P, E, K = Path, Effect, NameKind

DEAD = frozenset({E.SILENT, E.LOSSY, E.UNREACHABLE, E.FAILED, E.SLOW})
FAILURE = frozenset({E.SERVFAIL, E.REFUSED, E.SILENT, E.LOSSY, E.SLOW, E.FAILED})
ABSENT = frozenset({E.NXDOMAIN, E.NODATA})
ANY = frozenset(set(E) - {E.OK})
SERVICE = frozenset({P.CLUSTER_IP, P.CLIENT})
COREDNS = frozenset({P.CLUSTER_IP, P.CLIENT, P.REPLICA, P.FORWARD, P.NODE_LOCAL})
NETWORK = frozenset({P.CLUSTER_IP, P.CLIENT, P.REPLICA})
OUTSIDE = frozenset({K.EXTERNAL, K.ASKED})
EVERY = frozenset(K)
INSIDE = frozenset({K.INTERNAL, K.ASKED})


@dataclass(frozen=True, slots=True)
class Pattern:
    """Cells of the matrix: a symptom fits when its way, effect, kind of name and transport are all in it."""

    paths: frozenset[Path]
    effects: frozenset[Effect] = ANY
    kinds: frozenset[NameKind] = EVERY
    transports: frozenset[str] = frozenset()


def _service() -> tuple[Pattern, ...]:
    return (Pattern(SERVICE | {P.NODE_LOCAL}, DEAD),)


def _process() -> tuple[Pattern, ...]:
    """CoreDNS itself is not there or not able: everything behind the Service suffers."""
    return (Pattern(COREDNS, DEAD | {E.SERVFAIL}),)


def _proxy() -> tuple[Pattern, ...]:
    return (Pattern(SERVICE | {P.NODE_LOCAL}, DEAD),)


def _client() -> tuple[Pattern, ...]:
    return (Pattern(frozenset({P.CLIENT})), Pattern(COREDNS, ABSENT, frozenset({K.ASKED})))


def _outside(effects: frozenset[Effect] = FAILURE | ABSENT) -> tuple[Pattern, ...]:
    return (Pattern(COREDNS | {P.UPSTREAM}, effects, OUTSIDE), Pattern(frozenset({P.CLIENT}), DEAD | ABSENT, OUTSIDE))


def _asked() -> tuple[Pattern, ...]:
    return (Pattern(COREDNS | {P.UPSTREAM}, ANY, frozenset({K.ASKED})),)


EXPLAINS: Mapping[str, tuple[Pattern, ...]] = {
    "pod-dnspolicy-default": _client(),
    "hostnetwork-needs-clusterfirstwithhostnet": _client(),
    "dnsconfig-none-wrong": _client(),
    "ndots-amplification": (Pattern(frozenset({P.CLIENT}), frozenset({E.SLOW}), OUTSIDE),),
    "ndots-too-low-musl": _client(),
    "musl-truncated-no-tcp": _client(),
    "search-or-nameserver-overflow": (Pattern(frozenset({P.CLIENT})),),
    "search-domain-wildcard": (
        Pattern(frozenset({P.CLIENT}), ANY, frozenset({K.CANARY, K.ASKED, K.EXTERNAL})),
        Pattern(COREDNS, ABSENT | {E.WRONG}, frozenset({K.ASKED, K.CANARY})),
    ),
    "client-resolver-broken-in-image": (Pattern(frozenset({P.CLIENT})),),
    "client-cache-stale": (Pattern(frozenset({P.CLIENT}), frozenset({E.WRONG})),),
    "name-really-absent": (Pattern(COREDNS | {P.UPSTREAM}, ABSENT, frozenset({K.ASKED})),),
    "headless-no-ready-endpoints": (Pattern(COREDNS | {P.UPSTREAM}, ABSENT, frozenset({K.ASKED})),),
    "kubelet-clusterdns-mismatch": (Pattern(frozenset({P.CLIENT})),),
    "kubelet-clusterdns-missing": (Pattern(frozenset({P.CLIENT})),),
    "conntrack-race-5s": (Pattern(SERVICE, frozenset({E.LOSSY, E.SLOW})),),
    "conntrack-table-full": (Pattern(NETWORK | {P.UPSTREAM, P.OTHER}, DEAD),),
    "conntrack-stale-udp": (Pattern(SERVICE, frozenset({E.LOSSY, E.SILENT})),),
    "iptables-kubedns-rules-missing": _proxy(),
    "node-firewall-drops-53": (Pattern(NETWORK | {P.UPSTREAM, P.NODE_LOCAL}, DEAD),),
    "kube-proxy-absent-on-node": _proxy(),
    "kube-proxy-forbidden-403": _proxy(),
    "kube-proxy-unauthorized-401": _proxy(),
    "kube-proxy-apiserver-timeout": _proxy(),
    "kube-proxy-version-skew": _proxy(),
    "kube-proxy-mode-broken": _proxy(),
    "kube-dns-service-missing": _service(),
    "kube-dns-selector-mismatch": _service(),
    "kube-dns-ports-wrong": _service(),
    "kube-dns-clusterip-changed": (Pattern(frozenset({P.CLIENT})),),
    "endpointslice-stale-or-orphan": (Pattern(NETWORK, DEAD),),
    "coredns-scaled-to-zero": _process(),
    "coredns-pending": _process(),
    "coredns-fargate-annotation": _process(),
    "coredns-no-ip": _process(),
    "coredns-image-pull": _process(),
    "coredns-oom-or-throttled": _process(),
    "corefile-reload-timebomb": (),
    "corefile-syntax-crashloop": (
        *_process(),
        Pattern(COREDNS, ABSENT | {E.REFUSED, E.SERVFAIL}, INSIDE),
    ),
    "corefile-no-or-bad-forward": _outside(FAILURE),
    "stub-domain-dead": _asked(),
    "rewrite-hosts-template-shadow": (Pattern(COREDNS, ANY, OUTSIDE), Pattern(COREDNS, frozenset({E.WRONG}))),
    "forward-max-concurrent": (Pattern(COREDNS, frozenset({E.REFUSED, E.LOSSY, E.FAILED}), OUTSIDE),),
    "cache-stale-or-negative": (Pattern(COREDNS, ABSENT | {E.WRONG, E.SERVFAIL}, OUTSIDE),),
    "corefile-loop": (*_process(), *_outside(FAILURE)),
    "coredns-rbac-endpointslices": (
        *_process(),
        Pattern(COREDNS, ABSENT | {E.SERVFAIL, E.WRONG}, INSIDE),
    ),
    "coredns-api-unreachable-or-desynced": (
        Pattern(COREDNS, ABSENT | {E.SERVFAIL, E.WRONG, E.LOSSY, E.UNREACHABLE}, INSIDE),
    ),
    "coredns-colocated-or-under-replicated": (),
    "readiness-probe-on-health": (Pattern(COREDNS, frozenset({E.SERVFAIL}), INSIDE),),
    "addon-owner-conflict": (),
    "netpol-egress-denies-53": (Pattern(NETWORK | {P.UPSTREAM, P.NODE_LOCAL}, DEAD),),
    "netpol-ingress-on-coredns": (Pattern(NETWORK, DEAD),),
    "tcp-53-blocked": (Pattern(NETWORK | {P.UPSTREAM}, DEAD, EVERY, frozenset({"tcp", ""})),),
    "sg-blocks-53-between-nodes": (Pattern(NETWORK, DEAD),),
    "sg-for-pods-53": (Pattern(NETWORK, DEAD),),
    "nacl-blocks-53-or-return": (Pattern(NETWORK, DEAD),),
    "eni-pps-throttle": _outside(FAILURE),
    "vpc-dns-support-off": _outside(),
    "dhcp-options-custom-dns": _outside(),
    "phz-not-associated": _asked(),
    "resolver-rule-or-dns-firewall": _outside(),
    "deployment-mode-mismatch": (Pattern(COREDNS, DEAD),),
}

ANSWERED: Mapping[str, frozenset[Path]] = {
    "sg-blocks-53-between-nodes": frozenset({P.REPLICA}),
    "nacl-blocks-53-or-return": frozenset({P.REPLICA}),
    "tcp-53-blocked": frozenset({P.REPLICA}),
    "node-firewall-drops-53": frozenset({P.REPLICA}),
    "netpol-ingress-on-coredns": frozenset({P.REPLICA}),
    "netpol-egress-denies-53": frozenset({P.REPLICA, P.CLUSTER_IP}),
    "sg-for-pods-53": frozenset({P.REPLICA, P.CLUSTER_IP}),
    "vpc-dns-support-off": frozenset({P.UPSTREAM}),
    "stub-domain-dead": frozenset({P.UPSTREAM}),
    "corefile-no-or-bad-forward": frozenset({P.UPSTREAM}),
}
"""Ways on which an answer within the scope contradicts the cause."""

HIDES: Mapping[str, frozenset[str]] = {
    "kube-dns-service-missing": frozenset(
        {
            "kube-dns-selector-mismatch",
            "kube-dns-ports-wrong",
            "kube-dns-clusterip-changed",
            "endpointslice-stale-or-orphan",
        }
    ),
    "kube-dns-selector-mismatch": frozenset({"coredns-scaled-to-zero", "endpointslice-stale-or-orphan"}),
    "kube-dns-clusterip-changed": frozenset({"kubelet-clusterdns-mismatch"}),
    "coredns-scaled-to-zero": frozenset({"coredns-colocated-or-under-replicated", "kube-dns-selector-mismatch"}),
    "coredns-fargate-annotation": frozenset({"coredns-pending", "coredns-colocated-or-under-replicated"}),
    "coredns-pending": frozenset({"coredns-colocated-or-under-replicated"}),
    "coredns-no-ip": frozenset({"coredns-colocated-or-under-replicated"}),
    "coredns-image-pull": frozenset({"coredns-colocated-or-under-replicated"}),
    "coredns-oom-or-throttled": frozenset({"coredns-colocated-or-under-replicated"}),
    "corefile-syntax-crashloop": frozenset(
        {"corefile-reload-timebomb", "corefile-no-or-bad-forward", "coredns-colocated-or-under-replicated"}
    ),
    "corefile-loop": frozenset(
        {
            "corefile-reload-timebomb",
            "corefile-no-or-bad-forward",
            "corefile-syntax-crashloop",
            "coredns-colocated-or-under-replicated",
        }
    ),
    "coredns-rbac-endpointslices": frozenset({"coredns-api-unreachable-or-desynced", "readiness-probe-on-health"}),
    "sg-blocks-53-between-nodes": frozenset({"tcp-53-blocked"}),
    "nacl-blocks-53-or-return": frozenset({"tcp-53-blocked"}),
    "netpol-ingress-on-coredns": frozenset({"tcp-53-blocked"}),
    "netpol-egress-denies-53": frozenset({"tcp-53-blocked"}),
    "sg-for-pods-53": frozenset({"tcp-53-blocked"}),
    "node-firewall-drops-53": frozenset({"iptables-kubedns-rules-missing", "tcp-53-blocked"}),
    "vpc-dns-support-off": frozenset({"eni-pps-throttle", "corefile-no-or-bad-forward"}),
    "dhcp-options-custom-dns": frozenset({"eni-pps-throttle", "corefile-no-or-bad-forward"}),
    "search-domain-wildcard": frozenset({"name-really-absent"}),
    "phz-not-associated": frozenset({"name-really-absent"}),
    "resolver-rule-or-dns-firewall": frozenset({"name-really-absent", "eni-pps-throttle"}),
    "headless-no-ready-endpoints": frozenset({"name-really-absent"}),
    "cache-stale-or-negative": frozenset({"name-really-absent"}),
    "rewrite-hosts-template-shadow": frozenset({"name-really-absent", "cache-stale-or-negative"}),
    "ndots-too-low-musl": frozenset({"name-really-absent"}),
    "coredns-api-unreachable-or-desynced": frozenset({"name-really-absent", "cache-stale-or-negative"}),
    "pod-dnspolicy-default": frozenset({"name-really-absent"}),
    "hostnetwork-needs-clusterfirstwithhostnet": frozenset({"name-really-absent"}),
    "dnsconfig-none-wrong": frozenset({"name-really-absent", "search-or-nameserver-overflow"}),
    "kube-proxy-absent-on-node": frozenset({"iptables-kubedns-rules-missing"}),
    "kube-proxy-mode-broken": frozenset({"iptables-kubedns-rules-missing"}),
    "kube-proxy-forbidden-403": frozenset({"iptables-kubedns-rules-missing"}),
    "kube-proxy-unauthorized-401": frozenset({"iptables-kubedns-rules-missing"}),
    "kube-proxy-apiserver-timeout": frozenset({"iptables-kubedns-rules-missing"}),
}
"""What a cause brings with it: where it is at work, these are its consequences or the same thing said less exactly."""
