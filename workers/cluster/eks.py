"""Sign-in to EKS: endpoint and CA from DescribeCluster, and a bearer token made of a presigned STS request.

The token is what `aws eks get-token` prints: base64 of a presigned, regional GetCallerIdentity that names the cluster in
`x-k8s-aws-id`. The API server honours it for about 15 minutes; it is a secret for that long.
https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from contract.clusters import ClusterEntry

from .api_server import ApiServer
from .errors import CannotRead, Why
from .session import Session

EXPIRES = 60
"""Seconds that the presigned address is valid for STS (the API server's own cache keeps it longer)."""
RENEW_AFTER = 600
"""Seconds after which a token is made anew; the API server honours one for about 900."""
PREFIX = "k8s-aws-v1."


@dataclass(slots=True)
class EksToken:
    """A bearer token of one cluster, made anew before it expires and when the API server refuses it."""

    session: Session
    cluster: str
    _value: str = field(default="", repr=False)
    _made: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def value(self) -> str:
        """The token of this moment. Raises CannotRead where there are no credentials."""
        with self._lock:
            if not self._value or time.monotonic() - self._made > RENEW_AFTER:
                self._value, self._made = self._signed(), time.monotonic()
            return self._value

    def renew(self, refused: str) -> None:
        """Let the next use make a new one, if the REFUSED authorization header carries the present one.

        Many requests at once may be refused because of the same token: one new token is enough for all.
        """
        with self._lock:
            if self._value and refused.endswith(self._value):
                self._value = ""

    def header(self) -> str:
        """The authorization header of this moment. Raises CannotRead where there are no credentials."""
        return f"Bearer {self.value()}"

    def _signed(self) -> str:
        request = AWSRequest(
            method="GET",
            url=f"{self.session.sts_url()}/?Action=GetCallerIdentity&Version=2011-06-15",
            headers={"x-k8s-aws-id": self.cluster},
        )
        SigV4QueryAuth(self.session.credentials(), "sts", self.session.region, expires=EXPIRES).add_auth(request)
        return PREFIX + base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")


def eks_server(entry: ClusterEntry, session: Session, described: Mapping[str, Any]) -> tuple[ApiServer, EksToken]:
    """The API server of the cluster that DescribeCluster DESCRIBED, signed in to as SESSION. Raises CannotRead."""
    endpoint, status = described.get("endpoint") or "", described.get("status") or ""
    authority = (described.get("certificateAuthority") or {}).get("data") or ""
    if not re.fullmatch(r"https://[A-Za-z0-9.:-]+", endpoint) or not authority:
        raise _no_endpoint(entry, f"EKS names no endpoint or CA for it (status {status or 'unknown'})")
    try:
        pem = base64.b64decode(authority, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise _no_endpoint(entry, "its CA as EKS gives it is no certificate") from None
    token = EksToken(session, entry.eks_name)
    return ApiServer(host=endpoint, ca=pem, authorization=token.header), token


def _no_endpoint(entry: ClusterEntry, reason: str) -> CannotRead:
    return CannotRead("describe", f"EKS cluster {entry.eks_name}", reason, why=Why.UNREACHABLE)
