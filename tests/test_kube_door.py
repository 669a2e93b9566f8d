"""The door to the Kubernetes API against a server that misbehaves: every reading ends, and says what it could not see."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sandbox.cluster import Sandbox
from sandbox.kube import Trouble
from sandbox.kube.authority import server_context
from tests.pretend import api, sandbox
from workers.cluster import CannotRead, Why, kubeconfig
from workers.cluster.grants import Resource
from workers.cluster.kube import ATTEMPTS, Api
from workers.cluster.objects import ConfigMap, EndpointSlice, Node, Pod, Service

__all__ = ["api", "sandbox"]

pytestmark = pytest.mark.timeout(20)

KUBE_DNS = Resource(verb="get", resource="services", namespace="kube-system", name="kube-dns")
PODS = Resource(verb="list", resource="pods", namespace="kube-system")
NODES = Resource(verb="list", resource="nodes")
GET, LIST = "get services kube-system/kube-dns", "list pods kube-system/"
SECONDS = 1.2
"""Short enough for a server that never ends to be waited for."""


def _refused(api: Api, *, seconds: float = SECONDS) -> CannotRead:
    with pytest.raises(CannotRead) as caught:
        api.get(KUBE_DNS, Service, seconds=seconds)
    return caught.value


def _refused_list(api: Api) -> CannotRead:
    with pytest.raises(CannotRead) as caught:
        api.list(PODS, Pod, seconds=SECONDS)
    return caught.value


# What works


def test_an_object_comes_with_the_fields_in_use(api: Api) -> None:
    """A Service is read whole; one that is not there is None and no error."""
    found = api.get(KUBE_DNS, Service)
    gone = api.get(Resource(verb="get", resource="pods", namespace="kube-system", name="gone"), Pod)

    assert found is not None
    assert (("172.20.0.10",), None) == (found.addresses, gone)


def test_a_list_comes_in_pages(api: Api, sandbox: Sandbox) -> None:
    """A list longer than a page is read to its end, by label as well."""
    _many_pods(sandbox, 1200)
    try:
        found = api.list(PODS, Pod)
        chosen = api.list(PODS, Pod, labels="of=many,half=1")
    finally:
        _many_pods(sandbox, 0)

    assert found is not None
    assert chosen is not None
    assert (1208, 600) == (len(found), len(chosen))
    assert ["", "500", "1000"] == [_offset(one.query.get("continue", "")) for one in sandbox.kube.said(LIST)[:3]]


def test_a_list_whose_pages_expire_is_begun_again(api: Api, sandbox: Sandbox) -> None:
    """410 in the middle of a list starts it anew, and no object comes twice."""
    _many_pods(sandbox, 600)
    sandbox.kube.troubles.lay(Trouble(at="list pods*", way="410", after=1, times=1))
    try:
        found = api.list(PODS, Pod)
    finally:
        _many_pods(sandbox, 0)

    assert found is not None
    assert (608, 608) == (len(found), len({pod.name for pod in found}))
    assert [200, 410, 200, 200] == [one.status for one in sandbox.kube.said(LIST)]


def test_a_list_whose_pages_always_expire_is_given_up(api: Api, sandbox: Sandbox) -> None:
    """410 again and again is no endless loop."""
    _many_pods(sandbox, 600)
    sandbox.kube.troubles.lay(*(Trouble(at="list pods*", way="410", after=n, times=1) for n in range(1, 800, 2)))
    try:
        problem = _refused_list(api)
    finally:
        _many_pods(sandbox, 0)

    assert problem.why in (Why.LIMIT, Why.TIMEOUT)


def _many_pods(sandbox: Sandbox, count: int) -> None:
    """COUNT more pods in kube-system; the earlier ones go."""
    objects = sandbox.kube.objects
    kind = objects.kind("", "v1", "pods")
    assert kind is not None
    for one in objects.select(kind, "kube-system", "of=many"):
        objects.drop(kind, "kube-system", one["metadata"]["name"])
    for number in range(count):
        labels = {"of": "many", "half": str(number % 2)}
        meta = {"name": f"many-{number:05d}", "namespace": "kube-system", "labels": labels}
        objects.put({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": []}})


def _offset(token: str) -> str:
    return base64.urlsafe_b64decode(token).decode().rpartition(":")[2]


def test_a_kind_that_is_not_served_is_none(api: Api, sandbox: Sandbox) -> None:
    """A list of a kind that the API server does not know is None, while a 404 of somebody else's is no answer."""
    unknown = Resource(verb="list", resource="nodeclasses", group="eks.amazonaws.com")
    absent = api.list(unknown, Node)
    sandbox.kube.troubles.lay(Trouble(at=GET, way="404", body=b"no such page"))

    assert (None, Why.MALFORMED) == (absent, _refused(api).why)


# Refusals


def test_403_names_the_rule_that_is_missing(api: Api, sandbox: Sandbox) -> None:
    """A refusal says verb, object, Kubernetes' own reason, and the rule to add and where."""
    sandbox.kube.troubles.lay(Trouble(at=GET, way="403"))
    problem = _refused(api)

    assert ("get", "services/kube-dns in kube-system", Why.FORBIDDEN) == (problem.verb, problem.object, problem.why)
    assert problem.reason == (
        '403 forbidden: services "kube-dns" is forbidden: User "reader" cannot get resource "services" in API group "" '
        'in the namespace "kube-system"'
    )
    assert problem.grant == (
        "Role dnsmedic-read in namespace kube-system: "
        '{apiGroups: [""], resources: [services], resourceNames: ["kube-dns"], verbs: [get]}'
    )


def test_401_names_what_would_let_it_in(api: Api, sandbox: Sandbox) -> None:
    """An identity that nobody knows is told how it is let in, as the door was told when it was opened."""
    sandbox.kube.troubles.lay(Trouble(at=GET, way="401"))
    problem = _refused(api)

    assert Why.UNAUTHORIZED == problem.why
    assert api.entry == problem.grant
    assert 1 == len(sandbox.kube.said(GET))


WAYS = {
    "204": Why.OTHER,
    "206": Why.OTHER,
    "301": Why.MALFORMED,
    "302": Why.MALFORMED,
    "303": Why.MALFORMED,
    "307": Why.MALFORMED,
    "308": Why.MALFORMED,
    "400": Why.OTHER,
    "406": Why.OTHER,
    "409": Why.OTHER,
    "422": Why.OTHER,
    "429": Why.OTHER,
    "500": Why.OTHER,
    "502": Why.OTHER,
    "503": Why.OTHER,
    "504": Why.OTHER,
    "blackhole": Why.TIMEOUT,
    "trickle": Why.TIMEOUT,
    "trickle-head": Why.TIMEOUT,
    "truncated": Why.MALFORMED,
    "rst": Why.UNREACHABLE,
    "html": Why.MALFORMED,
    "not-json": Why.MALFORMED,
    "status-200": Why.MALFORMED,
    "short": Why.UNREACHABLE,
}


@pytest.mark.parametrize("way,why", WAYS.items())
def test_every_misbehaviour_ends_in_a_reason(api: Api, sandbox: Sandbox, way: str, why: Why) -> None:
    """However the server misbehaves, the reading ends with what was tried, on what, and why it failed."""
    sandbox.kube.troubles.lay(Trouble(at=GET, way=way, headers=[("Location", "/version")]))
    problem = _refused(api)

    assert ("get", "services/kube-dns in kube-system", why) == (problem.verb, problem.object, problem.why)
    assert str(problem) == f"get services/kube-dns in kube-system: {problem.reason}"
    assert problem.reason


@pytest.mark.parametrize("way", ["html", "truncated", "not-json", "short", "trickle", "blackhole"])
def test_a_list_that_is_none_is_never_an_empty_one(api: Api, sandbox: Sandbox, way: str) -> None:
    """What is no list is told, and not taken for "there are none"."""
    sandbox.kube.troubles.lay(Trouble(at=LIST + "*", way=way))

    assert _refused_list(api).object == "pods in kube-system"


@pytest.mark.parametrize("after", ["3600", "-1", "abc", "Wed, 21 Oct 2026 07:28:00 GMT", "1e308"])
def test_retry_after_is_not_obeyed_past_the_deadline(api: Api, sandbox: Sandbox, after: str) -> None:
    """A server cannot make a reading sleep: it is asked a few times at most, and that is it."""
    sandbox.kube.troubles.lay(Trouble(at=GET, way="429", headers=[("Retry-After", after)]))
    problem = _refused(api, seconds=5)

    assert problem.reason.startswith("429")
    assert ATTEMPTS == len(sandbox.kube.said(GET))


@pytest.mark.parametrize("way", ["429", "500", "503", "rst"])
def test_what_passes_by_itself_is_tried_again(api: Api, sandbox: Sandbox, way: str) -> None:
    """Two failures and then an answer: the reading has its answer, after three requests."""
    sandbox.kube.troubles.lay(Trouble(at=GET, way=way, times=2))
    found = api.get(KUBE_DNS, Service)

    assert found is not None
    assert 3 == len(sandbox.kube.said(GET))


def test_a_change_is_never_sent_twice(api: Api, sandbox: Sandbox) -> None:
    """What changes something is not repeated: nobody knows whether it was done."""
    sandbox.kube.troubles.lay(Trouble(at="create pods*", way="503"))
    with pytest.raises(CannotRead) as caught:
        api.send("POST", Resource(verb="create", resource="pods", namespace="dnsmedic"), {"metadata": {"name": "a"}})

    assert caught.value.reason.startswith("503")
    assert 1 == len(sandbox.kube.said("create pods"))


def test_redirects_are_not_followed(api: Api, sandbox: Sandbox) -> None:
    """A redirect to another host is told as what it is; that host sees nothing."""
    visits: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            visits.append(self.path)

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as other:
        thread = Thread(target=other.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        location = f"http://127.0.0.1:{other.server_port}/api/v1/namespaces/kube-system/services/kube-dns"
        sandbox.kube.troubles.lay(Trouble(at=GET, way="redirect", headers=[("Location", location)]))
        problem = _refused(api)
        other.shutdown()
        thread.join()

    assert (["302: redirects are not followed"], []) == ([problem.reason], visits)


# Sizes


def test_a_log_is_cut_at_its_cap(api: Api, sandbox: Sandbox) -> None:
    """A log without end costs no more memory than the cap, and is marked as cut."""
    log = Resource(verb="get", resource="pods", namespace="kube-system", name="any", subresource="log")
    sandbox.kube.troubles.lay(Trouble(at="get pods/log*", way="huge"))
    tracemalloc.start()
    text, cut = api.text(log, {}, cap=1 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (1 << 20, True) == (len(text), cut)
    assert peak < 64 << 20


def test_a_compressed_answer_is_refused(api: Api, sandbox: Sandbox) -> None:
    """Nobody asked for compression, and a small answer may swell without end."""
    sandbox.kube.troubles.lay(Trouble(at=GET, way="gzip"))

    assert Why.MALFORMED == _refused(api, seconds=15).why


def test_a_page_without_end_is_refused(api: Api, sandbox: Sandbox) -> None:
    """A page of a list that is larger than any real one is no answer."""
    sandbox.kube.troubles.lay(Trouble(at=LIST, way="huge"))
    with pytest.raises(CannotRead) as caught:
        api.list(PODS, Pod, seconds=15)

    assert Why.LIMIT == caught.value.why


def test_headers_without_end_are_refused(api: Api, sandbox: Sandbox) -> None:
    """A header of a megabyte is no answer."""
    sandbox.kube.troubles.lay(Trouble(at=GET, way="302", headers=[("X-Long", "x" * (1 << 20))]))

    assert _refused(api).reason


# Odd objects


def _body(kind: str, items: Any) -> bytes:
    return json.dumps({"kind": f"{kind}List", "metadata": {}, "items": items}).encode()


ODD_PODS: list[dict[str, Any] | None] = [
    {"metadata": {"name": "null-spec"}, "spec": None, "status": None},
    {"metadata": {"name": "null-containers"}, "spec": {"containers": None}, "status": {}},
    {"spec": {"containers": [None, {"name": "c", "ports": None}]}, "metadata": {"name": "null-in-list"}},
    {"metadata": {"name": "odd-types", "generation": "7", "labels": {"a": None}}, "status": {"podIP": None}},
    {"metadata": {"name": "unknown-fields", "surprise": {"a": [1]}}, "brandNew": True},
    {
        "metadata": {"name": "dual", "labels": {"x": "<!channel>"}},
        "status": {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "::1"}]},
    },
    None,
]


def test_odd_pods_are_read_as_far_as_they_go(api: Api, sandbox: Sandbox) -> None:
    """Nulls, missing parts and unknown fields are no crash, and hide no other pod."""
    sandbox.kube.troubles.lay(Trouble(at=LIST, way="body", body=_body("Pod", ODD_PODS)))
    found = api.list(PODS, Pod)

    assert found is not None
    assert [one["metadata"]["name"] for one in ODD_PODS if one] == [pod.name for pod in found]
    assert ("10.0.0.1", "::1") == found[-1].addresses


def test_null_items_are_an_empty_list(api: Api, sandbox: Sandbox) -> None:
    """`items: null` is what Go writes for none."""
    sandbox.kube.troubles.lay(Trouble(at=LIST, way="null-items"))

    assert () == api.list(PODS, Pod)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"7",
        b'{"items": 7}',
        b'{"items": [1, 2]}',
        b'{"items": {"a": 1}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"metadata": {"name": 7, "labels": [1]}, "items": [{"metadata": []}]}',
    ],
    ids=range(9),
)
def test_what_is_no_list_is_malformed(api: Api, sandbox: Sandbox, body: bytes) -> None:
    """JSON of another shape is a reason and never a crash."""
    sandbox.kube.troubles.lay(Trouble(at=LIST, way="body", body=body))

    assert Why.MALFORMED == _refused_list(api).why


def test_ten_thousand_endpoints_are_read(api: Api, sandbox: Sandbox) -> None:
    """Big slices, addresses in two slices and unset conditions are read as the API means them."""
    endpoints = [{"addresses": [f"10.{n >> 8}.{n & 255}.1"], "conditions": {"ready": None}} for n in range(1000)]
    slices = [{"metadata": {"name": f"s{n}"}, "endpoints": endpoints, "ports": None} for n in range(10)]
    what = Resource(verb="list", resource="endpointslices", group="discovery.k8s.io", namespace="kube-system")
    sandbox.kube.troubles.lay(Trouble(at="list endpointslices*", way="body", body=_body("EndpointSlice", slices)))
    found = api.list(what, EndpointSlice)

    assert found is not None
    assert (10, 10_000) == (len(found), sum(endpoint.ready for one in found for endpoint in one.endpoints))


def test_nodes_with_nonsense_are_read(api: Api, sandbox: Sandbox) -> None:
    """A node without labels, addresses or conditions is a node that is not ready."""
    odd = [{"metadata": {"name": "a", "labels": None}, "spec": {"taints": None}, "status": {"addresses": None}}]
    sandbox.kube.troubles.lay(Trouble(at="list nodes*", way="body", body=_body("Node", odd)))
    found = api.list(NODES, Node)

    assert found is not None
    assert [("a", False, "", "")] == [(node.name, node.ready, node.zone, node.internal_ip) for node in found]


def test_names_of_the_cluster_are_quoted_in_paths(api: Api, sandbox: Sandbox) -> None:
    """A name is data: it cannot lead to another path."""
    what = Resource(verb="get", resource="configmaps", namespace="kube-system", name="../../secrets/a?b")
    with pytest.raises(CannotRead) as caught:
        api.get(what, ConfigMap)

    assert Why.FORBIDDEN == caught.value.why
    assert ["get configmaps kube-system/../../secrets/a?b"] == [one.words for one in sandbox.kube.asked]


# Connections


def test_a_closed_port_and_a_strange_certificate_are_told_apart(tmp_path: Path, sandbox: Sandbox) -> None:
    """Nobody there, and somebody else there, are two reasons."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        thread = Thread(target=_shake_hands, args=(listening, server_context(trusted=False)), daemon=True)
        thread.start()
        with _door_to(port, sandbox, tmp_path) as api:
            strange = _refused(api, seconds=5)
    with _door_to(port, sandbox, tmp_path) as api:
        nobody = _refused(api)

    assert (Why.UNREACHABLE, Why.UNREACHABLE) == (strange.why, nobody.why)
    assert "is not trusted" in strange.reason
    assert nobody.reason.endswith("refuses the connection")


@contextmanager
def _door_to(port: int, sandbox: Sandbox, folder: Path) -> Iterator[Api]:
    """The door to another port than the sandbox'."""
    path = sandbox.kubeconfig(folder)
    path.write_text(path.read_text().replace(sandbox.kube.url, f"https://127.0.0.1:{port}"))
    api = Api(kubeconfig.load(str(path), "").server)
    yield api
    api.close()


def _shake_hands(listening: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            taken, _ = listening.accept()
        except OSError:
            return
        with taken, suppress(OSError):
            context.wrap_socket(taken, server_side=True).close()
