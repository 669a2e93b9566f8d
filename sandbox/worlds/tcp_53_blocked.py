"""The nodes' security group lets DNS in by UDP only, and large answers fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from . import healthy
from .recording import ago
from .workloads import MADE, deployed
from .world import Object, World

GROUP = "sg-5e87f3aace1c8fbe9"
SHARDS = tuple(f"10.20.4.{last}" for last in range(10, 70))


def world() -> World:
    """The world itself."""
    well = healthy.world()
    network = healthy.network(well.objects)
    vpc = [{"CidrIp": network.vpc["cidr"]}]
    group = {
        "id": GROUP, "name": "cluster-a-nodes",
        "ingress": [
            {"IpProtocol": protocol, "FromPort": first, "ToPort": last, "IpRanges": vpc}
            for protocol, first, last in (("udp", 53, 53), ("tcp", 443, 443), ("tcp", 1025, 65535))
        ],
    }  # fmt: skip
    udp_only = replace(
        network, groups=[*network.groups, group], instances=[{**one, "groups": [GROUP]} for one in network.instances]
    )
    return replace(
        well,
        name="tcp-53-blocked",
        title="The nodes' security group lets DNS in by UDP only, and large answers fail",
        objects=(*well.objects, *_cache(), *deployed(well.objects, "orders", "10.20.1.141")),
        account=replace(well.account, network=udp_only),
        pod="shop/orders",
        asked="cache.shop.svc.cluster.local",
        status="problem",
        codes=("tcp-53-blocked",),
    )


def _cache() -> Iterator[Object]:
    """A headless Service with more addresses than fit an answer over UDP."""
    made = {"namespace": "shop", "creationTimestamp": ago(MADE)}
    yield {
        "apiVersion": "v1", "kind": "Service", "metadata": {**made, "name": "cache"},
        "spec": {
            "clusterIP": "None", "clusterIPs": ["None"], "type": "ClusterIP",
            "ports": [{"name": "redis", "port": 6379, "targetPort": 6379, "protocol": "TCP"}],
        },
    }  # fmt: skip
    yield {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {**made, "name": "cache-shards", "labels": {
            "kubernetes.io/service-name": "cache", "endpointslice.kubernetes.io/managed-by": "redis-operator",
        }},
        "ports": [{"name": "redis", "port": 6379, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in SHARDS],
    }  # fmt: skip
