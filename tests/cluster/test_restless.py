"""A healthy cluster stays healthy while its pods come and go, and nothing is left in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .diagnosis import diagnose
from .faults import Box

RESTARTED = (("kube-system", "k8s-app=kube-dns"), ("kube-system", "k8s-app=kube-proxy"), ("shop", "app=web"))
RUNS = 20
FEW = 3


def _restart_one(box: Box, namespace: str, labels: str) -> None:
    """Delete the first pod of some, without waiting for its successor."""
    names = box.run("kubectl", "-n", namespace, "get", "pods", "-l", labels, "-o", "name").split()
    box.run("kubectl", "-n", namespace, "delete", names[0], "--wait=false")


def test_restarting_pods_are_no_fault(the_box: Box, clusters: Path, *, only_basic_faults: bool) -> None:
    """Run after run, with a CoreDNS, a kube-proxy and an application pod restarting by turns, every step is well."""
    odd: list[tuple[object, ...]] = []
    for number in range(FEW if only_basic_faults else RUNS):
        _restart_one(the_box, *RESTARTED[number % len(RESTARTED)])
        found = diagnose(clusters)
        odd += [
            (number, RESTARTED[number % len(RESTARTED)], step["check"], step["outcome"], step["summary"])
            for step in found.report["steps"]
            if step["outcome"] not in ("ok", "skipped")
        ]
        odd += [(number, found.status, found.codes)] if found.status != "healthy" else []

    assert odd == []
    assert the_box.run("kubectl", "-n", "dnsmedic", "get", "pods", "-o", "name").strip() == ""


@pytest.fixture(autouse=True)
def _settled(the_box: Box) -> None:
    """Begin with a cluster that was put back."""
    the_box.run("reset")
