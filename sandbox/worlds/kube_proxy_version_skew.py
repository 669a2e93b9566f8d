"""kube-proxy was left four minor versions behind the control plane: it works, and is not meant to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed
from .world import World

OLD, NEW = "v1.30.4", "v1.34.4"


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = changed(well.objects, "DaemonSet", "kube-proxy", lambda one: _older(one["spec"]["template"]["spec"]))
    objects = changed(objects, "Pod", "kube-proxy-", _older_pod)
    addons = dict(well.account.addons)
    addons["kube-proxy"] = {**addons["kube-proxy"], "addonVersion": f"{OLD}-eksbuild.1"}
    return replace(
        well,
        name="kube-proxy-version-skew",
        title="kube-proxy was left four minor versions behind the control plane",
        objects=objects,
        logs={
            key: text.replace(f'version="{NEW}"', f'version="{OLD}"') if "/kube-proxy-" in key else text
            for key, text in well.logs.items()
        },
        account=replace(well.account, addons=addons),
        status="at-risk",
        codes=("kube-proxy-version-skew",),
    )


def _older(spec: Any) -> None:
    container = spec["containers"][0]
    container["image"] = container["image"].replace(NEW, OLD)


def _older_pod(pod: Any) -> None:
    _older(pod["spec"])
    for status in pod["status"]["containerStatuses"]:
        status["image"] = status["image"].replace(NEW, OLD)
