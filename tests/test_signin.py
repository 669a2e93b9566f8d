"""Signing in to a cluster: real boto3 and presigned tokens against the sandbox, kubeconfigs, and secrets that stay secret."""

from __future__ import annotations

import logging
import socket
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
import yaml

from contract.model import Question
from sandbox.cluster import Sandbox
from sandbox.kube import Trouble
from sandbox.worlds import World, load
from tests.pretend import ASKED_BY, RUN, checked, lead_to, opened
from workers.cluster import CannotRead, Why, eks, kubeconfig, open_cluster
from workers.cluster.session import session_name

READ = "arn:aws:iam::123456789012:role/dnsmedic-read"
READER = f"arn:aws:sts::123456789012:assumed-role/dnsmedic-read/{ASKED_BY}.{RUN}"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A healthy cluster that boto3 finds."""
    with Sandbox(load("healthy")) as running:
        lead_to(running, monkeypatch)
        yield running
        assert running.kube.crashes == []


def _refused(sandbox: Sandbox) -> CannotRead:
    with pytest.raises(CannotRead) as caught, opened(sandbox) as cluster:
        cluster.nodes()
    return caught.value


# As on EKS


def test_a_worker_signs_in_as_the_role_that_reads(sandbox: Sandbox) -> None:
    """The role is assumed with its external id for a short time, and its session names who asked and the run."""
    with opened(sandbox) as cluster:
        version, nodes = cluster.version(), cluster.nodes()

    (assumed,) = sandbox.aws.assumed
    assert ((1, 34), 3) == (version, len(nodes))
    assert (READ, f"{ASKED_BY}.{RUN}", "my-org", 900) == (
        assumed.role, assumed.session, assumed.external_id, assumed.seconds,
    )  # fmt: skip
    assert {(READER, ("dnsmedic:read",))} == {
        (one.user.name, one.user.groups) for one in sandbox.kube.asked if one.user
    }
    assert ["sts:AssumeRole", "eks:DescribeCluster"] == [call.words for call in sandbox.aws.calls]


def test_without_a_role_the_worker_is_itself(sandbox: Sandbox) -> None:
    """A cluster without a role is read as the worker's own identity."""
    entry = replace(sandbox.entry, role_arn="", external_id="")
    with open_cluster(entry, Question(cluster="cluster-a"), run=RUN) as cluster:
        cluster.nodes()

    assert {"arn:aws:iam::123456789012:role/dnsmedic-hub"} == {one.user.name for one in sandbox.kube.asked if one.user}
    assert [] == sandbox.aws.assumed


@pytest.mark.parametrize("external_id", ["", "somebody-else"])
def test_a_wrong_external_id_opens_nothing(sandbox: Sandbox, external_id: str) -> None:
    """Without the external id of its trust policy nobody assumes the role, and the missing right is named."""
    entry = replace(sandbox.entry, external_id=external_id)
    with (
        pytest.raises(CannotRead) as caught,
        open_cluster(entry, Question(cluster="cluster-a"), run=RUN),
    ):
        pass

    problem = caught.value
    assert ("sts:AssumeRole", READ, Why.FORBIDDEN, "IAM: allow sts:AssumeRole") == (
        problem.verb, problem.object, problem.why, problem.grant,
    )  # fmt: skip
    assert [] == sandbox.kube.asked


@pytest.mark.parametrize(
    "asked_by,run", [("", ""), ("U0ALICE", "run_7f3a"), ("<@U0>|bob", "run/../x"), ("ü" * 99, "r")]
)
def test_session_names_are_what_sts_takes(asked_by: str, run: str) -> None:
    """Whoever asks, the session's name has only the letters that STS allows, and not too many."""
    import re

    assert re.fullmatch(r"[\w+=,.@-]{2,64}", session_name(asked_by, run), re.ASCII)


def test_an_identity_without_an_access_entry_is_told_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that the cluster does not know gets 401, once with a fresh token, and the entry to make is named."""
    healthy = load("healthy")
    with Sandbox(replace(healthy, account=replace(healthy.account, entries={}))) as running:
        lead_to(running, monkeypatch)
        problem = _refused(running)

    assert (Why.UNAUTHORIZED, "list") == (problem.why, problem.verb)
    assert "aws eks create-access-entry" in problem.grant
    assert 2 == len(running.kube.said("list nodes"))


# Tokens


def test_a_refused_token_is_renewed_once(sandbox: Sandbox) -> None:
    """A token that expires in the middle of a run costs one new one, and the run goes on."""
    with opened(sandbox) as cluster:
        cluster.version()
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=1000), tick=True):
            nodes = cluster.nodes()
            namespaces = cluster.namespaces()

    assert (3, True) == (len(nodes), bool(namespaces))
    assert [401, 200, 200] == [one.status for one in sandbox.kube.said("list ")]
    assert ["the token has expired"] == sandbox.kube.refused
    assert 2 == len({one.signed for one in sandbox.kube.asked})


def test_many_readings_at_once_share_one_new_token(sandbox: Sandbox) -> None:
    """However many readings are refused because of the same token, one new token is made for all of them."""
    from concurrent.futures import ThreadPoolExecutor

    with opened(sandbox) as cluster:
        cluster.version()
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=1000), tick=True):
            readings = [
                cluster.nodes,
                cluster.namespaces,
                *(lambda n=n: cluster.pods(n) for n in ("kube-system", "shop")),
            ]
            with ThreadPoolExecutor(max_workers=4) as pool:
                done = [future.result() for future in [pool.submit(reading) for reading in readings]]

    assert all(done)
    assert 2 == len({one.signed for one in sandbox.kube.asked})


def test_a_token_that_stays_refused_is_no_loop(sandbox: Sandbox) -> None:
    """401 with the new token as well ends the reading: two requests, and the reason."""
    sandbox.kube.troubles.lay(Trouble(at="list nodes*", way="401"))
    problem = _refused(sandbox)

    assert Why.UNAUTHORIZED == problem.why
    assert 2 == len(sandbox.kube.said("list nodes"))


def test_a_token_is_renewed_before_it_expires(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is made anew after a while, before the API server stops to honour it."""
    with opened(sandbox) as cluster:
        cluster.version()
        monkeypatch.setattr(eks, "RENEW_AFTER", -1)
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=601), tick=True):
            cluster.nodes()

    assert [] == sandbox.kube.refused
    assert 2 == len({one.signed for one in sandbox.kube.asked})


def test_port_forward_renews_its_token_too(sandbox: Sandbox) -> None:
    """A tunnel that is opened after the token has expired is opened with a new one."""
    with opened(sandbox) as cluster:
        pod = cluster.coredns_pods()[0]
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=1000), tick=True):
            status, _ = cluster.http(pod, 8080, "/health")

    assert 200 == status
    assert [401, 101] == [one.status for one in sandbox.kube.said("get pods/portforward")]


def test_a_token_of_one_cluster_opens_no_other(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each token names its cluster: another one refuses it, and two clusters read at the same time never mix."""
    healthy = load("healthy")
    other_account = replace(healthy.account, name="cluster-b")
    with Sandbox(replace(healthy, account=other_account)) as other, opened(sandbox) as cluster:
        lead_to(other, monkeypatch)
        with opened(other) as second:
            for _ in range(20):
                cluster.pods_now("kube-system", "")
                second.pods_now("kube-system", "")
        stolen = cluster._api.headers()["authorization"].removeprefix("Bearer ")  # noqa: SLF001 - the secret itself
        user = other.kube.user_of_token(stolen)

    assert (None, ["unknown credentials"]) == (user, other.kube.refused)
    assert [] == sandbox.kube.refused
    assert set() == {one.signed for one in sandbox.kube.asked} & {one.signed for one in other.kube.asked}


# What AWS refuses


AWS_SAYS = {
    "ExpiredToken": "the AWS credentials have expired",
    "InvalidClientTokenId": "AWS does not know these credentials",
    "SignatureDoesNotMatch": "AWS refuses the signature: a wrong secret key, or a clock that is off",
    "Throttling": "AWS throttles the requests",
    "AccessDenied": "AWS says AccessDenied: this role may not sts:AssumeRole",
    "RegionDisabledException": "the region is disabled for STS in this account",
    "OptInRequired": "the account is not signed up for this service or region",
}


@pytest.mark.parametrize("code,reason", AWS_SAYS.items())
def test_a_failed_sign_in_is_named_plainly(sandbox: Sandbox, code: str, reason: str) -> None:
    """Each way that STS refuses has its own words, without what AWS says about other principals."""
    said = "User: arn:aws:iam::999999999999:user/secret-person is not authorized"
    sandbox.aws.refuse("sts:AssumeRole", code, 403, said)
    problem = _refused(sandbox)

    assert ("sts:AssumeRole", reason) == (problem.verb, problem.reason)
    assert "999999999999" not in f"{problem} {problem.grant}"


def test_aws_that_cannot_be_reached_is_named(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port instead of STS is told as such."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    problem = _refused(sandbox)

    assert (Why.UNREACHABLE, "127.0.0.1:1 refuses the connection") == (problem.why, problem.reason)


def test_the_workers_own_dns_is_not_the_clusters(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """When this machine cannot resolve the API server's name, it is this machine that is blamed."""

    def broken(host: str, *args: Any, **kwargs: Any) -> Any:
        if host == "kube.invalid":
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(host, *args, **kwargs)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", broken)
    sandbox.aws.endpoint = "https://kube.invalid:443"
    problem = _refused(sandbox)

    assert Why.OWN_DNS == problem.why
    assert (
        problem.reason
        == "the machine that dnsmedic runs on cannot resolve kube.invalid:443: its own DNS, not the cluster's"
    )


@pytest.mark.parametrize(
    "cluster",
    [
        {"endpoint": ""},
        {"endpoint": "http://127.0.0.1"},
        {"certificateAuthority": {}},
        {"certificateAuthority": {"data": "%"}},
    ],
)
def test_a_cluster_without_an_endpoint_cannot_be_seen(monkeypatch: pytest.MonkeyPatch, cluster: dict[str, Any]) -> None:
    """A cluster that is being made has no endpoint or CA yet; nothing is tried without TLS."""
    healthy = load("healthy")
    with Sandbox(
        replace(healthy, account=replace(healthy.account, cluster={**healthy.account.cluster, **cluster}))
    ) as running:
        lead_to(running, monkeypatch)
        problem = _refused(running)

    assert ("describe", "EKS cluster cluster-a", Why.UNREACHABLE) == (problem.verb, problem.object, problem.why)
    assert [] == running.kube.asked


def test_a_cluster_that_does_not_exist_is_named(sandbox: Sandbox) -> None:
    """A wrong name is told as what it is."""
    entry = replace(sandbox.entry, eks_name="cluster-z")
    with pytest.raises(CannotRead) as caught, open_cluster(entry, Question(cluster="cluster-z"), run=RUN):
        pass

    assert ("eks:DescribeCluster", "EKS cluster cluster-z", "it does not exist") == (
        caught.value.verb, caught.value.object, caught.value.reason,
    )  # fmt: skip


def test_a_certificate_of_somebody_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose certificate the cluster's CA has not signed is not believed, and sees no token."""
    from sandbox.kube.authority import stranger

    with Sandbox(load("healthy")) as running:
        lead_to(running, monkeypatch)
        running.aws.authority = stranger().cert_pem.bytes()
        problem = _refused(running)

    assert Why.UNREACHABLE == problem.why
    assert "is not trusted" in problem.reason
    assert [] == running.kube.asked


# Kubeconfigs


@pytest.mark.parametrize("certificate", [False, True])
def test_a_kubeconfig_opens_a_cluster_without_aws(tmp_path: Path, certificate: bool) -> None:  # noqa: FBT001 - a case
    """A token or a client certificate of a kubeconfig is enough to read a cluster."""
    with Sandbox(load("healthy")) as running:
        path = running.kubeconfig(tmp_path, certificate=certificate)
        entry = replace(running.entry, kubeconfig=str(path), role_arn="", external_id="")
        with open_cluster(entry, Question(cluster="cluster-a"), run=RUN) as cluster:
            nodes = cluster.nodes()
            told = cluster.ask(cluster.coredns_pods()[0], "kubernetes.default.svc.cluster.local")

    assert (3, "ok") == (len(nodes), told.effect)
    assert ({"reader"}, []) == ({one.user.name for one in running.kube.asked if one.user}, running.aws.calls)


def test_a_kubeconfig_of_eks_is_signed_in_by_boto3(tmp_path: Path, sandbox: Sandbox) -> None:
    """An `exec` entry that would have run `aws eks get-token` leads to the same cluster, and nothing is run."""
    args = ["--region", "us-east-1", "eks", "get-token", "--cluster-name", "cluster-a"]
    path = _kubeconfig(tmp_path, {"exec": {"command": "/usr/local/bin/aws", "args": args}})
    entry = replace(sandbox.entry, eks_name="", kubeconfig=str(path))
    with open_cluster(entry, Question(cluster="cluster-a"), run=RUN, asked_by=ASKED_BY) as cluster:
        nodes = cluster.nodes()

    assert 3 == len(nodes)
    assert {READER} == {one.user.name for one in sandbox.kube.asked if one.user}


def _kubeconfig(folder: Path, user: Any, **cluster: Any) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": {"server": "https://127.0.0.1:1", **cluster}}],
        "users": [{"name": "it", "user": user}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def _exec(*words: str) -> dict[str, Any]:
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": words[0], "args": list(words[1:])}}


HOSTILE: dict[str, tuple[Any, dict[str, Any], str]] = {
    "exec": (_exec("sh", "-c", "id > owned"), {}, "it would run a program to sign in (exec: sh)"),
    "exec-like-aws": (_exec("aws", "s3", "cp", "x", "y"), {}, "it would run a program to sign in (exec: aws)"),
    "exec-of-another-cloud": (_exec("gke-gcloud-auth-plugin"), {}, "it would run a program to sign in"),
    "exec-malformed": ({"exec": ["sh"]}, {}, "its exec entry is malformed"),
    "exec-without-a-cluster": (_exec("aws", "eks", "get-token"), {}, "names no cluster"),
    "auth-provider": ({"auth-provider": {"name": "gcp", "config": {"cmd-path": "sh"}}}, {}, "auth providers"),
    "tls-off": ({"token": "t"}, {"insecure-skip-tls-verify": True}, "switches TLS verification off"),
    "proxy": ({"token": "t"}, {"proxy-url": "http://127.0.0.1:3128"}, "a proxy of its own"),
    "no-tls": ({"token": "t"}, {"server": "http://127.0.0.1:1"}, "its server is not an https address"),
    "no-server": ({"token": "t"}, {"server": ""}, "its server is not an https address"),
    "impersonation": ({"token": "t", "as": "system:admin"}, {}, "impersonation is not supported (as)"),
    "impersonated-groups": ({"token": "t", "as-groups": ["system:masters"]}, {}, "impersonation is not supported"),
    "token-from-elsewhere": ({"tokenFile": "/var/run/secrets/token"}, {}, "tokenFile names a file outside"),
    "key-from-above": ({"client-certificate": "../c.crt", "client-key": "../c.key"}, {}, "outside the folder"),
    "ca-from-elsewhere": ({"token": "t"}, {"certificate-authority": "/etc/passwd"}, "outside the folder"),
}


@pytest.mark.parametrize("user,cluster,reason", HOSTILE.values(), ids=HOSTILE)
def test_a_kubeconfig_from_somebody_else_does_no_harm(
    tmp_path: Path, user: Any, cluster: dict[str, Any], reason: str
) -> None:
    """What a kubeconfig could run, switch off or read elsewhere is refused, with the reason."""
    path = _kubeconfig(tmp_path, user, **cluster)
    with pytest.raises(CannotRead) as caught:
        kubeconfig.load(str(path), "")

    assert ("read", "the kubeconfig kubeconfig") == (caught.value.verb, caught.value.object)
    assert reason in caught.value.reason
    assert ["kubeconfig"] == [file.name for file in tmp_path.iterdir()]


def test_a_link_out_of_the_folder_is_seen_through(tmp_path: Path) -> None:
    """A file beside the kubeconfig that is a link to one elsewhere is elsewhere."""
    folder = tmp_path / "inside"
    folder.mkdir()
    (tmp_path / "token").write_text("canary", encoding="utf-8")
    (folder / "token").symlink_to(tmp_path / "token")
    path = _kubeconfig(folder, {"tokenFile": "token"})
    with pytest.raises(CannotRead) as caught:
        kubeconfig.load(str(path), "")

    assert "outside the folder" in caught.value.reason


@pytest.mark.parametrize(
    "args,env,expected",
    [
        (["eks", "get-token", "--cluster-name", "a", "--region", "eu-west-1"], [], ("a", "eu-west-1", "")),
        (["eks", "get-token", "--cluster-name=a", "--role-arn=arn:r"], [], ("a", "", "arn:r")),
        (
            ["eks", "get-token", "--cluster-name", "a"],
            [{"name": "AWS_REGION", "value": "us-west-2"}],
            ("a", "us-west-2", ""),
        ),
    ],
)
def test_an_eks_exec_entry_is_read(tmp_path: Path, args: list[str], env: Any, expected: tuple[str, str, str]) -> None:
    """Cluster, region and role of `aws eks get-token` are understood, and its credentials are none of the file's."""
    path = _kubeconfig(tmp_path, {"exec": {"command": "aws", "args": args, "env": env}})
    found = kubeconfig.load(str(path), "")

    assert found.eks is not None
    assert expected == (found.eks.cluster, found.eks.region, found.eks.role_arn)
    assert "" == found.server.authorization()


@pytest.mark.parametrize(
    "text,reason", [("{", "not YAML"), ("[]", "no kubeconfig"), ("a: 1", "no context"), ("\xff", "")]
)
def test_a_broken_kubeconfig_is_a_reason(tmp_path: Path, text: str, reason: str) -> None:
    """A file that is no kubeconfig is told as such."""
    path = tmp_path / "kubeconfig"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(CannotRead) as caught:
        kubeconfig.load(str(path), "")

    assert reason in caught.value.reason


# Secrets


OWN_LOGGERS = ("workers", "contract", "urllib3", "websocket", "kubernetes")


def _canaries(sandbox: Sandbox, tokens: list[str]) -> list[str]:
    """Every secret that came up: keys and session tokens that STS gave out, and bearer tokens."""
    keys = [key for key in (sandbox.aws.key(f"ASIATESTING{n:09d}") for n in range(1, 9)) if key is not None]
    return [secret for key in keys for secret in (key.secret, key.session)] + tokens


def _exceptions(sandbox: Sandbox, cluster: Any) -> str:
    """Tracebacks of readings that fail in several ways."""
    told = ""
    for way in ("401", "403", "500", "html", "rst", "redirect", "truncated"):
        sandbox.kube.troubles.lay(Trouble(at="list *", way=way))
        try:
            cluster.pods_now("kube-system", way)
        except CannotRead:
            told += traceback.format_exc()
        sandbox.kube.troubles.clear()
    return told


def test_no_secret_is_ever_written_down(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """No token and no key is in any log, repr, traceback or result of a whole run, however much is logged."""
    for name in OWN_LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name)
    with opened(sandbox) as cluster:
        written = _exceptions(sandbox, cluster)
        api, aws = cluster._api, cluster._aws  # noqa: SLF001 - they hold the secrets
        tokens = [api.headers()["authorization"].removeprefix("Bearer ")]
        written += repr([cluster, api, aws, api.server, vars(cluster)])
    with suppress(CannotRead):
        written += repr(checked(sandbox))
    canaries = _canaries(sandbox, tokens)
    written += caplog.text

    assert len(canaries) >= 5
    assert [] == [canary for canary in canaries if canary in written]
    assert "k8s-aws-v1." not in written


def test_the_token_says_whose_cluster_it_is_for_a_short_time(sandbox: Sandbox) -> None:
    """The bearer is a presigned, regional GetCallerIdentity of a minute that is bound to the cluster's name."""
    import base64
    from urllib.parse import parse_qs, urlsplit

    with opened(sandbox) as cluster:
        packed = cluster._api.headers()["authorization"].removeprefix("Bearer k8s-aws-v1.")  # noqa: SLF001 - the token itself
    url = urlsplit(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode())
    query = parse_qs(url.query)

    assert ("https", "sts.us-east-1.amazonaws.com", "/") == (url.scheme, url.netloc, url.path)
    assert (["GetCallerIdentity"], ["60"], ["host;x-k8s-aws-id"]) == (
        query["Action"], query["X-Amz-Expires"], query["X-Amz-SignedHeaders"],
    )  # fmt: skip


def test_worlds_are_found_by_name() -> None:
    """A world that does not exist is named, with those that do."""
    with pytest.raises(KeyError, match="there is no world 'nowhere'; there are healthy"):
        load("nowhere")
    assert isinstance(load("healthy"), World)


def test_the_way_in_names_the_cluster_and_the_role() -> None:
    """The access entry that is missing is shown as the command that makes it, with real names."""
    from workers.cluster.grants import entry_of

    known = entry_of("cluster-a", "eu-west-3", "arn:aws:iam::123456789012:role/dnsmedic-read")

    assert known == (
        "aws eks create-access-entry --cluster-name cluster-a --region eu-west-3 "
        "--principal-arn arn:aws:iam::123456789012:role/dnsmedic-read --kubernetes-groups dnsmedic:read"
    )
    assert "get-caller-identity" in entry_of("cluster-a", "eu-west-3", "")
