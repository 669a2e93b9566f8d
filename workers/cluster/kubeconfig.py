"""Sign-in from a kubeconfig, for clusters that are not EKS: client certificate or token, and nothing that runs a program.

An `exec` entry that gets an EKS token is recognised, and boto3 signs in its place. Every other `exec` plugin, auth
providers, disabled TLS, proxies and files outside the kubeconfig's folder are refused with the reason.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client.configuration import Configuration
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.kube_config import KubeConfigLoader

from .api_server import ApiServer
from .errors import CannotRead, Why

LIMIT = 1024 * 1024
FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
EKS_PROGRAMS = {"aws": ("get-token", "--cluster-name"), "aws-iam-authenticator": ("token", "-i")}


@dataclass(frozen=True, slots=True, kw_only=True)
class EksUser:
    """An `exec` entry that would have got an EKS token, and what it says of the cluster."""

    cluster: str
    region: str
    role_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One context of a kubeconfig, checked. eks: set where boto3 must sign; the server then takes no credentials."""

    server: ApiServer
    eks: EksUser | None


def load(path: str, context: str) -> Context:
    """The context named CONTEXT (the current one where empty) of the kubeconfig at PATH. Raises CannotRead."""
    where = Path(path or os.environ.get("KUBECONFIG") or "~/.kube/config").expanduser()
    config = _parsed(where)
    name = context or str(config.get("current-context") or "")
    user, cluster = _entries(where, config, name)
    _refuse(where, cluster, user)
    eks = _eks_user(where, user)
    if eks is not None:
        user = {}
    stripped = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": dict(cluster)}],
        "users": [{"name": "it", "user": dict(user)}],
    }
    configuration = Configuration()
    try:
        loader = KubeConfigLoader(config_dict=stripped, config_base_path=str(where.parent))  # type: ignore[no-untyped-call]
        loader.load_and_set(configuration)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError, ValueError) as problem:
        raise _refused(where, str(problem)[:200]) from None
    return Context(server=_server(configuration), eks=eks)


def _server(configuration: Configuration) -> ApiServer:
    """The API server that the official client's loader found, with a token that it reads anew where it is in a file."""
    return ApiServer(
        host=configuration.host,
        ca=str(configuration.ca_cert_data or ""),
        ca_file=configuration.ssl_ca_cert or "",
        certificate=configuration.cert_file or "",
        key=configuration.key_file or "",
        name=configuration.tls_server_name or "",
        authorization=lambda: configuration.get_api_key_with_prefix("BearerToken", alias="authorization") or "",
    )


def _parsed(where: Path) -> dict[str, Any]:
    try:
        if where.stat().st_size > LIMIT:
            raise _refused(where, "larger than 1 MiB")
        config = yaml.safe_load(where.read_text(encoding="utf-8"))
    except OSError as problem:
        raise _refused(where, problem.strerror or "cannot be read") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise _refused(where, "it is not YAML") from None
    if not isinstance(config, dict):
        raise _refused(where, "it is no kubeconfig")
    return config


def _entries(where: Path, config: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    context = _named(config, "contexts", "context", name)
    if context is None:
        known = sorted(str(one.get("name")) for one in config.get("contexts") or [] if isinstance(one, dict))
        raise _refused(where, f"it has no context {name!r}; it has {', '.join(known) or 'none'}")
    cluster = _named(config, "clusters", "cluster", str(context.get("cluster")))
    if cluster is None:
        raise _refused(where, f"the cluster of context {name!r} is missing")
    return _named(config, "users", "user", str(context.get("user"))) or {}, cluster


def _named(config: Mapping[str, Any], group: str, inside: str, name: str) -> Mapping[str, Any] | None:
    for one in config.get(group) or []:
        if isinstance(one, dict) and one.get("name") == name and isinstance(one.get(inside), dict):
            found: Mapping[str, Any] = one[inside]
            return found
    return None


def _refuse(where: Path, cluster: Mapping[str, Any], user: Mapping[str, Any]) -> None:
    """Raise CannotRead for what a file from somebody else could misuse."""
    if cluster.get("insecure-skip-tls-verify"):
        raise _refused(where, "it switches TLS verification off (insecure-skip-tls-verify)")
    if cluster.get("proxy-url"):
        raise _refused(where, "it sends the traffic through a proxy of its own (proxy-url)")
    if not str(cluster.get("server") or "").startswith("https://"):
        raise _refused(where, "its server is not an https address")
    if user.get("auth-provider"):
        raise _refused(where, "auth providers are not supported (auth-provider)")
    for key in ("as", "as-groups", "as-uid", "as-user-extra"):
        if user.get(key):
            raise _refused(where, f"impersonation is not supported ({key})")
    folder = where.resolve().parent
    for entry in (cluster, user):
        for key in FILES:
            value = entry.get(key)
            if value and not (folder / Path(str(value)).expanduser()).resolve().is_relative_to(folder):
                raise _refused(where, f"{key} names a file outside the folder of the kubeconfig")


def _eks_user(where: Path, user: Mapping[str, Any]) -> EksUser | None:
    plugin = user.get("exec")
    if not plugin:
        return None
    if not isinstance(plugin, dict):
        raise _refused(where, "its exec entry is malformed")
    program = re.split(r"[/\\]", str(plugin.get("command") or ""))[-1].removesuffix(".exe")
    words = [str(word) for word in plugin.get("args") or []]
    if program not in EKS_PROGRAMS or EKS_PROGRAMS[program][0] not in words:
        raise _refused(
            where, f"it would run a program to sign in (exec: {program or 'unnamed'}), which dnsmedic never does"
        )
    environment = {str(e.get("name")): str(e.get("value")) for e in plugin.get("env") or [] if isinstance(e, dict)}
    cluster = _option(words, "--cluster-name", "--cluster-id", "-i")
    if not cluster:
        raise _refused(where, "its exec entry gets an EKS token but names no cluster")
    region = _option(words, "--region") or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or ""
    return EksUser(cluster=cluster, region=region, role_arn=_option(words, "--role-arn", "--role", "-r"))


def _option(words: list[str], *names: str) -> str:
    for at, word in enumerate(words):
        for name in names:
            if word == name and at + 1 < len(words):
                return words[at + 1]
            if word.startswith(f"{name}="):
                return word.split("=", 1)[1]
    return ""


def _refused(where: Path, reason: str) -> CannotRead:
    return CannotRead("read", f"the kubeconfig {where.name}", reason, why=Why.OTHER)
