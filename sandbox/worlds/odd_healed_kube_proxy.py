"""kube-proxy lost its rights for a while and has them again: one pod's log still tells of it, and nothing is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from . import healthy
from .changing import changed, log, one
from .pod_states import anew
from .settling import settled
from .world import World

RESTARTED, REFUSED = 5400.0, (1, 2, 4, 8)
"""Seconds since that pod was made anew, and after which of its first seconds it was refused."""
POD = "kube-proxy-4qtl6"
USER = "system:serviceaccount:kube-system:kube-proxy"


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = settled(changed(well.objects, "Pod", POD, lambda pod: anew(pod, RESTARTED)), RESTARTED)
    gone = {one["metadata"]["name"] for one in well.objects if one["kind"] == "Pod"}
    (name,) = {one["metadata"]["name"] for one in objects if one["kind"] == "Pod"} - gone
    key = f"kube-system/{POD}/kube-proxy"
    node = one(objects, "Pod", name)["spec"]["nodeName"]
    logs = {k: text for k, text in well.logs.items() if k != key}
    logs[f"kube-system/{name}/kube-proxy"] = log([*_refusals(node), *_again(well.logs[key])])
    return replace(
        well,
        name="odd-healed-kube-proxy",
        title="Nothing is wrong: kube-proxy lost its rights for a while and has them again",
        objects=objects,
        logs=logs,
    )


def _refusals(node: str) -> Iterator[tuple[float, str]]:
    said = f'nodes \\"{node}\\" is forbidden: User \\"{USER}\\" cannot list resource \\"nodes\\" in API group \\"\\"'
    failed = f"failed to list *v1.Node: {said} at the cluster scope"
    for after in REFUSED:
        yield (
            RESTARTED - after,
            (
                f'E{{klog}}       1 reflector.go:205] "Failed to watch" err="{failed}" logger="UnhandledError" '
                'reflector="k8s.io/client-go@v0.0.0/tools/cache/reflector.go:290" type="*v1.Node"'
            ),
        )


def _again(text: str) -> Iterator[tuple[float, str]]:
    """The lines of a good start, as said once the rights were there again."""
    for line in text.splitlines():
        said = line.partition(" ")[2]
        yield RESTARTED - 20, re.sub(r"^([IWEF])\d{4} [\d:.]+", r"\1{klog}", said)
