"""kube-proxy may not read Services: its binding is gone, and the nodes' rules still lead to CoreDNS pods of before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, log, one, without
from .recording import ago
from .world import Object, World

RESTARTED = 1500.0
"""Seconds since kube-proxy was restarted, and CoreDNS after it."""
MOVED = {"10.20.3.134": "10.20.3.151", "10.20.2.133": "10.20.2.152"}
"""Where the CoreDNS pods were, and where they are now."""
USER = "system:serviceaccount:kube-system:kube-proxy"


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = without(well.objects, "ClusterRoleBinding", "eks:kube-proxy")
    objects = changed(objects, "Pod", "kube-proxy-", _restarted)
    objects = changed(objects, "Pod", "coredns-", _moved)
    objects = changed(objects, "EndpointSlice", "kube-dns-", _moved_endpoints)
    logs = {key: text for key, text in well.logs.items() if "/kube-proxy-" not in key}
    for pod in (o for o in objects if o["kind"] == "Pod" and o["metadata"]["name"].startswith("kube-proxy-")):
        logs[f"kube-system/{pod['metadata']['name']}/kube-proxy"] = log(_lines(pod))
    address = one(objects, "Service", "kube-dns")["spec"]["clusterIP"]
    return replace(
        well,
        name="kube-proxy-forbidden-403",
        title="kube-proxy may not read Services: its binding is gone",
        objects=objects,
        logs=logs,
        pages={**well.pages, "kube-proxy:10256": {path: (503, _unsynced()) for path in ("/healthz", "/livez")}},
        wiring=replace(well.wiring, stale={"*": {address: tuple(MOVED)}}),
        status="problem",
        codes=("kube-proxy-forbidden-403",),
    )


def _restarted(pod: Any) -> None:
    pod["metadata"]["creationTimestamp"] = pod["status"]["startTime"] = ago(RESTARTED)
    for condition in pod["status"]["conditions"]:
        condition["lastTransitionTime"] = ago(RESTARTED - 3)
    for status in pod["status"]["containerStatuses"]:
        status["state"] = {"running": {"startedAt": ago(RESTARTED - 2)}}


def _moved(pod: Any) -> None:
    _restarted(pod)
    address = MOVED[pod["status"]["podIP"]]
    pod["status"].update(podIP=address, podIPs=[{"ip": address}])


def _moved_endpoints(one_slice: Any) -> None:
    for endpoint in one_slice["endpoints"]:
        endpoint["addresses"] = [MOVED[address] for address in endpoint["addresses"]]


def _lines(pod: Object) -> Iterator[tuple[float, str]]:
    """What kube-proxy says without its binding: the node cannot be read, then neither can anything else, again and again."""
    node = pod["spec"]["nodeName"]
    begun = RESTARTED - 2
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
