"""What each cause makes of the matrix: the symptoms that it explains, and the answers that it cannot live with.

A row is a code of `contract/codes.json` and the cells of the matrix that it darkens: ways, effects, kinds of names. Where in
the cluster is the finding's own scope. `ANSWERED` names the ways on which, within that scope, no question can succeed while
the cause is at work: answers there rule the cause out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contract.model import Effect, Finding, NameKind, Path, Severity, Signal

P, E, K = Path, Effect, NameKind

DEAD = frozenset({E.SILENT, E.LOSSY, E.UNREACHABLE, E.FAILED, E.SLOW})
FAILURE = frozenset({E.SERVFAIL, E.REFUSED, E.SILENT, E.LOSSY, E.UNREACHABLE, E.SLOW, E.FAILED})
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

    def fits(self, symptom: Signal) -> bool:
        """Whether a symptom is such a cell."""
        return (
            symptom.path in self.paths
            and symptom.effect in self.effects
            and symptom.kind in self.kinds
            and (not self.transports or symptom.transport in self.transports)
        )


def _service() -> tuple[Pattern, ...]:
    return (Pattern(SERVICE | {P.NODE_LOCAL}, DEAD),)


def _process() -> tuple[Pattern, ...]:
    """CoreDNS itself is not there or not able: everything behind the Service suffers."""
    return (Pattern(COREDNS, DEAD | {E.SERVFAIL}),)


def _proxy() -> tuple[Pattern, ...]:
    return (Pattern(SERVICE | {P.NODE_LOCAL}, DEAD),)


def _client() -> tuple[Pattern, ...]:
    return (Pattern(frozenset({P.CLIENT})), Pattern(COREDNS | {P.UPSTREAM}, ABSENT, frozenset({K.ASKED})))


def _outside(effects: frozenset[Effect] = FAILURE | ABSENT) -> tuple[Pattern, ...]:
    return (Pattern(COREDNS | {P.UPSTREAM}, effects, OUTSIDE), Pattern(frozenset({P.CLIENT}), DEAD | ABSENT, OUTSIDE))


def _aliases() -> tuple[Pattern, ...]:
    """An ExternalName is answered without an address while what it leads to cannot be looked up."""
    return (Pattern(COREDNS, frozenset({E.NODATA}), frozenset({K.ASKED})),)


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
    "conntrack-race-5s": (
        Pattern(SERVICE, frozenset({E.LOSSY, E.SLOW})),
        Pattern(frozenset({P.CLIENT}), frozenset({E.SILENT})),
    ),
    "conntrack-table-full": (Pattern(NETWORK | {P.UPSTREAM, P.OTHER}, DEAD),),
    "conntrack-stale-udp": (Pattern(SERVICE, frozenset({E.LOSSY, E.SILENT})),),
    "iptables-kubedns-rules-missing": _proxy(),
    "node-firewall-drops-53": (
        Pattern(NETWORK | {P.UPSTREAM, P.NODE_LOCAL}, DEAD),
        Pattern(frozenset({P.FORWARD}), DEAD | {E.SERVFAIL}, OUTSIDE),
    ),
    "kube-proxy-absent-on-node": _proxy(),
    "kube-proxy-forbidden-403": _proxy(),
    "kube-proxy-unauthorized-401": _proxy(),
    "kube-proxy-apiserver-timeout": _proxy(),
    "kube-proxy-version-skew": (Pattern(SERVICE | {P.NODE_LOCAL}, DEAD - {E.SLOW}),),
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
    "corefile-no-or-bad-forward": (*_outside(FAILURE), *_aliases()),
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
    "deployment-mode-mismatch": (
        Pattern(COREDNS, DEAD),
        Pattern(frozenset({P.CLIENT, P.NODE_LOCAL}), ABSENT | {E.SERVFAIL, E.REFUSED, E.WRONG}, INSIDE),
    ),
}

ONLY_CRITICAL: Mapping[str, tuple[Pattern, ...]] = {
    "readiness-probe-on-health": (Pattern(SERVICE, DEAD),),
}
"""What a cause makes besides where it is critical: no CoreDNS pod ever becomes ready, so that the Service has none."""
ONLY_OF_ALL: Mapping[str, tuple[Pattern, ...]] = {
    "coredns-api-unreachable-or-desynced": (Pattern(SERVICE | {P.NODE_LOCAL}, DEAD),),
}
"""The same where a cause names no CoreDNS pods: it is said so of all, of which none is ready."""

ONLY_FOR_A_NAME: Mapping[str, tuple[Pattern, ...]] = {
    "corefile-no-or-bad-forward": (Pattern(COREDNS | {P.UPSTREAM}, ABSENT, frozenset({K.ASKED})),),
}
"""What a cause makes besides where it is said of certain names: the servers that it is about answer, and deny these."""

ONLY_OUTSIDE: Mapping[str, tuple[Pattern, ...]] = {"node-firewall-drops-53": _outside(FAILURE)}
"""The same where a cause is said of outside names alone: CoreDNS says that it failed."""

BEHIND = frozenset(
    {
        "corefile-no-or-bad-forward",
        "stub-domain-dead",
        "vpc-dns-support-off",
        "dhcp-options-custom-dns",
        "resolver-rule-or-dns-firewall",
        "eni-pps-throttle",
    }
)
"""Causes whose servers are name servers behind CoreDNS."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Ways on which answers in the very cells of a cause's scope contradict it.

    needs, lacks: fields that the scope must name, and must not name, for that. kinds: the names whose answers count.
    strays: whether the cause's servers are endpoints that no CoreDNS pod has, each of which must have been asked itself.
    critical: whether it holds only for what is critical, and not for a risk that has not come yet.
    """

    paths: frozenset[Path]
    needs: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    kinds: frozenset[NameKind] = EVERY
    strays: bool = False
    critical: bool = False

    def counts(self, finding: Finding) -> bool:
        """Whether it holds for a finding of that scope."""
        if self.critical and finding.severity is not Severity.CRITICAL:
            return False
        scope = finding.scope
        if self.strays and any(server.startswith("pod/") for server in scope.servers):
            return False  # a CoreDNS pod that is missing from the endpoints answers whoever asks it past the Service
        return all(getattr(scope, f) for f in self.needs) and not any(getattr(scope, f) for f in self.lacks)


REPLICAS = (Proof(frozenset({P.REPLICA})),)
INSIDE_PODS = (Proof(frozenset({P.CLUSTER_IP, P.REPLICA, P.CLIENT}), ("pods",)),)
HANDED_OUT = (Proof(frozenset({P.CLIENT})),)

ANSWERED: Mapping[str, tuple[Proof, ...]] = {
    "pod-dnspolicy-default": INSIDE_PODS,
    "hostnetwork-needs-clusterfirstwithhostnet": INSIDE_PODS,
    "dnsconfig-none-wrong": INSIDE_PODS,
    "kubelet-clusterdns-mismatch": HANDED_OUT,
    "kubelet-clusterdns-missing": HANDED_OUT,
    "kube-dns-clusterip-changed": HANDED_OUT,
    # Outside names may come out of the cache of a CoreDNS pod that is cut off.
    "node-firewall-drops-53": (Proof(frozenset({P.REPLICA}), (), ("kinds",)),),
    "iptables-kubedns-rules-missing": (Proof(frozenset({P.CLUSTER_IP}), ("nodes",)),),
    "endpointslice-stale-or-orphan": (Proof(frozenset({P.REPLICA}), ("servers",), strays=True),),
    "coredns-scaled-to-zero": (Proof(frozenset({P.CLUSTER_IP}), (), ("servers",), frozenset({K.INTERNAL})),),
    "corefile-syntax-crashloop": (Proof(frozenset({P.FORWARD}), ("kinds",)),),
    "corefile-no-or-bad-forward": (
        Proof(frozenset({P.UPSTREAM}), ("servers",)),
        Proof(frozenset({P.FORWARD}), ("kinds",), ("servers",)),
        Proof(frozenset({P.FORWARD}), ("kinds", "servers"), critical=True),
    ),
    "stub-domain-dead": (Proof(frozenset({P.UPSTREAM}), ("zones",)),),
    "netpol-egress-denies-53": INSIDE_PODS,
    "netpol-ingress-on-coredns": REPLICAS,
    "tcp-53-blocked": REPLICAS,
    "sg-blocks-53-between-nodes": REPLICAS,
    "sg-for-pods-53": INSIDE_PODS,
    "nacl-blocks-53-or-return": REPLICAS,
    "vpc-dns-support-off": (Proof(frozenset({P.UPSTREAM}), ("servers",)),),
    "dhcp-options-custom-dns": (Proof(frozenset({P.UPSTREAM}), ("servers",)),),
}
"""What contradicts a cause: answers that could not have come while it is at work."""
