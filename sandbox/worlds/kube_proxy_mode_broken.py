"""kube-proxy is set to a mode that the nodes cannot do: it ends at once, and the rules stay as they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import backing_off, changed, coredns_starts, logged, one
from .pod_states import anew, crashing
from .settling import settled
from .world import Object, World

SECONDS, ENDED = 1300.0, 130.0
"""Since the pods were made, and since the last process ended."""
FAILED = "can't use the IPVS proxier: error getting ipset version, error: executable file not found in $PATH"


def world() -> World:
    """The world itself."""
    well = healthy.world()
    before = one(well.objects, "EndpointSlice", "kube-dns-")["endpoints"]
    address = one(well.objects, "Service", "kube-dns")["spec"]["clusterIP"]
    objects = changed(well.objects, "ConfigMap", "kube-proxy-config", _ipvs)
    objects = changed(objects, "Pod", "kube-proxy-", _crashing)
    objects = settled(changed(objects, "Pod", "coredns-", lambda pod: anew(pod, SECONDS - 30)), SECONDS)
    logs = logged(well.logs, objects, "kube-proxy", _lines)
    return replace(
        well,
        name="kube-proxy-mode-broken",
        title="kube-proxy is set to a mode that the nodes cannot do",
        objects=(*objects, *backing_off(objects, "kube-proxy-", 21, count=88)),
        logs=logged(logs, objects, "coredns", lambda _pod: coredns_starts(SECONDS - 31)),
        wiring=replace(well.wiring, stale={"*": {address: tuple(a for e in before for a in e["addresses"])}}),
        status="problem",
        codes=("kube-proxy-mode-broken",),
    )


def _ipvs(config: Any) -> None:
    config["data"]["config"] = config["data"]["config"].replace("mode: iptables", "mode: ipvs")


def _crashing(pod: Any) -> None:
    anew(pod, SECONDS)
    crashing(pod, ENDED, restarts=8)


def _lines(pod: Object) -> Iterator[tuple[float, str]]:
    own, waits = pod["status"]["hostIP"], 'controller="node informer cache"'
    yield ENDED + 0.6, "I{klog}       1 feature_gate.go:385] feature gates: {map[]}"
    yield ENDED + 0.4, f'I{{klog}}       1 shared_informer.go:349] "Waiting for caches to sync" {waits}'
    yield ENDED + 0.3, f'I{{klog}}       1 shared_informer.go:356] "Caches are synced" {waits}'
    yield ENDED + 0.3, f'I{{klog}}       1 server.go:219] "Successfully retrieved NodeIPs" NodeIPs=["{own}"]'
    yield ENDED, f'E{{klog}}       1 run.go:72] "command failed" err="{FAILED}"'
