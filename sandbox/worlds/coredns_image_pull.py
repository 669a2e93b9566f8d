"""CoreDNS is to run an image of another region's registry, which cannot be pulled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, event, every, rolled_out
from .pod_states import anew, pulling
from .settling import settled
from .world import Object, World

SECONDS = 800.0
REGISTRY = "602401143452.dkr.ecr.eu-west-1.amazonaws.com"
IMAGE = f"{REGISTRY}/eks/coredns:v1.12.4-eksbuild.9"


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = rolled_out(well.objects, "coredns", "78d5d9bfb4", _other_image)
    objects = settled(changed(objects, "Pod", "coredns-", _pulling), SECONDS)
    pods = every(objects, "Pod", "coredns-")
    return replace(
        well,
        name="coredns-image-pull",
        title="CoreDNS is to run an image that cannot be pulled",
        objects=(*objects, *(e for pod in pods for e in _events(pod))),
        logs={key: text for key, text in well.logs.items() if "/coredns-" not in key},
        status="problem",
        codes=("coredns-image-pull",),
    )


def _other_image(spec: Any) -> None:
    spec["containers"][0]["image"] = IMAGE


def _pulling(pod: Any) -> None:
    anew(pod, SECONDS)
    message = f'Back-off pulling image "{IMAGE}": ErrImagePull: {_failure(pod)}'
    pulling(pod, SECONDS, image=IMAGE, reason="ImagePullBackOff", message=message)


def _failure(pod: Object) -> str:
    return (
        f'failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}": failed to do request: Head '
        f'"https://{REGISTRY}/v2/eks/coredns/manifests/v1.12.4-eksbuild.9": dial tcp: lookup {REGISTRY} on 10.20.0.2:53: '
        f"read udp {pod['status']['hostIP']}:59354->10.20.0.2:53: i/o timeout"
    )


def _events(pod: Object) -> Iterator[Object]:
    yield event(pod, 60, "Pulling", f'Pulling image "{IMAGE}"', count=6)
    yield event(pod, 52, "Failed", f'Failed to pull image "{IMAGE}": {_failure(pod)}', count=6)
    yield event(pod, 52, "Failed", "Error: ErrImagePull", count=6)
    yield event(pod, 20, "BackOff", f'Back-off pulling image "{IMAGE}"', count=22)
    yield event(pod, 20, "Failed", "Error: ImagePullBackOff", count=22)
