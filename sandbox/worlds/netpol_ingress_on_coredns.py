"""A NetworkPolicy lets only kube-system reach CoreDNS."""

from __future__ import annotations

from dataclasses import replace

from . import healthy
from .recording import ago
from .world import World


def world() -> World:
    """The world itself."""
    well = healthy.world()
    system = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    policy = {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {
            "name": "protect-system", "namespace": "kube-system", "creationTimestamp": ago(2400), "generation": 1,
        },
        "spec": {
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [system]}],
        },
    }  # fmt: skip
    return replace(
        well,
        name="netpol-ingress-on-coredns",
        title="A NetworkPolicy lets only kube-system reach CoreDNS",
        objects=(*well.objects, policy),
        status="problem",
        codes=("netpol-ingress-on-coredns",),
    )
