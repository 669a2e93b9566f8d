"""A NetworkPolicy lets a workload out to HTTPS only."""

from __future__ import annotations

from dataclasses import replace

from . import healthy
from .recording import ago
from .world import World


def world() -> World:
    """The world itself."""
    well = healthy.world()
    policy = {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "web-egress", "namespace": "shop", "creationTimestamp": ago(2400), "generation": 1},
        "spec": {
            "podSelector": {"matchLabels": {"app": "web"}},
            "policyTypes": ["Egress"],
            "egress": [
                {
                    "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}],
                    "ports": [{"protocol": "TCP", "port": 8080}],
                },
                {"ports": [{"protocol": "TCP", "port": 443}]},
            ],
        },
    }  # fmt: skip
    return replace(
        well,
        name="netpol-egress-denies-53",
        title="A NetworkPolicy lets a workload out to HTTPS only",
        objects=(*well.objects, policy),
        pod="shop/web",
        asked="api.shop",
        status="problem",
        codes=("netpol-egress-denies-53",),
    )
