"""The Corefile is what CoreDNS' pod makes of it: its imports and its environment are brought in, or said to be unknown."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from workers.cluster import CannotRead
from workers.cluster.assembled import Assembled, assemble
from workers.cluster.corefile import forwards_of, lint, unloadable
from workers.cluster.endpoints import corefile_ports
from workers.cluster.objects import ConfigMap, Pod, decode

ROOT = ".:53 {\n  ready\n  kubernetes cluster.local\n  forward . /etc/resolv.conf\n}\n"
STUB = "corp.example:53 {\n  forward . 10.1.2.3\n}\n"
BASE = ({"name": "base", "mountPath": "/etc/coredns"}, {"name": "base", "configMap": {"name": "coredns"}})
LAID = (
    {"name": "extra", "mountPath": "/etc/coredns/custom"},
    {"name": "extra", "configMap": {"name": "coredns-custom"}},
)
SECRET = (
    {"name": "extra", "mountPath": "/etc/coredns/custom"},
    {"name": "extra", "secret": {"secretName": "coredns-custom"}},
)
ELSEWHERE = {"name": "X", "valueFrom": {"secretKeyRef": {"name": "dns", "key": "x"}}}


def _map(**data: str) -> ConfigMap:
    return decode(json.dumps({"metadata": {"resourceVersion": "1"}, "data": data}).encode(), ConfigMap)


def _pod(*mounts: tuple[Any, Any], env: tuple[Any, ...] = (), env_from: tuple[Any, ...] = ()) -> Pod:
    container = {"name": "coredns", "env": env, "envFrom": env_from, "volumeMounts": [mount for mount, _ in mounts]}
    return decode(json.dumps({"spec": {"containers": [container], "volumes": [v for _, v in mounts]}}).encode(), Pod)


def _assembled(text: str, *pods: Pod, custom: ConfigMap | None = None, own: str = "") -> Assembled:
    maps = {"coredns": _map(Corefile=text, **{"a.conf": own}), "coredns-custom": custom}
    return assemble(maps.get, pods)


def _zones(found: Assembled) -> list[str]:
    return [each.zone for each in forwards_of(found.parsed)]


@pytest.mark.parametrize(
    "line,pods,zones,unread",
    [
        ("import custom/*.server", (_pod(BASE, LAID),), ["", "corp.example"], ()),
        ("import /etc/coredns/custom/corp.server", (_pod(BASE, LAID),), ["", "corp.example"], ()),
        ("import custom/*.override", (_pod(BASE, LAID),), [""], ()),
        ("import custom/*.server", (_pod(BASE),), [""], ()),
        ("import custom/*.server", (), ["", "corp.example"], ()),
        ("import custom/*.server", (_pod(BASE, SECRET),), [""], ("/etc/coredns/custom/*.server",)),
        ("import /opt/*.server", (_pod(BASE, LAID),), [""], ("/opt/*.server",)),
    ],
    ids=["folder", "file", "nothing-there", "not-mounted", "no-pod", "secret", "image"],
)
def test_imports(line: str, pods: tuple[Pod, ...], zones: list[str], unread: tuple[str, ...]) -> None:
    """What the pod's folders hold is part of the Corefile; what lies where nobody can look is said to be unread."""
    custom = decode(json.dumps({"data": {"corp.server": STUB}}).encode(), ConfigMap)

    found = _assembled(f"{ROOT}{line}\n", *pods, custom=custom)

    assert (zones, unread) == (_zones(found), found.unread)


def test_only_the_keys_that_are_laid_out() -> None:
    """A volume that lays out one key hides the others, and a file laid out alone is found at its own place."""
    alone = {"name": "base", "configMap": {"name": "coredns", "items": [{"key": "Corefile", "path": "Corefile"}]}}
    stub = {"name": "extra", "mountPath": "/etc/coredns/corp", "subPath": "corp.server"}
    custom = decode(json.dumps({"data": {"corp.server": STUB}}).encode(), ConfigMap)

    hidden = _assembled(f"{ROOT}import *.conf\n", _pod((BASE[0], alone)), own=STUB)
    single = _assembled(f"{ROOT}import corp\n", _pod((BASE[0], alone), (stub, LAID[1])), custom=custom)

    assert ([""], ["", "corp.example"]) == (_zones(hidden), _zones(single))


def test_a_config_map_that_may_not_be_read() -> None:
    """It is a gap, and what it might hold is unread."""

    def read(name: str) -> ConfigMap:
        if name != "coredns":
            raise CannotRead("get", f"configmaps/{name}", "403")
        return _map(Corefile=f"{ROOT}import custom/*.server\nimport custom/*.zone\n")

    found = assemble(read, (_pod(BASE, LAID),))

    unread = ("/etc/coredns/custom/*.server", "/etc/coredns/custom/*.zone")
    assert (1, unread, False) == (len(found.gaps), found.unread, found.whole)


@pytest.mark.parametrize(
    "pod,unset,sure",
    [
        (_pod(BASE, env=({"name": "X", "value": "10.20.0.2"},)), (), []),
        (_pod(BASE, env=(ELSEWHERE,)), ("X",), [False]),
        (_pod(BASE, env=({"name": "X", "value": "$(HOST_IP)"},)), ("X",), [False]),
        (_pod(BASE, env_from=({"configMapRef": {"name": "dns"}},)), ("X",), [False]),
        (_pod(BASE), (), [True]),
    ],
    ids=["set", "secret", "built", "from-a-map", "not-set"],
)
def test_values_of_the_environment(pod: Pod, unset: tuple[str, ...], sure: list[bool]) -> None:
    """A value that the pod sets is filled in; one that stands elsewhere is unknown, and nothing is sure then."""
    found = _assembled(ROOT.replace("/etc/resolv.conf", "{$X}"), pod)
    lints = unloadable(found.text or "", "1.12.4", found.files, found.environment, whole=found.whole)

    assert (unset, sure) == (found.unset, [each.sure for each in lints if each.fatal])


def test_the_newest_pod_of_coredns_counts() -> None:
    """An older one had another environment, and a pod that only bears the label has none of it."""
    old, new, helper = (decode(json.dumps({"metadata": {"creationTimestamp": f"2026-11-2{day}T00:00:00Z"}}).encode(), Pod)
                        for day in (1, 2, 3))  # fmt: skip
    pods = (
        msgspec.structs.replace(old, spec=_pod(BASE).spec),
        msgspec.structs.replace(new, spec=_pod(BASE, LAID, env=({"name": "X", "value": "10.20.0.2"},)).spec),
        helper,
    )
    found = _assembled(ROOT.replace("/etc/resolv.conf", "{$X}"), *pods)

    assert [(("10.20.0.2", 53),)] == [each.addresses for each in forwards_of(found.parsed)]


def test_a_part_is_not_taken_for_the_whole() -> None:
    """Of a Corefile of which a part is unread, neither its ports are certain nor that something is missing."""
    text = ROOT.replace("  forward . /etc/resolv.conf\n", "  import custom/*.override\n")
    found = _assembled(text, _pod(BASE, SECRET))
    defects = lint(text, "1.12.4", files=found.files, environment=found.environment, whole=found.whole)

    assert ((), [False, False]) == (corefile_ports(found, ()), [each.sure for each in defects])


def test_a_defect_of_an_imported_file_is_on_no_line_of_the_corefile() -> None:
    """The file and its line are said, so that nobody looks for it in the Corefile."""
    custom = decode(json.dumps({"data": {"a.override": "\nupstream"}}).encode(), ConfigMap)
    found = _assembled(ROOT.replace("ready", "import custom/*.override"), _pod(BASE, LAID), custom=custom)
    (defect,) = unloadable(found.text or "", "1.12.4", found.files, found.environment)

    assert (0, True) == (defect.line, defect.message.endswith(" (line 2 of /etc/coredns/custom/a.override)"))


def test_a_corefile_that_cannot_be_parsed() -> None:
    """It has no blocks, and why is said."""
    found = _assembled(".:53 {")

    assert ((), True) == (found.parsed.blocks, bool(found.problem))
