"""A list of 5,000 pods to facts, beside the floor: msgspec alone on the same bytes, with the same twelve fields."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import msgspec

from workers.cluster.objects import Pod, decode_list

PODS = 5000
RUNS = 7


class _Meta(msgspec.Struct):
    name: str = ""
    namespace: str = ""
    labels: dict[str, str] = {}


class _Container(msgspec.Struct):
    name: str = ""
    image: str = ""


class _Spec(msgspec.Struct, rename="camel"):
    node_name: str = ""
    dns_policy: str = ""
    host_network: bool = False
    containers: list[_Container] = []


class _Condition(msgspec.Struct):
    type: str = ""
    status: str = ""


class _Status(msgspec.Struct, rename="camel"):
    phase: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    conditions: list[_Condition] = []


class _Pod(msgspec.Struct):
    metadata: _Meta
    spec: _Spec
    status: _Status


class _List(msgspec.Struct):
    items: list[_Pod]


def body() -> bytes:
    """A list of pods as the API server writes it, of about 4 kB each."""
    return json.dumps({"kind": "PodList", "metadata": {}, "items": [_pod(n) for n in range(PODS)]}).encode()


def _pod(number: int) -> dict[str, object]:
    managed: dict[str, object] = {"f:spec": {f"f:field-{i}": {".": {}, "f:name": {}, "f:value": {}} for i in range(30)}}
    container = {
        "name": "app",
        "image": "registry.example.org/team/app:1.2.3",
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m"}},
        "env": [{"name": f"SETTING_{i}", "value": "x" * 20} for i in range(12)],
    }
    return {
        "metadata": {
            "name": f"app-{number}",
            "namespace": "shop",
            "uid": f"{number:036d}",
            "labels": {"app": "app", "pod-template-hash": "5d9c"},
            "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": managed}],
        },
        "spec": {"nodeName": f"node-{number % 100}", "dnsPolicy": "ClusterFirst", "containers": [container]},
        "status": {
            "phase": "Running",
            "podIP": f"10.0.{number // 250}.{number % 250}",
            "conditions": [{"type": t, "status": "True"} for t in ("Initialized", "Ready", "PodScheduled")],
            "containerStatuses": [{"name": "app", "ready": True, "restartCount": 0, "state": {"running": {}}}],
        },
    }


def best(work: Callable[[], object]) -> float:
    """The fastest of some runs, in milliseconds."""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times) * 1000


def run() -> bool:
    """Print both times and their ratio; whether it is at most 2."""
    data = body()
    floor = msgspec.json.Decoder(_List)
    bottom = best(lambda: floor.decode(data))
    ours = best(lambda: decode_list(data, Pod))
    print(  # noqa: T201 - a bench prints
        f"pods: list of {PODS} ({len(data) / 1e6:.1f} MB): floor {bottom:.1f} ms, ours {ours:.1f} ms, "
        f"ratio {ours / bottom:.2f} (goal: at most 2)"
    )
    return ours <= 2 * bottom


if __name__ == "__main__":
    run()
