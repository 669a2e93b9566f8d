"""`doctor` asks for every right that is shipped, and for none besides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from workers.cluster.preflight import APP, needed

DEPLOY = Path(__file__).parent.parent / "deploy" / "cluster"
Right = tuple[str, str, str, str, str, str]


def shipped() -> Iterator[Right]:
    """Every right of the shipped roles: role, namespace, verb, API group, resource, name."""
    for path in sorted(DEPLOY.glob("*.yaml")):
        for found in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if found["kind"] in ("Role", "ClusterRole"):
                yield from _of(found)


def _of(role: dict[str, Any]) -> Iterator[Right]:
    meta = role["metadata"]
    for rule in role["rules"]:
        for verb in rule["verbs"]:
            for resource in rule["resources"]:
                for name in rule.get("resourceNames", [""]):
                    yield meta["name"], meta.get("namespace", ""), verb, rule["apiGroups"][0], resource, name


def test_what_is_asked_for_is_what_is_shipped() -> None:
    """Rule by rule the same, so that neither can be forgotten in the other."""
    asked = {
        (
            right.role,
            "" if right.role == APP else right.namespace,
            right.verb,
            right.group,
            right.resource + (f"/{right.subresource}" if right.subresource else ""),
            right.name,
        )
        for right in needed(("shop",))
    }

    assert set(shipped()) == asked
