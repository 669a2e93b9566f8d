"""Pods are grouped by workload and DNS settings, and what their specification says of DNS is read from any of them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.cluster.clients import Client, begins, grouped, owner
from workers.cluster.libc import KnownLibc, known
from workers.cluster.names import Libc
from workers.cluster.objects import Pod


def _pod(
    name: str, *, owner_kind: str = "ReplicaSet", owner_name: str = "web-5f6d", phase: str = "Running", **spec: object
) -> Pod:
    references = [{"kind": owner_kind, "name": owner_name}] if owner_kind else []
    raw = {
        "metadata": {"name": name, "namespace": "shop", "ownerReferences": references},
        "spec": {"containers": [{"name": "web", "image": "shop/web:1"}], **spec},
        "status": {"phase": phase},
    }
    return msgspec.convert(raw, Pod)


def _client(**fields: object) -> Client:
    raw = {"namespace": "shop", "name": "web", "kind": "Deployment", "pods": ["shop/web-1"], "count": 1, **fields}
    return msgspec.convert(raw, Client)


@pytest.mark.parametrize(
    "kind,name,expected",
    [
        ("ReplicaSet", "web-5f6d", ("Deployment", "web")), ("StatefulSet", "db", ("StatefulSet", "db")),
        ("DaemonSet", "agent", ("DaemonSet", "agent")), ("", "", ("Pod", "p")), ("ReplicaSet", "bare", ("Deployment", "bare")),
    ],
)  # fmt: skip
def test_owner(kind: str, name: str, expected: tuple[str, str]) -> None:
    """A pod belongs to its Deployment, its set, or to nobody."""
    assert expected == owner(_pod("p", owner_kind=kind, owner_name=name))


def test_pods_are_grouped_by_settings() -> None:
    """Two pods of one Deployment with the same settings are one client, a third with others is another."""
    pods = (_pod("a"), _pod("b"), _pod("c", dnsPolicy="Default"), _pod("d", phase="Succeeded"))

    found = grouped(pods)

    assert [("web", "ClusterFirst", 2), ("web", "Default", 1)] == [(c.name, c.policy, c.count) for c in found]


def test_the_asked_pod_comes_first_in_any_state() -> None:
    """A pod that somebody asked about is looked at even while it does not run."""
    asked = _pod("z", owner_name="zoo-1", phase="Pending")

    found = grouped((_pod("a"), asked), asked)

    assert [("zoo", True), ("web", False)] == [(c.name, c.asked) for c in found]


RUNS = {"running": {"startedAt": "2020-11-28T19:00:00Z"}}


@pytest.mark.parametrize(
    "phase,address,status,expected",
    [
        ("Pending", "10.0.0.5", {"state": RUNS}, True),
        ("Pending", "", {"state": RUNS}, False),
        ("Pending", "10.0.0.5", {"state": {"terminated": {"exitCode": 1}}}, True),
        ("Pending", "10.0.0.5", {"state": {"waiting": {}}, "lastState": {"terminated": {"exitCode": 1}}}, True),
        (
            "Pending",
            "10.0.0.5",
            {"state": {"terminated": {"exitCode": 0}}, "lastState": {"terminated": {"exitCode": 1}}},
            False,
        ),
        ("Pending", "10.0.0.5", {"state": {"waiting": {"reason": "PodInitializing"}}}, False),
        ("Succeeded", "10.0.0.5", {"state": {"terminated": {"exitCode": 1}}}, False),
    ],
)
def test_a_pod_asks_from_its_init_container(
    phase: str,
    address: str,
    status: dict[str, object],
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A pod that waits or fails in an init container asks for names as one that runs does."""
    raw = {"status": {"phase": phase, "podIP": address, "initContainerStatuses": [{"name": "wait", **status}]}}
    pod = msgspec.convert({"metadata": {"name": "a", "namespace": "shop"}, **raw}, Pod)

    assert expected == begins(pod) == bool(grouped((pod,)))


def test_the_images_of_init_containers_count_while_they_ask() -> None:
    """An init container often has an image of its own, whose C library says nothing of a pod that got past it."""
    waiting = {"name": "wait", "state": RUNS}
    spec = {"initContainers": [{"image": "alpine:3.20"}], "containers": [{"image": "shop/web:1"}]}
    pods = [
        msgspec.convert(
            {
                "metadata": {"name": phase, "namespace": "shop"},
                "spec": spec,
                "status": {"phase": phase, "podIP": "10.0.0.5", "initContainerStatuses": [waiting]},
            },
            Pod,
        )
        for phase in ("Pending", "Running")
    ]

    assert [("alpine:3.20", "shop/web:1"), ("shop/web:1",)] == [one.images for one in grouped(pods)]


@pytest.mark.parametrize(
    "options,ndots",
    [((), None), (("ndots:1",), 1), (("ndots",), None), (("ndots:x",), None), (("ndots:2", "ndots:99"), 15)],
)
def test_ndots(options: tuple[str, ...], ndots: int | None) -> None:
    """Only an ndots that is a number counts."""
    assert ndots == _client(options=list(options)).ndots


@pytest.mark.parametrize(
    "image,musl",
    [
        ("docker.io/library/alpine:3.20", True), ("registry/shop/cart:1.2-alpine", True), ("python:3.13-alpine3.22", True),
        ("shop/web:1", False), ("alpinelinux-like/thing:1", False), ("node:20-bookworm", False),
    ],
)  # fmt: skip
def test_images_that_say_musl(image: str, musl: bool) -> None:  # noqa: FBT001 - a table's column
    """The name of an image tells musl only where it says so as a word."""
    assert musl == bool(_client(images=[image]).musl_by_name)


@pytest.mark.parametrize(
    "images,loaders,log,expected",
    [
        (["x"], ["/proc/1/root/lib/ld-musl-x86_64.so.1"], "", (Libc.MUSL, True)),
        (["x"], ["/proc/1/root/lib64/ld-linux-x86-64.so.2"], "Name does not resolve", (Libc.GLIBC, True)),
        (
            ["x"],
            ["/proc/1/root/lib/ld-musl-x86_64.so.1", "/proc/1/root/lib/ld-linux-x86-64.so.2"],
            "",
            (Libc.MUSL, False),
        ),
        (["x"], [], "getaddrinfo: Name does not resolve", (Libc.MUSL, True)),
        (["alpine:3.20"], [], "web.shop: Name or service not known", (Libc.GLIBC, True)),
        (["alpine:3.20"], [], "", (Libc.MUSL, False)),
        (["x"], [], "lookup web.shop: no such host", (None, False)),
    ],
)
def test_libc(images: list[str], loaders: list[str], log: str, expected: tuple[Libc | None, bool]) -> None:
    """Loader files count more than the words of a log, and those more than an image's name."""
    found = known(_client(images=images), loaders, log)

    assert expected == (found.libc, found.sure)


@pytest.mark.parametrize(
    "image,old", [("alpine:3.17", True), ("python:3.12-alpine3.18", False), ("alpine:latest", None)]
)
def test_old_musl(image: str, old: bool | None) -> None:  # noqa: FBT001 - a table's column
    """Alpine before 3.18 has a musl that never asks over TCP."""
    assert KnownLibc(libc=Libc.MUSL, how=f"its image is called {image}", old=old) == known(_client(images=[image]))


def test_a_patch_quotes_its_json() -> None:
    """The command can be pasted into a shell."""
    command = _client().patch({"dnsPolicy": "ClusterFirst"})[0]

    body = """'{"spec":{"template":{"spec":{"dnsPolicy":"ClusterFirst"}}}}'"""
    assert f"kubectl -n shop patch deployment web --type merge -p {body}" == command


@given(st.lists(st.text(max_size=40), max_size=4), st.lists(st.text(max_size=40), max_size=4), st.text(max_size=200))
def test_any_images_options_and_log(images: list[str], options: list[str], log: str) -> None:
    """No image, option or log makes the reading fail."""
    client = _client(images=images, options=options)

    assert client.ndots is None or 0 <= client.ndots <= 15
    assert known(client, images, log).libc in (None, Libc.MUSL, Libc.GLIBC)
