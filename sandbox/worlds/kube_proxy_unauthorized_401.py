"""kube-proxy signs in with a token that is no longer valid, and the rules still lead to CoreDNS pods of before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, coredns_starts, logged, one
from .pod_states import anew
from .settling import settled
from .world import Object, World

SECONDS = 1500.0
TOKEN = "eyJhbGciOiJSUzI1NiIsImtpZCI6Im9sZCJ9.eyJleHAiOjE3MDAwMDAwMDB9.c2lnbmF0dXJl"  # noqa: S105 - says "signature"

FAILED = (
    'E{klog}       1 reflector.go:205] "Failed to watch" err="failed to list *v1.Node: Unauthorized" '
    'logger="UnhandledError" reflector="k8s.io/client-go@v0.0.0/tools/cache/reflector.go:290" type="*v1.Node"'
)


def world() -> World:
    """The world itself."""
    well = healthy.world()
    before = one(well.objects, "EndpointSlice", "kube-dns-")["endpoints"]
    address = one(well.objects, "Service", "kube-dns")["spec"]["clusterIP"]
    objects = changed(well.objects, "ConfigMap", "kube-proxy", _old_token)
    objects = changed(objects, "Pod", "kube-proxy-", lambda pod: anew(pod, SECONDS))
    objects = settled(changed(objects, "Pod", "coredns-", lambda pod: anew(pod, SECONDS - 30)), SECONDS)
    logs = logged(well.logs, objects, "kube-proxy", _lines)
    stale = {"*": {address: tuple(a for endpoint in before for a in endpoint["addresses"])}}
    return replace(
        well,
        name="kube-proxy-unauthorized-401",
        title="kube-proxy signs in with a token that is no longer valid",
        objects=objects,
        logs=logged(logs, objects, "coredns", lambda _pod: coredns_starts(SECONDS - 31)),
        pages={key: page for key, page in well.pages.items() if not key.startswith("kube-proxy:")},
        wiring=replace(well.wiring, stale=stale),
        status="problem",
        codes=("kube-proxy-unauthorized-401",),
    )


def _old_token(config: Any) -> None:
    if "kubeconfig" in config["data"]:
        config["data"]["kubeconfig"] = re.sub(r"tokenFile: [^}]*", f"token: {TOKEN}", config["data"]["kubeconfig"])


def _lines(_pod: Object) -> Iterator[tuple[float, str]]:
    """It asks for its own node, again and again, and gets no further."""
    begun = SECONDS - 1
    yield begun, "I{klog}       1 feature_gate.go:385] feature gates: {map[]}"
    yield begun, 'I{klog}       1 shared_informer.go:349] "Waiting for caches to sync" controller="node informer cache"'
    for at in (0, 1, 3, 8, 17, *range(40, int(begun), 37)):
        yield begun - at, FAILED
