"""The pretend cluster shows what a real one would: worlds, name servers, probes that run, and nothing left behind."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import dns.rcode
import pytest

from contract import model
from contract.model import Effect, Question
from sandbox.cluster import Sandbox
from sandbox.dns import LOOPBACK, Authority, Manners, NameServer, Zone
from sandbox.kube import Trouble
from sandbox.kube.network import Barrier
from sandbox.kube.objects import merged, selects
from sandbox.kube.security import violations
from sandbox.web import panel
from sandbox.worlds import World, load, names
from tests.diagnoses import Ahead
from tests.pretend import RUN, diagnosed, door, lead_to, opened
from tests.spine import until
from workers.cluster import CannotRead, Survey, open_cluster, probes, sweep
from workers.cluster.grants import Resource
from workers.cluster.objects import Pod

pytestmark = pytest.mark.timeout(60)

A1, A2, B1 = (f"ip-10-20-{n}-10.ec2.internal" for n in (1, 2, 3))
CLUSTER_IP, REPLICA, UPSTREAM = model.Path.CLUSTER_IP, model.Path.REPLICA, model.Path.UPSTREAM
CLUSTER_FIRST = """\
search dnsmedic.svc.cluster.local svc.cluster.local cluster.local ec2.internal
nameserver 172.20.0.10
options ndots:5
"""
DEFAULT = """\
search ec2.internal
nameserver 10.20.0.2
options timeout:2 attempts:5
"""
INTERNAL = "kubernetes.default.svc.cluster.local"


@pytest.fixture(scope="module")
def healthy() -> Iterator[Sandbox]:
    """A healthy cluster."""
    with Sandbox(load("healthy")) as running:
        yield running
        assert running.kube.crashes == []


@pytest.fixture
def sandbox(healthy: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The same, found by boto3, well, and nobody has asked it anything."""
    healthy.kube.troubles.clear()
    healthy.kube.asked.clear()
    lead_to(healthy, monkeypatch)
    return healthy


@pytest.fixture(scope="module")
def diagnoses(request: pytest.FixtureRequest) -> Iterator[Ahead]:
    """Those of all worlds that are tested, in the order of the tests."""
    specs = (getattr(each, "callspec", None) for each in request.session.items if _is_world(each))
    shared = hasattr(request.config, "workerinput")  # then others test the next ones
    ahead = Ahead([str(spec.params["name"]) for spec in specs if spec], ahead=0 if shared else 3)
    yield ahead
    ahead.close()


def _is_world(item: pytest.Item) -> bool:
    return getattr(item, "originalname", "") == test_a_world_is_diagnosed.__name__


def _surveyed(world: World, monkeypatch: pytest.MonkeyPatch) -> Survey:
    with Sandbox(world) as running:
        lead_to(running, monkeypatch)
        with opened(running) as cluster:
            return cluster.survey()


def _effects(survey: Survey, path: model.Path) -> dict[str, set[Effect]]:
    """What came back on one path, by the node that asked."""
    nodes = {one.node for one in survey.asked if one.target.path is path}
    return {n: {one.effect for one in survey.asked if (one.node, one.target.path) == (n, path)} for n in nodes}


def _left(sandbox: Sandbox) -> list[str]:
    return [
        one["metadata"]["name"] for one in sandbox.kube.objects.all("Pod") if one["metadata"]["namespace"] == "dnsmedic"
    ]


# Worlds


def test_worlds_are_listed() -> None:
    """Every world has its name, a title, and says what a right diagnosis of it is."""
    found = [load(name) for name in names()]

    assert "healthy" == found[0].name
    assert list(names()) == [world.name for world in found]
    assert all(world.title and bool(world.codes) == (world.status != "healthy") for world in found)


def test_the_menu_holds_every_world_in_its_group() -> None:
    """The healthy world comes first, then one group after the other, and each world says what to ask in it."""
    found = panel.menu()
    groups = [one["group"] for one in found]

    assert sorted(names()) == sorted(one["name"] for one in found)
    assert ("healthy", "") == (found[0]["name"], groups[0])
    assert [group for group in panel.GROUPS.values() if group in groups] == list(dict.fromkeys(groups[1:]))
    assert ("web.shop", "shop/cart") == next(
        (one["asked"], one["pod"]) for one in found if one["name"] == "kube-dns-service-missing"
    )


@pytest.mark.parametrize("name", names())
def test_a_world_is_diagnosed(name: str, diagnoses: Ahead) -> None:
    """In every world the verdict names what is wrong there, the main cause first, and nothing else; no symptom is left."""
    world = load(name)
    found = diagnoses.of(name)
    verdict = found.verdict
    named = tuple(cause.code for cause in verdict.causes)

    assert (world.status, world.codes[:1], set(world.codes)) == (verdict.status, named[:1], set(named)), verdict
    assert ((), (), ()) == (verdict.unexplained, found.broken, found.crashes)


@pytest.mark.parametrize("name", ["web", "web.shop"])
def test_a_short_name_is_found_as_an_application_finds_it(name: str, sandbox: Sandbox) -> None:
    """A name that only search domains make whole is no fault, though CoreDNS rightly denies it as it stands."""
    _, verdict = diagnosed(sandbox, name=name, pod="shop/cart")

    assert (model.Status.HEALTHY, ()) == (verdict.status, verdict.unexplained)


# The survey


def test_the_survey_of_a_healthy_cluster_is_answered(sandbox: Sandbox) -> None:
    """From every node, every server answers what is right, and lookups end as an application's would."""
    with opened(sandbox) as cluster:
        survey = cluster.survey()
    addresses = {one.name: one.addresses for one in survey.looked}

    assert (A1, A2, B1) == tuple(sorted(survey.nodes))
    assert [] == [(one.effect, one.line) for one in survey.asked if one.effect is not Effect.OK]
    assert (("172.20.0.1",), ("176.32.98.166", "205.251.242.103")) == (
        addresses["kubernetes.default"],
        addresses["amazon.com"],
    )
    assert () == addresses[survey.canary]
    assert {("ClusterFirst", CLUSTER_FIRST), ("Default", DEFAULT)} == {(one.policy, one.text) for one in survey.resolv}


def test_a_node_that_drops_dns_is_silent_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """One node gets nothing from anybody, over UDP and TCP; the others get all."""
    survey = _surveyed(load("one-node-drops-dns"), monkeypatch)

    for path in (CLUSTER_IP, REPLICA):
        assert {A1: {Effect.SILENT}, A2: {Effect.OK}, B1: {Effect.OK}} == _effects(survey, path)
    assert {False} == {one.finished for one in survey.looked if one.node == A1}


def test_stale_rules_lead_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where kube-proxy may not look, the ClusterIP is silent while every CoreDNS pod answers."""
    survey = _surveyed(load("kube-proxy-forbidden-403"), monkeypatch)

    assert {Effect.SILENT} == set.union(*_effects(survey, CLUSTER_IP).values())
    assert {Effect.OK} == set.union(*_effects(survey, REPLICA).values())


def test_a_service_without_endpoints_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no CoreDNS pod runs the node itself refuses, and nobody else is asked but the upstream, which answers."""
    survey = _surveyed(load("coredns-scaled-to-zero"), monkeypatch)

    assert {Effect.UNREACHABLE} == set.union(*_effects(survey, CLUSTER_IP).values())
    assert {} == _effects(survey, REPLICA)
    assert {Effect.OK} == set.union(*_effects(survey, UPSTREAM).values())


@pytest.mark.parametrize(
    "barrier,expected",
    [
        (Barrier(transport="tcp", effect="refuse"), {"udp": {Effect.OK}, "tcp": {Effect.UNREACHABLE}}),
        (Barrier(transport="udp", to="10.20.3.*"), {"udp": {Effect.OK, Effect.SILENT}, "tcp": {Effect.OK}}),
    ],
)
def test_a_barrier_stops_only_what_it_is_about(
    barrier: Barrier, expected: dict[str, set[Effect]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules by transport, server and effect show as they would on a real node."""
    world = load("healthy")
    survey = _surveyed(replace(world, wiring=replace(world.wiring, barriers=(barrier,))), monkeypatch)
    direct = [one for one in survey.asked if one.target.path is REPLICA]

    assert expected == {t: {one.effect for one in direct if one.transport == t} for t in ("udp", "tcp")}


def test_a_dead_upstream_shows_for_external_names_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """CoreDNS answers the cluster's names, and SERVFAIL for what its silent upstream should know."""
    world = replace(load("healthy"), upstream_manners=Manners(drop=("*",)))
    survey = _surveyed(world, monkeypatch)
    through = [one for one in survey.asked if one.target.path is REPLICA]

    assert {Effect.OK} == {one.effect for one in through if one.name.kind is model.NameKind.INTERNAL}
    assert {Effect.SERVFAIL} == {one.effect for one in through if one.name.kind is model.NameKind.EXTERNAL}


def test_a_probe_in_a_pods_network_runs(healthy: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ephemeral container asks from inside the pod that somebody complains about, where a role allows it."""
    lead_to(healthy, monkeypatch)
    rule = {"apiGroups": [""], "resources": ["pods/ephemeralcontainers", "pods/log"], "verbs": ["get", "patch"]}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "rules": [rule]}
    meta = {"name": "dnsmedic-app-exec", "namespace": "shop"}
    group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "dnsmedic:read"}
    bound = {"kind": "Role", "name": "dnsmedic-app-exec"}
    healthy.kube.objects.put({**role, "metadata": dict(meta)})
    healthy.kube.objects.put(
        {**role, "kind": "RoleBinding", "metadata": dict(meta), "roleRef": bound, "subjects": [group]}
    )
    with opened(healthy, pod="shop/cart", name="web") as cluster:
        survey = cluster.pod_survey()

    assert survey is not None
    assert {Effect.OK} == {one.effect for one in survey.asked if one.name.kind is not model.NameKind.ASKED}
    assert ["search shop.svc.cluster.local svc.cluster.local cluster.local ec2.internal"] == [
        one.text.splitlines()[0] for one in survey.resolv
    ]
    assert (("web.shop.svc.cluster.local", True),) == tuple(
        (one.canonical, bool(one.addresses)) for one in survey.looked if one.name == "web"
    )


# Nothing is left


def test_nothing_is_left_after_a_run(sandbox: Sandbox) -> None:
    """Every probe pod is deleted once its log is read."""
    with opened(sandbox) as cluster:
        cluster.survey()

    assert [] == _left(sandbox)
    assert len(sandbox.kube.said("create pods")) == len(sandbox.kube.said("delete pods"))


@pytest.mark.parametrize("at,way", [("get pods/log dnsmedic/*", "500"), ("get pods/log dnsmedic/*", "403")])
def test_nothing_is_left_where_a_log_cannot_be_read(sandbox: Sandbox, at: str, way: str) -> None:
    """A probe whose answers cannot be fetched is deleted all the same."""
    sandbox.kube.troubles.lay(Trouble(at=at, way=way, times=0 if way == "403" else 3))
    with opened(sandbox) as cluster:
        if way == "403":
            with pytest.raises(CannotRead) as caught:
                cluster.survey()
            assert "resources: [pods/log], verbs: [get]" in caught.value.grant
        else:
            cluster.survey()

    assert [] == _left(sandbox)


def test_nothing_is_left_of_a_pod_whose_making_was_not_confirmed(sandbox: Sandbox) -> None:
    """A connection that breaks after the pod was made leaves no pod behind."""
    sandbox.kube.troubles.lay(Trouble(at="create pods*", way="lost"))
    with opened(sandbox) as cluster, pytest.raises(CannotRead):
        cluster.survey()

    assert [] == _left(sandbox)


def test_nothing_is_left_after_a_lost_run(sandbox: Sandbox) -> None:
    """What a worker that died left behind is deleted by the janitor once it is older than any run, and nothing else is."""
    made = {"old": 3600, "young": 30}
    for name, seconds in made.items():
        created = (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        labels = {probes.MANAGED: "dnsmedic", probes.RUN: RUN}
        meta = {"name": name, "namespace": "dnsmedic", "labels": labels, "creationTimestamp": created}
        sandbox.kube.objects.put({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": []}})
    stranger = {"name": "stranger", "namespace": "dnsmedic", "creationTimestamp": "2020-01-01T00:00:00Z"}
    sandbox.kube.objects.put({"apiVersion": "v1", "kind": "Pod", "metadata": stranger, "spec": {"containers": []}})
    try:
        gone = sweep(sandbox.entry)
        left = _left(sandbox)
    finally:
        _sweep_all(sandbox)

    assert (("old",), ["stranger", "young"]) == (gone, left)


def test_whoever_goes_on_with_a_run_is_not_hindered_by_what_stands(sandbox: Sandbox) -> None:
    """Its probe pods have other names than those of the worker that was lost."""
    with opened(sandbox) as lost, opened(sandbox) as cluster, ThreadPoolExecutor() as pool:
        surveys = [pool.submit(one.survey) for one in (lost, cluster)]

    assert [(), ()] == [survey.result().gaps for survey in surveys]


def test_whoever_goes_on_with_a_run_removes_what_stands(sandbox: Sandbox) -> None:
    """Pods of the worker that was lost are deleted at once; those of other runs stay."""
    for name, run in {"lost": RUN, "other": "run_other"}.items():
        meta = {"name": name, "namespace": "dnsmedic", "labels": {probes.MANAGED: "dnsmedic", probes.RUN: run}}
        sandbox.kube.objects.put({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": []}})
    try:
        with open_cluster(sandbox.entry, Question(cluster="cluster-a"), run=RUN, again=True):
            left = _left(sandbox)
    finally:
        _sweep_all(sandbox)

    assert ["other"] == left


def test_a_run_that_is_over_leaves_no_probe(sandbox: Sandbox) -> None:
    """Stopped while its probes are on their way, a run deletes them."""
    with opened(sandbox) as cluster, ThreadPoolExecutor() as pool:
        on_its_way = pool.submit(cluster.survey)
        until(lambda: _left(sandbox))
        cluster.close()
        left = _left(sandbox)

    assert [] == left
    assert isinstance(on_its_way.exception(), CannotRead)


def _sweep_all(sandbox: Sandbox) -> None:
    kind = sandbox.kube.objects.kind("", "v1", "pods")
    assert kind is not None
    for name in _left(sandbox):
        sandbox.kube.objects.drop(kind, "dnsmedic", name)


def test_an_image_that_cannot_be_pulled_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no probe can start, it is said why, and no pod stays behind."""
    with Sandbox(replace(load("healthy"), unpullable=("*",))) as running:
        lead_to(running, monkeypatch)
        with opened(running) as cluster, pytest.raises(CannotRead) as caught:
            cluster.survey()
        left = _left(running)

    assert "ErrImagePull" in caught.value.reason
    assert [] == left


def test_a_missing_namespace_is_told_with_its_command(sandbox: Sandbox) -> None:
    """Where nothing was set up, the one command that sets it up is named."""
    objects = sandbox.kube.objects
    home = next(one for one in objects.all("Namespace") if one["metadata"]["name"] == "dnsmedic")
    objects.drop(objects.kind_of(home), "", "dnsmedic")
    try:
        with opened(sandbox) as cluster, pytest.raises(CannotRead) as caught:
            cluster.survey()
    finally:
        objects.put(home)

    assert "kubectl apply -k deploy/cluster" in caught.value.grant


def test_probe_pods_are_restricted() -> None:
    """The namespace takes what dnsmedic makes, and refuses a pod that asks for more."""
    plan = probes.Plan(ask=())
    good = probes.manifest(name="p", run=RUN, image="python", node=A1, policy="Default", plan=plan)["spec"]
    bad: dict[str, Any] = {"containers": [{"name": "c", "securityContext": {"privileged": True}}], "hostNetwork": True}

    assert () == violations(good)
    assert 6 == len(violations(bad))


# Name servers


ZONES = (
    Zone(
        origin="shop.example",
        records={
            "www.shop.example": (("CNAME", "web.shop.example."),),
            "web.shop.example": (("A", "192.0.2.1"),),
            "*.wild.shop.example": (("A", "192.0.2.2"),),
            "a.deep.shop.example": (("A", "192.0.2.3"),),
        },
    ),
)


@pytest.mark.parametrize(
    "name,rcode,answers,authority",
    [
        ("www.shop.example", "NOERROR", 2, 0),
        ("x.y.wild.shop.example", "NOERROR", 1, 0),
        ("deep.shop.example", "NOERROR", 0, 1),
        ("nothing.shop.example", "NXDOMAIN", 0, 1),
        ("elsewhere.example", "REFUSED", 0, 0),
        ("broken.shop.example", "SERVFAIL", 0, 0),
    ],
)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_name_server_answers_from_its_data(
    name: str, rcode: str, answers: int, authority: int, transport: str
) -> None:
    """Records, aliases, wildcards, empty names, absent names and return codes come as a real server gives them."""
    server = NameServer(Authority(ZONES, Manners(rcodes={"broken.*": "SERVFAIL"})))
    try:
        ask = dns.query.udp if transport == "udp" else dns.query.tcp
        reply = ask(dns.message.make_query(name, "A"), LOOPBACK, port=server.port, timeout=5)
    finally:
        server.close()

    assert (rcode, answers, authority) == (dns.rcode.to_text(reply.rcode()), len(reply.answer), len(reply.authority))


def test_a_name_server_loses_and_cuts_answers() -> None:
    """Every second question is lost, and a long answer is cut over UDP."""
    server = NameServer(Authority(ZONES, Manners(drop=("web.*",), every=2, truncate=("www.*",))))
    asked = dns.message.make_query("web.shop.example", "A").to_wire()
    try:
        came = [server.asked(asked, "udp") is not None for _ in range(4)]
        cut = dns.query.udp(dns.message.make_query("www.shop.example", "A"), LOOPBACK, port=server.port, timeout=5)
        whole = dns.query.tcp(dns.message.make_query("www.shop.example", "A"), LOOPBACK, port=server.port, timeout=5)
    finally:
        server.close()

    assert [True, False, True, False] == came
    assert ("TC" in dns.flags.to_text(cut.flags), len(cut.answer), len(whole.answer)) == (True, 0, 2)


def test_nonsense_gets_no_answer_and_does_no_harm() -> None:
    """Bytes that are no question are dropped, and the next question is answered."""
    server = NameServer(Authority(ZONES))
    try:
        with socket.create_connection((LOOPBACK, server.port), timeout=5) as one:
            one.sendall(struct.pack("!H", 3) + b"abc")
            wire = dns.message.make_query("web.shop.example", "A").to_wire()
            one.sendall(struct.pack("!H", len(wire)) + wire)
            size = struct.unpack("!H", one.recv(2))[0]
            reply = dns.message.from_wire(one.recv(size))
    finally:
        server.close()

    assert 1 == len(reply.answer)


@pytest.mark.parametrize(
    "name,rtype,expected",
    [
        (INTERNAL, "A", ["172.20.0.1"]),
        ("kube-dns.kube-system.svc.cluster.local", "A", ["172.20.0.10"]),
        (
            "_dns._udp.kube-dns.kube-system.svc.cluster.local",
            "SRV",
            ["0 100 53 kube-dns.kube-system.svc.cluster.local."],
        ),
        ("10.0.20.172.in-addr.arpa", "PTR", ["kube-dns.kube-system.svc.cluster.local."]),
        ("10-20-3-134.kube-system.pod.cluster.local", "A", ["10.20.3.134"]),
        ("shop.svc.cluster.local", "A", []),
        ("amazon.com", "A", ["176.32.98.166", "205.251.242.103"]),
    ],
)
def test_a_replica_knows_the_clusters_names(sandbox: Sandbox, name: str, rtype: str, expected: list[str]) -> None:
    """Services, ports, addresses and pods have the names that CoreDNS gives them; the rest is the upstream's."""
    wire = sandbox.servers["10.20.3.134"].asked(dns.message.make_query(name, rtype).to_wire(), "tcp")
    assert wire is not None
    reply = dns.message.from_wire(wire)

    assert ("NOERROR", expected) == (
        dns.rcode.to_text(reply.rcode()),
        sorted(record.to_text() for rrset in reply.answer for record in rrset),
    )


# The API server's own parts


@pytest.mark.parametrize(
    "selector,chosen",
    [
        ("", True),
        ("a=1", True),
        ("a==1,b!=3", True),
        ("a in (1, 2),b", True),
        ("a notin (1)", False),
        ("!a", False),
        ("!c", True),
        ("c", False),
    ],
)
def test_label_selectors_are_read(selector: str, chosen: bool) -> None:  # noqa: FBT001 - a case
    """Selectors mean what they mean to Kubernetes."""
    assert chosen is selects(selector, {"a": "1", "b": "2"})


def test_patches_are_merged() -> None:
    """A merge patch replaces lists and drops nulls; a strategic one merges lists by name."""
    held = {"a": 1, "b": {"c": 2, "d": 3}, "l": [{"name": "x", "v": 1}]}
    patch = {"a": None, "b": {"c": 4}, "l": [{"name": "y"}]}

    assert {"b": {"c": 4, "d": 3}, "l": [{"name": "y"}]} == merged(held, patch, strategic=False)
    assert [{"name": "x", "v": 1}, {"name": "y"}] == merged(held, patch, strategic=True)["l"]


def test_a_change_of_what_has_changed_is_a_conflict(sandbox: Sandbox, tmp_path: Path) -> None:
    """A patch that names an older resourceVersion is refused with 409, and a name that is taken as well."""
    map_of = Resource(verb="patch", resource="configmaps", namespace="kube-system", name="coredns")
    stale = {"metadata": {"resourceVersion": "1"}, "data": {"Corefile": "."}}
    again = Resource(verb="create", resource="configmaps", namespace="kube-system")
    with door(sandbox, tmp_path, group="system:masters") as api:
        with pytest.raises(CannotRead) as changed:
            api.send("PATCH", map_of, stale, kind="application/merge-patch+json")
        with pytest.raises(CannotRead) as taken:
            api.send("POST", again, {"metadata": {"name": "coredns"}})

    assert changed.value.reason.startswith("409 Operation cannot be fulfilled on configmaps")
    assert '409 configmaps "coredns" already exists' == taken.value.reason


@pytest.mark.parametrize(
    "query,expected",
    [
        ({"tailLines": "1"}, "linux/amd64, go1.26.8, \n"),
        ({"limitBytes": "8"}, "maxprocs"),
        ({"tailLines": "0"}, ""),
    ],
)
def test_logs_are_cut_as_asked(sandbox: Sandbox, tmp_path: Path, query: dict[str, str], expected: str) -> None:
    """The limits tailLines and limitBytes hold, and timestamps come only where they are asked for."""
    with opened(sandbox) as cluster:
        pod: Pod = cluster.coredns_pods()[0]
    log = Resource(verb="get", resource="pods", namespace="kube-system", name=pod.name, subresource="log")
    with door(sandbox, tmp_path) as api:
        text, _ = api.text(log, query)
        stamped, _ = api.text(log, {"timestamps": "true", "tailLines": "1"})
        with pytest.raises(CannotRead) as caught:
            api.text(log, {"previous": "true"})

    assert expected == text
    assert stamped.endswith("Z linux/amd64, go1.26.8, \n")
    assert caught.value.reason.startswith('400 previous terminated container "coredns"')


# AWS


def test_the_network_is_what_the_world_says(sandbox: Sandbox) -> None:
    """Instances, interfaces, rules and the VPC's DNS come through boto3 with the world's own ids."""
    with opened(sandbox) as cluster:
        aws = cluster.aws
        described = aws.cluster()
        (interface,) = aws.interfaces(["10.20.3.134"])
        (group,) = aws.security_groups(interface.groups)
        vpc = aws.vpc_dns(described.vpc)
        node = next(one for one in cluster.nodes() if one.name == B1)

    assert node.spec.provider_id.endswith(interface.instance)
    assert (described.cluster_security_group, described.vpc) == (group.id, interface.vpc)
    assert [(group.id,)] == [rule.groups for rule in group.ingress]
    assert (True, True, ("AmazonProvidedDNS",)) == (vpc.support, vpc.hostnames, vpc.domain_name_servers)


def test_what_aws_refuses_names_the_action(sandbox: Sandbox) -> None:
    """An action that the role may not use is named as IAM writes it."""
    sandbox.aws.refuse("ec2:DescribeSubnets", "UnauthorizedOperation", 403)
    try:
        with opened(sandbox) as cluster, pytest.raises(CannotRead) as caught:
            cluster.aws.subnets(["subnet-1"])
    finally:
        sandbox.aws.refusals.clear()

    assert ("ec2:DescribeSubnets", "IAM: allow ec2:DescribeSubnets") == (caught.value.verb, caught.value.grant)
