"""Port-forward against pods and servers that misbehave: a lost stream is never an answer, and every wait ends."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from contract.model import Effect, Question
from sandbox.cluster import Sandbox
from sandbox.dns import Manners
from sandbox.kube import Trouble
from sandbox.worlds import load
from tests.pretend import api, door, sandbox
from workers.cluster import CannotRead, Cluster, Told, Why
from workers.cluster.kube import Api, Deadline
from workers.cluster.objects import Pod
from workers.cluster.pages import http_get
from workers.cluster.streams import Tunnel, refused

__all__ = ["api", "sandbox"]

pytestmark = pytest.mark.timeout(20)

FORWARD = "get pods/portforward*"
SECONDS = 1.2
NAME = "kubernetes.default.svc.cluster.local"


def _pod(api: Api, sandbox: Sandbox, name: str = "coredns-") -> Pod:
    pods = _cluster(api, sandbox).pods("kube-system")
    return next(pod for pod in pods if pod.name.startswith(name))


def _cluster(api: Api, sandbox: Sandbox) -> Cluster:
    return Cluster(sandbox.entry, Question(cluster="cluster-a"), api, None, run="run_1", image="")


def _told(api: Api, sandbox: Sandbox, name: str = NAME, port: int = 53) -> Told:
    """What a CoreDNS pod answers through the tunnel."""
    return _cluster(api, sandbox).ask(_pod(api, sandbox), name, port=port, seconds=SECONDS)


def _page(api: Api, sandbox: Sandbox, port: int, path: str, who: str = "coredns-") -> tuple[int, bytes]:
    return http_get(api, "kube-system", _pod(api, sandbox, who).name, port, path, seconds=SECONDS, cap=1 << 20)


def test_a_pod_answers_through_the_tunnel(api: Api, sandbox: Sandbox) -> None:
    """DNS and HTTP ports of a pod are asked over port-forward."""
    told = _told(api, sandbox)
    health, mode = _page(api, sandbox, 8080, "/health"), _page(api, sandbox, 10249, "/proxyMode", "kube-proxy-")
    status, metrics = _page(api, sandbox, 9153, "/metrics")

    assert told.reply is not None
    assert (Effect.OK, ("172.20.0.1",)) == (told.effect, told.reply.addresses)
    assert ((200, b"OK"), (200, b"iptables"), 200) == (health, mode, status)
    assert b"coredns_build_info" in metrics
    assert 404 == _page(api, sandbox, 8080, "/nothing")[0]


def test_a_port_where_nobody_listens_is_refused(api: Api, sandbox: Sandbox) -> None:
    """The kubelet's "connection refused" is told as such, and is no answer."""
    told = _told(api, sandbox, port=54)
    with pytest.raises(CannotRead) as caught:
        _page(api, sandbox, 9999, "/")

    assert Effect.UNREACHABLE == told.effect
    assert told.error.startswith("an error occurred forwarding 54 -> 54")
    assert "connection refused" in caught.value.reason


def test_only_the_kubelet_can_say_refused(api: Api, sandbox: Sandbox) -> None:
    """A lost connection to the API server is not taken for a refusal by the pod."""
    sandbox.kube.troubles.lay(Trouble(at=FORWARD, way="rst"))
    with pytest.raises(CannotRead) as caught:
        _told(api, sandbox)

    assert not refused(caught.value)
    assert Why.UNREACHABLE == caught.value.why


@pytest.mark.parametrize(
    "way,effect,said",
    [
        ("silent", Effect.SILENT, "no answer within"),
        ("pings", Effect.SILENT, "no answer within"),
        ("cut", Effect.FAILED, "the tunnel ended"),
        ("bad-frame", Effect.FAILED, "the tunnel ended"),
    ],
)
def test_a_lost_stream_is_no_answer(api: Api, sandbox: Sandbox, way: str, effect: Effect, said: str) -> None:
    """A stream that ends or falls silent half-way is neither fine nor a DNS answer."""
    sandbox.kube.troubles.lay(Trouble(at=FORWARD, way=way))
    told = _told(api, sandbox)

    assert (effect, None) == (told.effect, told.reply)
    assert told.error.startswith(said)


@pytest.mark.parametrize("way", ["silent", "pings", "cut", "bad-frame"])
def test_a_lost_page_is_no_page(api: Api, sandbox: Sandbox, way: str) -> None:
    """Half of a page, or none, is "could not look"."""
    sandbox.kube.troubles.lay(Trouble(at=FORWARD, way=way))
    with pytest.raises(CannotRead) as caught:
        _page(api, sandbox, 9153, "/metrics")

    assert caught.value.object.startswith("http port 9153/metrics of kube-system/coredns-")


@pytest.mark.parametrize(
    "way,why",
    [
        ("blackhole", Why.TIMEOUT),
        ("trickle-head", Why.TIMEOUT),
        ("rst", Why.UNREACHABLE),
        ("upgrade-200", Why.OTHER),
        ("bad-key", Why.OTHER),
        ("301", Why.OTHER),
        ("400", Why.OTHER),
        ("401", Why.UNAUTHORIZED),
        ("403", Why.FORBIDDEN),
        ("404", Why.OTHER),
        ("500", Why.OTHER),
        ("503", Why.OTHER),
    ],
)
def test_a_tunnel_that_does_not_open_says_why(api: Api, sandbox: Sandbox, way: str, why: Why) -> None:
    """However the handshake fails, it ends with what was tried and why it failed."""
    pod = _pod(api, sandbox)
    sandbox.kube.troubles.lay(Trouble(at=FORWARD, way=way))
    with pytest.raises(CannotRead) as caught:
        Tunnel(api, "kube-system", pod.name, 53, Deadline.after(SECONDS))

    problem = caught.value
    assert ("open", f"pods/{pod.name}/portforward in kube-system", why) == (problem.verb, problem.object, problem.why)
    assert problem.reason


def test_a_tunnel_that_is_forbidden_names_the_rule(api: Api, sandbox: Sandbox) -> None:
    """Both verbs are asked for: a WebSocket needs `get`, and newer API servers `create` as well."""
    sandbox.kube.troubles.lay(Trouble(at=FORWARD, way="403"))
    with pytest.raises(CannotRead) as caught:
        _told(api, sandbox)

    assert caught.value.grant == (
        "Role dnsmedic-read in namespace kube-system: "
        '{apiGroups: [""], resources: [pods/portforward], verbs: [get, create]}'
    )


def test_a_message_can_be_larger_than_a_read(api: Api, sandbox: Sandbox) -> None:
    """Bytes are given out as they are asked for, across frames, and the end of the stream is an error and no zero bytes."""
    pod = _pod(api, sandbox)
    with Tunnel(api, "kube-system", pod.name, 8080, Deadline.after(SECONDS)) as tunnel:
        tunnel.send(b"GET /health HTTP/1.1\r\n")
        tunnel.send(b"\r\n")
        got = tunnel.receive(4) + tunnel.receive(4)
        with pytest.raises(ConnectionResetError):
            tunnel.receive(1000)

    assert b"HTTP/1.1" == got


def test_a_process_that_drops_questions_is_silent(tmp_path: Path) -> None:
    """A CoreDNS process that takes the connection and never answers is silent, and that within the time of the question."""
    from dataclasses import replace

    world = replace(load("healthy"), replica_manners={"*": Manners(drop=("*",))})
    with Sandbox(world) as running, door(running, tmp_path) as api:
        told = _told(api, running)

    assert (Effect.SILENT, f"no answer within {SECONDS:g} s") == (told.effect, told.error)


def test_an_answer_that_is_no_dns_is_told(api: Api, sandbox: Sandbox) -> None:
    """Bytes that are no DNS answer to the question are not taken for one."""
    pod = _pod(api, sandbox)
    with Tunnel(api, "kube-system", pod.name, 53, Deadline.after(SECONDS)) as tunnel:
        tunnel.send(struct.pack("!H", 3) + b"abc")
        with pytest.raises(TimeoutError):
            tunnel.receive(2)
