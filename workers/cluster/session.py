"""The AWS identity of one run: the worker's own, or a role assumed for the cluster; and its errors in plain words."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from contract.clusters import ClusterEntry

from .aws_models import boto3_session
from .errors import CannotRead, Why
from .obstacles import explain

T = TypeVar("T")

TIMEOUTS = Config(
    connect_timeout=2.5,
    read_timeout=5,
    retries={"total_max_attempts": 3, "mode": "standard"},
    max_pool_connections=16,
    user_agent_extra="dnsmedic",
)
ROLE_SECONDS = 900

PLAIN = {
    "ExpiredToken": "the AWS credentials have expired",
    "ExpiredTokenException": "the AWS credentials have expired",
    "RequestExpired": "the AWS credentials have expired",
    "InvalidClientTokenId": "AWS does not know these credentials",
    "UnrecognizedClientException": "AWS does not know these credentials",
    "SignatureDoesNotMatch": "AWS refuses the signature: a wrong secret key, or a clock that is off",
    "InvalidSignatureException": "AWS refuses the signature: a wrong secret key, or a clock that is off",
    "AuthFailure": "AWS refuses the credentials",
    "Throttling": "AWS throttles the requests",
    "ThrottlingException": "AWS throttles the requests",
    "RequestLimitExceeded": "AWS throttles the requests",
    "TooManyRequestsException": "AWS throttles the requests",
    "OptInRequired": "the account is not signed up for this service or region",
    "RegionDisabledException": "the region is disabled for STS in this account",
    "ResourceNotFoundException": "it does not exist",
}
FORBIDDEN = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AccessDeniedFault")
IDENTITY = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException",
            "SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure")  # fmt: skip


class Session:
    """AWS clients of one identity. Clients are made once and may be used from many threads."""

    def __init__(self, entry: ClusterEntry, *, asked_by: str, run: str) -> None:
        """asked_by, run: what the role's session is called, so that CloudTrail and the audit log of Kubernetes tell."""
        self._own = boto3_session(region_name=entry.region or None)
        self.region = str(entry.region or self._own.region_name or "")
        self._entry = entry
        self._name = session_name(asked_by, run)
        self._lock = threading.RLock()
        self._clients: dict[str, Any] = {}
        self._assumed: boto3.Session | None = None

    def client(self, service: str) -> Any:
        """A boto3 client of that service. Raises CannotRead."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._made(self.session(), service)
            return self._clients[service]

    def session(self) -> boto3.Session:
        """The boto3 session of the cluster's role, or the worker's own. Raises CannotRead."""
        if not self._entry.role_arn:
            return self._own
        with self._lock:
            if self._assumed is None:
                self._assumed = self._assume()
            return self._assumed

    def credentials(self) -> Credentials:
        """Frozen credentials to sign with. Raises CannotRead."""
        found = self.session().get_credentials()
        if found is None:
            raise CannotRead(
                "sign in to",
                "AWS",
                "there are no AWS credentials here (environment, profile, or the pod's or instance's role)",
                why=Why.UNAUTHORIZED,
            )
        frozen = found.get_frozen_credentials()
        return Credentials(str(frozen.access_key), str(frozen.secret_key), frozen.token)

    def sts_url(self) -> str:
        """The regional STS, as botocore's endpoint data name it (China and GovCloud too)."""
        partition = self._own.get_partition_for_region(self.region)
        known = self._own._session.get_data("partitions")["partitions"]  # noqa: SLF001 - boto3 has no public way to it
        suffix = next(one["outputs"]["dnsSuffix"] for one in known if one["id"] == partition)
        return f"https://sts.{self.region}.{suffix}"

    def _assume(self) -> boto3.Session:
        asked: dict[str, Any] = {
            "RoleArn": self._entry.role_arn,
            "RoleSessionName": self._name,
            "DurationSeconds": ROLE_SECONDS,
        }
        if self._entry.external_id:
            asked["ExternalId"] = self._entry.external_id
        sts = self._made(self._own, "sts")
        given = call("sts:AssumeRole", self._entry.role_arn, lambda: sts.assume_role(**asked))["Credentials"]
        return boto3_session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            region_name=self.region,
        )

    def _made(self, session: boto3.Session, service: str) -> Any:
        return call(service, "AWS", lambda: session.client(service, config=TIMEOUTS))  # type: ignore[call-overload]


def session_name(asked_by: str, run: str) -> str:
    """WHO.RUN in the letters that STS allows, at most 64 of them."""
    clean = re.sub(r"[^A-Za-z0-9_=,.@-]", "-", f"{asked_by or 'terminal'}.{run}")
    return clean[:64].ljust(2, "-")


def call(action: str, what: str, ask: Callable[[], T]) -> T:
    """What `ask` returns; botocore's errors become CannotRead. action: as IAM names it, `ec2:DescribeVpcs`."""
    try:
        return ask()
    except ClientError as problem:
        raise refusal(action, what, problem.response) from None
    except NoCredentialsError:
        raise CannotRead(action, what, "there are no AWS credentials here", why=Why.UNAUTHORIZED) from None
    except NoRegionError:
        raise CannotRead(action, what, "no AWS region is set", why=Why.OTHER) from None
    except BotoCoreError as problem:
        raised = getattr(problem, "kwargs", {}).get("error")
        reason, why = explain(raised if isinstance(raised, BaseException) else problem, _host(problem))
        raise CannotRead(action, what, reason, why=why) from None


def _host(problem: BotoCoreError) -> str:
    address = str(getattr(problem, "kwargs", {}).get("endpoint_url", ""))
    found = re.match(r"https?://[^/?]+", address)
    return found.group(0) if found else "AWS"


def refusal(action: str, what: str, response: Mapping[str, Any]) -> CannotRead:
    """An error answer of AWS as CannotRead; no ARN of another principal and no request id in it."""
    code = str((response.get("Error") or {}).get("Code") or "")
    if code in FORBIDDEN:
        return CannotRead(
            action,
            what,
            f"AWS says {code}: this role may not {action}",
            grant=f"IAM: allow {action}",
            why=Why.FORBIDDEN,
        )
    why = Why.UNAUTHORIZED if code in IDENTITY else Why.OTHER
    return CannotRead(action, what, PLAIN.get(code, f"AWS says {code or 'nothing that can be read'}"), why=why)
