"""Each fault of the catalogue as a world of facts: what the checks see of it, and what the verdict must say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contract.model import Effect, Status

from .worlds import N1, N2, N3, World, X, Y, through

CART = "shop/cart-694596c94d-btbjj"
WORKLOAD = "shop/cart"
AGENT = "shop/log-agent-849ccc659-hwlq9"
WORKLOAD_DOWN = (
    "coredns-processes",
    "dns-to-each-replica",
    "coredns-placement",
    "coredns-metrics",
    "coredns-freshness",
    "coredns-errors",
    "corefile-running",
    "packet-budget",
)


@dataclass(frozen=True)
class Fault:
    """id: of the catalogue, with a letter where a code has several worlds. code: what must come first, "" for healthy."""

    id: str
    code: str
    make: Callable[[], World]
    also: tuple[str, ...] = ()
    status: Status = Status.PROBLEM
    words: str = ""
    """What the summary must hold, where no cause can be named."""


def _pod_asked(world: World, pod: str = CART, name: str = "web.shop") -> World:
    world.name, world.pod = name, pod
    return world


def _asked(name: str, *cases: str) -> World:
    world = World(name=name)
    for case in cases:
        world.take(case)
    return world


def _kubelet(case: str, effect: Effect) -> World:
    inside = World().take(f"kubelet-cluster-dns/{case}")
    return inside.dark(effect, lambda c: c.path == "client" and c.node == N1 and c.kind == "internal")


def _node(world: World, node: str, effect: Effect = Effect.SILENT) -> World:
    """Nothing on port 53 comes back from a node's questions, nor from a CoreDNS pod on it to others."""
    return world.dark(
        effect, lambda c: c.path in ("cluster-ip", "client", "replica") and node in (c.node, c.server_node)
    )


def _rules(world: World, *nodes: str) -> World:
    return world.dark(Effect.SILENT, lambda c: through(c) and c.node in nodes)


def _no_coredns(case: str, effect: Effect = Effect.UNREACHABLE) -> World:
    world = World().take(f"coredns-workload/{case}").take("kube-dns-endpoints/no-pods").skip(*WORKLOAD_DOWN)
    return world.dark(effect, through)


def _outside(world: World, effect: Effect = Effect.SERVFAIL) -> World:
    return world.dark(
        effect,
        lambda c: c.kind == "external" and c.path in ("forward", "replica", "cluster-ip", "client"),
    )


def _pairs(world: World, *pairs: tuple[str, str], transports: tuple[str, ...] = ("udp", "tcp")) -> World:
    dead = {(node, f"pod/{pod}") for node, pod in pairs}
    world.dark(Effect.SILENT, lambda c: (c.node, c.server) in dead and c.transport in transports)
    alone = {N2} if {(N2, f"pod/{X}"), (N2, f"pod/{Y}")} <= dead else set()
    partly = {node for node, _ in dead} - alone
    world.dark(Effect.SILENT, lambda c: through(c) and c.node in alone and c.transport in (*transports, ""))
    return world.dark(Effect.LOSSY, lambda c: c.path == "cluster-ip" and c.node in partly and c.transport in transports)


def _musl_pod() -> World:
    return _pod_asked(World().take("ndots-cost/musl-seen").take("asked-name/healthy"))


def _proxy_down(case: str) -> World:
    return World().take(f"kube-proxy-log/{case}")


def _mode() -> World:
    world = World().take("kube-proxy-mode/ipvs-without-modules").take("kube-proxy-pods/crashing-for-its-mode")
    return _rules(world.take("kube-proxy-log/crashing-for-its-mode"), N1, N2, N3)


def _service_missing() -> World:
    world = World().take("kube-dns-service/missing").take("kube-dns-endpoints/no-service")
    return world.skip("dns-through-cluster-ip").dark(Effect.SILENT, through)


def _ports() -> World:
    world = World().take("kube-dns-service/udp-to-another-port")
    return world.dark(Effect.SILENT, lambda c: through(c) and c.transport != "tcp")


def _rbac() -> World:
    world = World().take("coredns-access/endpointslices-denied").take("coredns-workload/coredns-rbac-endpointslices")
    world.take("kube-dns-endpoints/no-pods").skip("coredns-placement", "coredns-metrics", "packet-budget")
    world.skip("coredns-freshness")
    world.dark(Effect.SERVFAIL, lambda c: c.kind == "internal" and c.path in ("forward", "replica"))
    return world.dark(Effect.UNREACHABLE, through)


def _all_silent(world: World) -> World:
    return world.dark(Effect.SILENT, lambda c: c.path in ("cluster-ip", "client", "replica"))


def _vpc_off() -> World:
    return _outside(World().take("vpc-dns/off").take("upstream/own-servers-silent"))


def _dhcp() -> World:
    dead = {"10.20.0.2": "10.20.9.53"}
    return _outside(World().take("dhcp-options/custom-silent").take("upstream/own-servers-silent", dead))


def _silent_pod(case: str, pod: str) -> World:
    world = World(pod=pod).take(f"{case}")
    return world.take("client-libraries/silence-in-the-pod", {CART: pod})


def _denied(name: str, case: str, effect: str = "nxdomain") -> World:
    """An outside name that CoreDNS and the servers behind it deny alike, or fail for."""
    renamed = {"nosuch.example.com": name, "nxdomain": effect, "NXDOMAIN": effect.upper()}
    return World(name=name).take(case).take("asked-name/absent-outside", renamed)


FAULTS = (
    Fault("F01", "pod-dnspolicy-default", lambda: World().take("pod-dns-settings/policy-default")),
    Fault(
        "F02",
        "hostnetwork-needs-clusterfirstwithhostnet",
        lambda: _pod_asked(
            World()
            .take("pod-dns-settings/host-network-asked", {"shop/log-agent-849ccc659-tgngr": AGENT})
            .take("client-libraries/host-network-pod"),
            AGENT,
            "",
        ),
    ),
    Fault("F03", "dnsconfig-none-wrong", lambda: World().take("pod-dns-settings/none-with-another-server")),
    Fault("F04", "ndots-amplification", lambda: World().take("coredns-metrics/amplified"), status=Status.AT_RISK),
    Fault("F05", "ndots-too-low-musl", _musl_pod),
    Fault(
        "F06",
        "musl-truncated-no-tcp",
        lambda: _pod_asked(World().take("client-libraries/old-musl-large-answer").take("asked-name/healthy")),
    ),
    Fault(
        "F07",
        "search-or-nameserver-overflow",
        lambda: World().take("pod-dns-settings/too-many-name-servers"),
        status=Status.AT_RISK,
    ),
    Fault(
        "F08",
        "search-domain-wildcard",
        lambda: _asked("wbe.shop", "search-domains/wildcard-by-dhcp", "asked-name/caught-by-a-wildcard"),
    ),
    Fault(
        "F09",
        "",
        lambda: _pod_asked(World().take("client-libraries/healthy").take("asked-name/healthy")),
        status=Status.HEALTHY,
        words="the resolver in its image",
    ),
    Fault(
        "F09b",
        "",
        lambda: _pod_asked(World().take("client-libraries/healthy").take("asked-name/healthy"), WORKLOAD),
        status=Status.HEALTHY,
        words="Lookups from the network of pod shop/cart work too",
    ),
    Fault(
        "F09c",
        "",
        lambda: _pod_asked(World().take("asked-name/healthy").blind("client-libraries"), WORKLOAD),
        status=Status.HEALTHY,
        words="Nobody could look from inside pod shop/cart",
    ),
    Fault(
        "F10",
        "",
        lambda: _pod_asked(World().take("client-libraries/healthy").take("asked-name/healthy")),
        status=Status.HEALTHY,
        words="an address that it keeps",
    ),
    Fault("F11", "name-really-absent", lambda: _asked("apis.shop.svc.cluster.local", "asked-name/absent-service")),
    Fault("F11b", "name-really-absent", lambda: _asked("nosuch.example.com", "asked-name/absent-outside")),
    Fault(
        "F12",
        "headless-no-ready-endpoints",
        lambda: _asked("db.shop.svc.cluster.local", "asked-name/headless-not-ready"),
    ),
    Fault("F13", "kubelet-clusterdns-mismatch", lambda: _kubelet("one_node_other_address", Effect.SILENT)),
    Fault("F14", "kubelet-clusterdns-missing", lambda: _kubelet("one_node_without_cluster_dns", Effect.NXDOMAIN)),
    Fault(
        "F15",
        "conntrack-race-5s",
        lambda: World().dark(Effect.SLOW, lambda c: c.path == "client" and not c.server and c.node == N2, 5.02),
    ),
    Fault("F16", "conntrack-table-full", lambda: _node(World().take("node-events/conntrack-full"), N3, Effect.LOSSY)),
    Fault(
        "F17",
        "",
        lambda: _pod_asked(World().take("client-libraries/healthy").take("asked-name/healthy")),
        status=Status.HEALTHY,
        words="a connection that it has held since before",
    ),
    Fault("F18", "iptables-kubedns-rules-missing", lambda: _rules(World(), N2)),
    Fault("F18b", "iptables-kubedns-rules-missing", lambda: _rules(World(), N1, N2, N3)),
    Fault("F19", "node-firewall-drops-53", lambda: _node(World(), N2)),
    Fault("F19b", "node-firewall-drops-53", lambda: _node(World(), N3)),
    Fault("F19c", "node-firewall-drops-53", lambda: _node(World().take("node-events/reject-rule-for-53"), N3)),
    Fault("F20", "kube-proxy-absent-on-node", lambda: _rules(World().take("kube-proxy-pods/left-out-by-affinity"), N1)),
    Fault("F21", "kube-proxy-forbidden-403", lambda: _rules(_proxy_down("forbidden"), N1, N2, N3)),
    Fault("F21b", "kube-proxy-forbidden-403", lambda: _proxy_down("forbidden")),
    Fault("F22", "kube-proxy-unauthorized-401", lambda: _rules(_proxy_down("unauthorized"), N1, N2, N3)),
    Fault("F23", "kube-proxy-apiserver-timeout", lambda: _rules(_proxy_down("timeout-on-one-node"), N1)),
    Fault(
        "F24",
        "kube-proxy-version-skew",
        lambda: World().take("kube-proxy-pods/version-skew"),
        status=Status.AT_RISK,
    ),
    Fault("F25", "kube-proxy-mode-broken", _mode),
    Fault("F26", "kube-dns-service-missing", _service_missing),
    Fault(
        "F27",
        "kube-dns-selector-mismatch",
        lambda: World().take("kube-dns-endpoints/selector-matches-nothing").dark(Effect.UNREACHABLE, through),
    ),
    Fault("F28", "kube-dns-ports-wrong", _ports),
    Fault(
        "F28b",
        "kube-dns-ports-wrong",
        lambda: (
            World()
            .take("kube-dns-service/no-tcp")
            .dark(Effect.SILENT, lambda c: c.path == "cluster-ip" and c.transport == "tcp")
        ),
    ),
    Fault(
        "F29",
        "kube-dns-clusterip-changed",
        lambda: (
            World()
            .take("kubelet-cluster-dns/service_made_anew")
            .take("kube-dns-service/other-address")
            .dark(Effect.SILENT, lambda c: c.path == "client")
        ),
    ),
    Fault(
        "F30",
        "endpointslice-stale-or-orphan",
        lambda: World().take("kube-dns-endpoints/hand-made-slice").dark(Effect.LOSSY, lambda c: c.path == "cluster-ip"),
    ),
    Fault("F31", "coredns-scaled-to-zero", lambda: _no_coredns("coredns-scaled-to-zero")),
    Fault("F32", "coredns-pending", lambda: _no_coredns("coredns-pending")),
    Fault("F33", "coredns-fargate-annotation", lambda: _no_coredns("coredns-fargate-annotation")),
    Fault("F34", "coredns-no-ip", lambda: _no_coredns("no-address")),
    Fault("F35", "coredns-image-pull", lambda: _no_coredns("coredns-image-pull")),
    Fault("F36", "coredns-oom-or-throttled", lambda: _no_coredns("coredns-oom-or-throttled")),
    Fault(
        "F37",
        "corefile-reload-timebomb",
        lambda: World().take("corefile-running/reload-failed").take("corefile/unloadable-while-pods-run"),
        status=Status.AT_RISK,
    ),
    Fault(
        "F38",
        "corefile-syntax-crashloop",
        lambda: _no_coredns("corefile-syntax-crashloop").take("corefile/option-upstream"),
    ),
    Fault(
        "F38b",
        "corefile-syntax-crashloop",
        lambda: (
            World()
            .take("corefile/no-kubernetes")
            .skip("coredns-freshness")
            .dark(
                Effect.NXDOMAIN,
                lambda c: c.kind == "internal" and c.path in ("forward", "replica", "cluster-ip", "client"),
            )
        ),
    ),
    Fault("F39", "corefile-no-or-bad-forward", lambda: _outside(World().take("upstream/dead-address"))),
    Fault("F39b", "corefile-no-or-bad-forward", lambda: _outside(World().take("corefile/no-forward"), Effect.REFUSED)),
    Fault(
        "F40", "stub-domain-dead", lambda: _asked("db.corp.example", "stub-domains/dead", "asked-name/stub-domain-dead")
    ),
    Fault(
        "F41",
        "rewrite-hosts-template-shadow",
        lambda: _asked("www.example.com", "asked-sources/hosts-without-fallthrough", "asked-name/shadowed"),
    ),
    Fault(
        "F42",
        "forward-max-concurrent",
        lambda: (
            World()
            .take("coredns-errors/max-concurrent")
            .take("coredns-metrics/rejects-rising")
            .dark(Effect.REFUSED, lambda c: c.kind == "external" and c.path == "forward")
        ),
    ),
    Fault(
        "F43",
        "cache-stale-or-negative",
        lambda: (
            World(name="orders-db.corp.example")
            .take("asked-sources/negative-cache")
            .take("asked-name/shadowed", {"www.example.com": "orders-db.corp.example", "servfail": "nxdomain"})
        ),
    ),
    Fault(
        "F44",
        "corefile-loop",
        lambda: _no_coredns("corefile-loop").take("corefile/loop").skip("upstream"),
    ),
    Fault("F45", "coredns-rbac-endpointslices", _rbac),
    Fault("F46", "coredns-api-unreachable-or-desynced", lambda: World().take("coredns-freshness/one-behind")),
    Fault(
        "F47",
        "coredns-colocated-or-under-replicated",
        lambda: World().take("coredns-placement/one-node"),
        status=Status.AT_RISK,
    ),
    Fault(
        "F48",
        "readiness-probe-on-health",
        lambda: World().take("coredns-readiness/asks-health"),
        status=Status.AT_RISK,
    ),
    Fault("F49", "addon-owner-conflict", lambda: World().take("coredns-addon/conflict"), status=Status.AT_RISK),
    Fault(
        "F50",
        "netpol-egress-denies-53",
        lambda: _silent_pod("network-policies/default-deny", "shop/cart-6568bc49f8-rhpvp"),
    ),
    Fault("F50b", "netpol-egress-denies-53", lambda: World().take("network-policies/wrong-namespace-label")),
    Fault(
        "F51",
        "netpol-ingress-on-coredns",
        lambda: _all_silent(World().take("network-policies/coredns-for-one-namespace")),
    ),
    Fault(
        "F52",
        "tcp-53-blocked",
        lambda: _pairs(
            World().take("security-groups/udp-only"), (N1, Y), (N3, X), (N2, X), (N2, Y), transports=("tcp",)
        ),
    ),
    Fault(
        "F52b",
        "tcp-53-blocked",
        lambda: _pairs(World(), (N1, Y), (N3, X), (N2, X), (N2, Y), transports=("tcp",)),
    ),
    Fault(
        "F53",
        "sg-blocks-53-between-nodes",
        lambda: _pairs(World().take("security-groups/closed"), (N1, Y), (N3, X), (N2, X), (N2, Y)),
    ),
    Fault(
        "F54",
        "sg-for-pods-53",
        lambda: _silent_pod("pod-security-groups/egress-closed", "shop/web-69dd8c8655-xdv8n"),
    ),
    Fault(
        "F55",
        "nacl-blocks-53-or-return",
        lambda: _pairs(World().take("network-acls/answers-blocked"), (N2, X), (N2, Y), transports=("udp",)),
    ),
    Fault(
        "F56",
        "eni-pps-throttle",
        lambda: (
            World()
            .take("packet-budget/drops")
            .dark(Effect.LOSSY, lambda c: c.kind == "external" and c.path in ("upstream", "replica", "cluster-ip"))
        ),
    ),
    Fault(
        "F56b",
        "eni-pps-throttle",
        lambda: World().take("packet-budget/recorded-near-the-limit"),
        status=Status.AT_RISK,
    ),
    Fault("F57", "vpc-dns-support-off", _vpc_off),
    Fault("F58", "dhcp-options-custom-dns", _dhcp),
    Fault("F59", "phz-not-associated", lambda: _denied("db.corp.internal", "private-zones/not-associated")),
    Fault("F59b", "phz-not-associated", lambda: _denied("db.corp.internal", "private-zones/record-missing")),
    Fault(
        "F60",
        "resolver-rule-or-dns-firewall",
        lambda: _denied("db.corp.example", "resolver-rules/targets-dead", "servfail"),
    ),
    Fault(
        "F60b", "resolver-rule-or-dns-firewall", lambda: _denied("tracker.example", "resolver-rules/firewall-blocks")
    ),
    Fault(
        "F61a",
        "deployment-mode-mismatch",
        lambda: (
            World()
            .take("deployment-mode/auto-mixed-no-coredns")
            .take("kube-dns-service/auto-mode-mixed")
            .take("coredns-workload/auto-mode-mixed")
            .take("kube-dns-endpoints/no-service")
            .skip(*WORKLOAD_DOWN, "dns-through-cluster-ip")
            .dark(Effect.SILENT, lambda c: c.path == "client" and c.node in (N2, N3))
        ),
    ),
    Fault("F61b", "deployment-mode-mismatch", lambda: World().take("deployment-mode/fargate-told-to-ask-the-cache")),
    Fault(
        "F61d",
        "deployment-mode-mismatch",
        lambda: (
            World()
            .take("deployment-mode/cache-down")
            .dark(Effect.SILENT, lambda c: c.path == "client" and c.node == N1)
        ),
    ),
    Fault(
        "F61c",
        "",
        lambda: World().take("deployment-mode/hybrid-without-replica"),
        status=Status.HEALTHY,
        words="DNS works",
    ),
    Fault(
        "F61c2",
        "deployment-mode-mismatch",
        lambda: (
            _node(World().take("deployment-mode/hybrid-without-replica", {N2: N3, "mi-0abc": N2}), N2)
            .blind("security-groups")
            .blind("network-acls")
        ),
    ),
    Fault(
        "F61e",
        "deployment-mode-mismatch",
        lambda: _silent_pod("deployment-mode/mesh-captures", CART),
    ),
    Fault(
        "F61e2",
        "",
        lambda: World().take("deployment-mode/mesh-captures"),
        status=Status.HEALTHY,
        words="DNS works",
    ),
)
BY_ID = {fault.id: fault for fault in FAULTS}
