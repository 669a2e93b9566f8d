"""Which plugins and properties CoreDNS knows, by version: read from the sources of 1.9.3 to 1.14.7."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

Version = tuple[int, ...]
Since = tuple[Version, Version]
"""The newest release that surely lacks it, and the oldest that surely has it."""

NEWEST: Version = (1, 14, 999)
"""What a newer CoreDNS knows is not known here."""

V10: Since = ((1, 9, 3), (1, 10, 1))
V11: Since = ((1, 10, 1), (1, 11, 4))
V12: Since = ((1, 11, 4), (1, 12, 4))
V13: Since = ((1, 12, 4), (1, 13, 1))
V14: Since = ((1, 13, 1), (1, 14, 7))
ALWAYS: Since = ((), ())

_ALWAYS = (
    "acl any auto autopath azure bind bufsize cache cancel chaos clouddns debug dns64 dnssec dnstap erratic errors etcd file "
    "forward geoip grpc header health hosts k8s_external kubernetes loadbalance local log loop metadata minimal nsid on "
    "pprof prometheus ready reload rewrite root route53 secondary sign template tls trace transfer whoami"
)
PLUGINS: Mapping[str, Since] = {
    **dict.fromkeys(_ALWAYS.split(), ALWAYS),
    **dict.fromkeys(("timeouts", "tsig", "view"), V10),
    **dict.fromkeys(("multisocket", "quic"), V12),
    "nomad": V13,
    **dict.fromkeys(("grpc_server", "https", "https3", "proxyproto", "shed"), V14),
}

_EXTERNAL = (
    "ads alias alternate amazondns blocklist dnsredir dnsserver_rrl docker edns0 example fanout finalize "
    "gathersrv git idetcd k8s_cache k8s_crd k8s_dns_chaos k8s_event k8s_gateway kubernetai lighthouse "
    "mdns meship meshname mysql netbox nodecache ntp_pool oneplusone pdsql policy records recursor redis "
    "redisc redis-cluster resolver rrl split tailscale unbound v6only warnlist wgsd "
)
EXTERNAL = frozenset(_EXTERNAL.split())
"""Plugins that only a CoreDNS of one's own build has."""

HANDS_ON = ("forward", "grpc", "fanout", "alternate", "dnsredir", "unbound", "recursor", "proxy")
"""Plugins that ask another server for what CoreDNS does not know."""

PROPERTIES: Mapping[str, Mapping[str, Since]] = {
    "auto": dict.fromkeys(("directory", "reload", "upstream"), ALWAYS),
    "cache": {
        **dict.fromkeys(("success", "denial", "prefetch", "serve_stale"), ALWAYS),
        **dict.fromkeys(("servfail", "disable", "keepttl"), V10),
        "serve_stale_policy": V14,
    },
    "errors": {"consolidate": ALWAYS, "stacktrace": ALWAYS},
    "forward": {
        **dict.fromkeys(
            ("except", "expire", "force_tcp", "health_check", "max_concurrent", "max_fails", "policy", "prefer_udp", "tls",
             "tls_servername"),
            ALWAYS,
        ),
        "next": V11,
        "failfast_all_unhealthy_upstreams": V12,
        "failover": V13,
        **dict.fromkeys(
            ("doh_method", "max_age", "max_connect_attempts", "max_idle_conns", "next_on_nodata", "read_timeout",
             "resolver", "source_address"),
            V14,
        ),
    },
    "health": {"lameduck": ALWAYS},
    "k8s_external": {"apex": ALWAYS, "ttl": ALWAYS, "headless": V10, "fallthrough": V11},
    "kubernetes": {
        **dict.fromkeys(
            ("endpoint", "endpoint_pod_names", "fallthrough", "ignore", "kubeconfig", "labels", "namespace_labels",
             "namespaces", "noendpoints", "pods", "tls", "ttl"),
            ALWAYS,
        ),
        **dict.fromkeys(("multicluster", "startup_timeout"), V12),
        **dict.fromkeys(("apiserver_burst", "apiserver_max_inflight", "apiserver_qps", "zonal"), V14),
    },
    "log": {"class": ALWAYS},
    "template": {
        **dict.fromkeys(
            ("additional", "answer", "authority", "fallthrough", "match", "rcode", "upstream"), ALWAYS
        ),
        "ederror": V10,
    },
}  # fmt: skip
"""Of plugins that refuse a property that they do not know."""

ONCE = frozenset({"cache", "errors", "hosts", "kubernetes", "loop", "pprof", "prometheus", "ready"})
"""Plugins that CoreDNS takes only once in a server block."""

MUST_HAVE = {
    "forward": {"except", "expire", "health_check", "max_concurrent", "max_fails", "next", "policy", "tls_servername"},
    "kubernetes": {
        "endpoint",
        "ignore",
        "kubeconfig",
        "labels",
        "namespace_labels",
        "namespaces",
        "pods",
        "tls",
        "ttl",
    },
    "cache": {"success", "denial", "prefetch", "servfail", "disable"},
    "health": {"lameduck"},
    "errors": {"consolidate"},
    "template": {"additional", "answer", "authority", "match", "rcode"},
}
"""Properties that need an argument."""

MUST_NOT_HAVE = {
    "forward": {"force_tcp", "prefer_udp"},
    "kubernetes": {"endpoint_pod_names", "noendpoints"},
    "cache": {"keepttl"},
}
"""Properties that take no argument."""

REMOVED = {
    ("kubernetes", "upstream"): "CoreDNS dropped it in 1.7.0",
    ("kubernetes", "resyncperiod"): "CoreDNS dropped it in 1.7.0",
    ("kubernetes", "transfer"): "it became a plugin of its own in 1.8.0",
    ("", "proxy"): "CoreDNS dropped it in 1.5.0; `forward` took its place",
    ("", "federation"): "CoreDNS dropped it in 1.7.0",
    ("", "reverse"): "CoreDNS dropped it in 1.2.1; `template` took its place",
    ("", "autopaths"): "its name is autopath",
}
"""Why something that old examples show is refused today."""


class Known(Enum):
    """Whether a build has something."""

    YES = auto()
    NO = auto()
    PERHAPS = auto()


def version_of(text: str) -> Version:
    """`1.12.4`, `v1.11.1-eksbuild.4` as figures; () where TEXT is none."""
    figures = text.strip().removeprefix("v").partition("-")[0].split(".")
    return tuple(int(f[:6]) for f in figures) if all(f.isascii() and f.isdigit() for f in figures) else ()


def known(since: Since | None, version: Version) -> Known:
    """Whether CoreDNS of VERSION (() where it is not known) has what came at SINCE (None: no release has it)."""
    if version > NEWEST:
        return Known.PERHAPS if since is None else Known.YES
    if since is None:
        return Known.NO
    lacks, has = since
    if not lacks or (version and version >= has):
        return Known.YES
    return Known.NO if version and version <= lacks else Known.PERHAPS


def plugin(name: str, version: Version) -> Known:
    """Whether the CoreDNS of EKS and of the upstream images has a plugin."""
    if name in EXTERNAL:
        return Known.PERHAPS
    return known(PLUGINS.get(name), version)
