"""kube-proxy may not read Services: its binding is gone, and the nodes' rules still lead to CoreDNS pods of before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from . import healthy
from .changing import changed, coredns_starts, logged, one, without
from .pod_states import anew
from .recording import ago
from .settling import settled
from .world import Object, World

RESTARTED = 1500.0
"""Seconds since kube-proxy was restarted, and CoreDNS soon after it."""
USER = "system:serviceaccount:kube-system:kube-proxy"


def world() -> World:
    """The world itself."""
    well = healthy.world()
    before = one(well.objects, "EndpointSlice", "kube-dns-")["endpoints"]
    address = one(well.objects, "Service", "kube-dns")["spec"]["clusterIP"]
    objects = without(well.objects, "ClusterRoleBinding", "eks:kube-proxy")
    objects = changed(objects, "Pod", "kube-proxy-", lambda pod: anew(pod, RESTARTED))
    objects = settled(changed(objects, "Pod", "coredns-", lambda pod: anew(pod, RESTARTED - 30)), RESTARTED - 30)
    logs = logged(well.logs, objects, "kube-proxy", _lines)
    return replace(
        well,
        name="kube-proxy-forbidden-403",
        title="kube-proxy may not read Services: its binding is gone",
        objects=objects,
        logs=logged(logs, objects, "coredns", lambda _pod: coredns_starts(RESTARTED - 31)),
        pages={**well.pages, "kube-proxy:10256": {path: (503, _unsynced()) for path in ("/healthz", "/livez")}},
        wiring=replace(well.wiring, stale={"*": {address: tuple(a for e in before for a in e["addresses"])}}),
        status="problem",
        codes=("kube-proxy-forbidden-403",),
    )


def _lines(pod: Object) -> Iterator[tuple[float, str]]:
    """What kube-proxy says without its binding: the node cannot be read, then neither can anything else, again and again."""
    node = pod["spec"]["nodeName"]
    begun = RESTARTED - 1
    yield begun, 'I{klog}       1 server_linux.go:132] "Using iptables Proxier"'
    for at in (1, 3, 7, 15, 31):
        yield begun - at, _refused("nodes", "Node", "", f' "{node}"')
    yield begun - 33, 'I{klog}       1 server.go:527] "Version info" version="v1.34.4"'
    for at in range(40, int(begun), 45):
        yield begun - at, _refused("services", "Service", "")
        yield begun - at - 2, _refused("endpointslices", "EndpointSlice", "discovery.k8s.io")


def _refused(plural: str, kind: str, group: str, name: str = "") -> str:
    qualified = f"{plural}.{group}" if group else plural
    said = f'{qualified}{name} is forbidden: User \\"{USER}\\" cannot list resource \\"{plural}\\" in API group \\"{group}\\"'
    failed = f"failed to list *v1.{kind}: {said} at the cluster scope"
    return (
        f'E{{klog}}       1 reflector.go:205] "Failed to watch" err="{failed}" logger="UnhandledError" '
        f'reflector="k8s.io/client-go/informers/factory.go:160" type="*v1.{kind}"'
    )


def _unsynced() -> str:
    return f'{{"lastUpdated":"{ago(RESTARTED)}","currentTime":"{ago(0)}","nodeEligible":true,"healthy":false}}'
