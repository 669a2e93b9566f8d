"""On the real cluster too, each rule of the shipped roles that is taken away blinds only the steps that need it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from .diagnosis import diagnose
from .faults import Box

DEPLOY = Path(__file__).parents[2] / "deploy" / "cluster"
ROLES = [
    one
    for path in sorted(DEPLOY.glob("*.yaml"))
    for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    if one and one["kind"] in ("Role", "ClusterRole")
]


def _rules() -> Iterator[Any]:
    for role in ROLES:
        meta = role["metadata"]
        for number, rule in enumerate(role["rules"]):
            place = meta.get("namespace", "cluster")
            yield pytest.param(role, number, id=f"{place}-{meta['name']}-{'+'.join(rule['resources'])}")


@contextmanager
def _without(box: Box, role: dict[str, Any], number: int) -> Iterator[dict[str, Any]]:
    """The cluster without a rule of a role; the rule."""
    kept = [rule for at, rule in enumerate(role["rules"]) if at != number]
    meta = role["metadata"]
    where = ["-n", meta["namespace"]] if "namespace" in meta else []
    words = ["kubectl", *where, "patch", role["kind"].lower(), meta["name"], "--type", "json", "-p"]

    def put(rules: list[dict[str, Any]]) -> None:
        box.run(*words, json.dumps([{"op": "replace", "path": "/rules", "value": rules}]))

    put(kept)
    try:
        yield role["rules"][number]
    finally:
        put(role["rules"])


@pytest.fixture(scope="module")
def narrow(the_box: Box) -> Iterator[Box]:
    """The box with the reading of applications bound in their namespace alone, as it hides what other roles lack."""
    binding = yaml.safe_load(the_box.run("kubectl", "get", "clusterrolebinding", "dnsmedic-app-read", "-o", "yaml"))
    the_box.run("kubectl", "delete", "clusterrolebinding", "dnsmedic-app-read")
    words = ["kubectl", "-n", "shop", "create", "rolebinding", "dnsmedic-app-read", "--clusterrole=dnsmedic-app-read"]
    the_box.run(*words, f"--group={binding['subjects'][0]['name']}")
    try:
        yield the_box
    finally:
        the_box.run("kubectl", "-n", "shop", "delete", "rolebinding", "dnsmedic-app-read")
        the_box.run("kubectl", "apply", "-k", str(DEPLOY))


@pytest.mark.parametrize("role,number", list(_rules()))
def test_a_rule_that_is_missing_is_named(
    role: dict[str, Any],
    number: int,
    narrow: Box,
    clusters: Path,
    rows: list[dict[str, Any]],
    *,
    only_basic_faults: bool,
) -> None:
    """Whatever is unknown then names exactly that rule; all else is as it was, and nothing is blamed."""
    if only_basic_faults:
        pytest.skip("only the basic faults were asked for")
    try:
        with _without(narrow, role, number) as rule:
            found = diagnose(clusters)
    except subprocess.CalledProcessError as problem:
        pytest.fail(str(problem.stderr))
    verdict = found.report["verdict"]
    unknown = [step["check"] for step in found.report["steps"] if step["outcome"] == "unknown"]
    grants = {one["check"]: one["grant"] for one in verdict["not_checked"]}
    name = f"{role['metadata']['name']} without {'+'.join(rule['resources'])}"
    rows.append({"fault": name, "status": found.status, "seen by": ",".join(unknown) or "-"})

    assert not verdict["causes"]
    assert not [step["check"] for step in found.report["steps"] if step["outcome"] == "problem"]
    assert set(unknown) == set(grants)
    for check in unknown:
        assert any(resource in grants[check] for resource in rule["resources"]), (check, grants[check])
        assert role["metadata"]["name"] in grants[check]
