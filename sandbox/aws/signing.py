"""Whose credentials a request to AWS is signed with, and which service and action it asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

_SCOPE = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_REST = (
    ("eks", "GET", r"/clusters/[^/]+", "DescribeCluster"),
    ("eks", "GET", r"/clusters/[^/]+/addons", "ListAddons"),
    ("eks", "GET", r"/clusters/[^/]+/addons/[^/]+", "DescribeAddon"),
    ("eks", "POST", r"/clusters/[^/]+/addons/[^/]+/update", "UpdateAddon"),
    ("eks", "GET", r"/clusters/[^/]+/updates/[^/]+", "DescribeUpdate"),
    ("eks", "GET", r"/clusters/[^/]+/fargate-profiles", "ListFargateProfiles"),
    ("eks", "GET", r"/clusters/[^/]+/fargate-profiles/[^/]+", "DescribeFargateProfile"),
    ("eks", "GET", r"/addons/supported-versions", "DescribeAddonVersions"),
    ("route53", "GET", r"/2013-04-01/hostedzonesbyvpc", "ListHostedZonesByVPC"),
    ("route53", "GET", r"/2013-04-01/hostedzone/[^/]+/rrset", "ListResourceRecordSets"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to AWS. action: as IAM names it, without the service. fields: of a query's form or a JSON body."""

    service: str
    action: str
    access_key: str = ""
    session: str = ""
    path: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """`ec2:DescribeVpcs`."""
        return f"{self.service}:{self.action}"


def read(environ: Mapping[str, Any], body: bytes) -> Call:
    """What a WSGI request asks of AWS."""
    signed = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    service = signed["service"] if signed else ""
    fields = _fields(environ, body)
    return Call(
        service={"monitoring": "cloudwatch"}.get(service, service),
        action=_action(environ, service, fields),
        access_key=signed["key"] if signed else "",
        session=environ.get("HTTP_X_AMZ_SECURITY_TOKEN", ""),
        path=environ["PATH_INFO"],
        fields=fields,
    )


def _fields(environ: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    kind = environ.get("CONTENT_TYPE", "")
    if "x-www-form-urlencoded" in kind:
        return {key: values[-1] for key, values in parse_qs(body.decode()).items()}
    if "json" in kind and body:
        found = json.loads(body)
        return found if isinstance(found, dict) else {}
    return {}


def _action(environ: Mapping[str, Any], service: str, fields: Mapping[str, Any]) -> str:
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if "/operation/" in path:
        return str(path.rpartition("/")[2])
    for of, verb, pattern, action in _REST:
        if (of, verb) == (service, method) and re.fullmatch(pattern, path.rstrip("/")):
            return action
    return str(fields.get("Action", f"{method} {path}"))
