"""Pod Security "restricted", as far as a probe could break it: the namespace dnsmedic enforces it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def violations(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """What in a pod's spec the profile forbids, in its words."""
    return tuple(_broken(spec))


def _broken(spec: Mapping[str, Any]) -> Iterator[str]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield f"host namespaces ({key}=true)"
    for volume in spec.get("volumes") or ():
        if not set(volume) - {"name"} <= VOLUMES:
            yield f"restricted volume types (volume {volume.get('name')!r})"
    pod = spec.get("securityContext") or {}
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        for rule in _broken_by({**pod, **(container.get("securityContext") or {})}):
            yield f'{rule} (container "{container["name"]}")'


def _broken_by(context: Mapping[str, Any]) -> Iterator[str]:
    capabilities = context.get("capabilities") or {}
    rules = {
        "privileged": not context.get("privileged"),
        "allowPrivilegeEscalation != false": context.get("allowPrivilegeEscalation") is False,
        "unrestricted capabilities": "ALL" in (capabilities.get("drop") or ())
        and not set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"},
        "runAsNonRoot != true": bool(context.get("runAsNonRoot")),
        "runAsUser=0": context.get("runAsUser") != 0,
        "seccompProfile": (context.get("seccompProfile") or {}).get("type") in ("RuntimeDefault", "Localhost"),
    }
    return (rule for rule, kept in rules.items() if not kept)
