"""Two faults at once: the Service kube-dns sends UDP astray, and a policy lets one workload out to HTTPS only."""

from __future__ import annotations

from dataclasses import replace

from . import healthy, kube_dns_ports_wrong
from .recording import ago
from .world import Object, World


def world() -> World:
    """The world itself."""
    well = healthy.world()
    return replace(
        well,
        name="two-faults-at-once",
        title="UDP to kube-dns goes astray, and a policy holds back one workload",
        objects=(*kube_dns_ports_wrong.broken(well.objects), _policy()),
        pod="shop/web",
        status="problem",
        codes=("kube-dns-ports-wrong", "netpol-egress-denies-53"),
    )


def _policy() -> Object:
    own = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "web-egress", "namespace": "shop", "creationTimestamp": ago(5000), "generation": 1},
        "spec": {
            "podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"],
            "egress": [
                {"to": [own], "ports": [{"protocol": "TCP", "port": 8080}]},
                {"ports": [{"protocol": "TCP", "port": 443}]},
            ],
        },
    }  # fmt: skip
