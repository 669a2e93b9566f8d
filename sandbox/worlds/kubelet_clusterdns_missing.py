"""One node's kubelet knows no cluster DNS address and gives its pods the node's name server."""

from __future__ import annotations

from dataclasses import replace

from . import healthy
from .changing import event
from .world import Object, World

NODE = "ip-10-20-3-10.ec2.internal"
SAID = (
    'kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. '
    'Falling back to "Default" policy.'
)


def world() -> World:
    """The world itself."""
    well = healthy.world()
    affected = [one for one in well.objects if one["kind"] == "Pod" and _suffers(one)]
    node = next(one for one in well.objects if one["kind"] == "Node" and one["metadata"]["name"] == NODE)
    return replace(
        well,
        name="kubelet-clusterdns-missing",
        title="One node's kubelet knows no cluster DNS address",
        objects=(
            *well.objects,
            event(node, 2.0, "MissingClusterDNS", SAID, count=6),
            *(event(pod, 6.0, "MissingClusterDNS", _said_of(pod), count=3) for pod in affected),
        ),
        wiring=replace(well.wiring, cluster_dns={**well.wiring.cluster_dns, NODE: ""}),
        pod="shop/client-wdsrn",
        status="problem",
        codes=("kubelet-clusterdns-missing",),
    )


def _suffers(pod: Object) -> bool:
    return (pod["metadata"]["namespace"], pod["spec"].get("nodeName")) == ("shop", NODE)


def _said_of(pod: Object) -> str:
    meta = pod["metadata"]
    return f'pod: "{meta["name"]}_{meta["namespace"]}({meta["uid"]})". {SAID}'
