"""A headless Service has pods, but none of them is ready, so its name has no address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .recording import ago
from .workloads import MADE, deployed
from .world import Object, World

PODS = {"db-0": "10.20.1.140", "db-1": "10.20.3.140"}


def world() -> World:
    """The world itself."""
    well = healthy.world()
    return replace(
        well,
        name="headless-no-ready-endpoints",
        title="A headless Service has pods, but none of them is ready",
        objects=(
            *well.objects,
            *deployed(well.objects, "orders", "10.20.2.141"),
            *_database(well.objects),
        ),
        pod="shop/orders",
        asked="db.shop.svc.cluster.local",
        status="problem",
        codes=("headless-no-ready-endpoints",),
    )


def _database(objects: tuple[Object, ...]) -> Iterator[Object]:
    """A StatefulSet as `serviceName: db` makes it, whose readiness probe fails; its Service and EndpointSlice."""
    made: dict[str, Any] = {"namespace": "shop", "creationTimestamp": ago(MADE), "resourceVersion": "41179"}
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "db", "image": "shop/db:1"}]}}
    yield {
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {**made, "name": "db", "uid": "b0c2b6a4-6c2d-4b7c-9f37-0a3d8c1e5a01"},
        "spec": {"serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"}}, "template": template},
        "status": {"replicas": 2, "currentReplicas": 2, "updatedReplicas": 2, "observedGeneration": 1},
    }  # fmt: skip
    yield {
        "apiVersion": "v1", "kind": "Service", "metadata": {**made, "name": "db"},
        "spec": {
            "clusterIP": "None", "clusterIPs": ["None"], "type": "ClusterIP", "selector": {"app": "db"},
            "ports": [{"name": "postgres", "port": 5432, "targetPort": 5432, "protocol": "TCP"}],
        },
    }  # fmt: skip
    for name, address in PODS.items():
        yield _pod(objects, name, address)
    yield {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {**made, "name": "db-q7x2v", "labels": {
            "kubernetes.io/service-name": "db",
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        }},
        "ports": [{"name": "postgres", "port": 5432, "protocol": "TCP"}],
        "endpoints": [
            {"addresses": [address], "hostname": name, "targetRef": {"kind": "Pod", "namespace": "shop", "name": name},
             "conditions": {"ready": False, "serving": False, "terminating": False}}
            for name, address in PODS.items()
        ],
    }  # fmt: skip


def _pod(objects: tuple[Object, ...], name: str, address: str) -> Object:
    pod: Any = next(one for one in deployed(objects, "db", address, _subdomain) if one["kind"] == "Pod")
    pod["metadata"].update(name=name, uid=f"b0c2b6a4-6c2d-4b7c-9f37-0a3d8c1e5b0{name[-1]}", labels={
        "app": "db", "apps.kubernetes.io/pod-index": name[-1], "statefulset.kubernetes.io/pod-name": name,
    }, ownerReferences=[{
        "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "controller": True,
        "uid": "b0c2b6a4-6c2d-4b7c-9f37-0a3d8c1e5a01",
    }])  # fmt: skip
    pod["spec"]["hostname"] = name
    for condition in pod["status"]["conditions"]:
        if condition["type"] in ("Ready", "ContainersReady"):
            condition.update(status="False", reason="ContainersNotReady",
                             message="containers with unready status: [db]")  # fmt: skip
    pod["status"]["containerStatuses"][0]["ready"] = False
    return dict(pod)


def _subdomain(spec: Any) -> None:
    spec["subdomain"] = "db"
    spec["containers"][0]["readinessProbe"] = {"tcpSocket": {"port": 5432}, "periodSeconds": 2}
