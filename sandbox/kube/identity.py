"""Sign-in as on EKS: a `k8s-aws-v1.` token is a presigned GetCallerIdentity, and access entries give its identity groups."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit

from .access import User

PREFIX = "k8s-aws-v1."
HONOURED = 900
"""Seconds after its date that a token is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """AWS credentials that somebody was given. arn: whose they are."""

    access_key: str
    secret: str
    arn: str
    session: str = ""


class NotSignedIn(Exception):
    """Why a token is refused: for the server's log, as API servers tell nobody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EksTokens:
    """The authenticator of one cluster. keys: credentials by access key. entries: ARN of a role or user -> groups."""

    cluster: str
    region: str
    keys: Callable[[str], Key | None]
    entries: Mapping[str, tuple[str, ...]]

    def user(self, token: str) -> User:
        """Who a token speaks for. Raises NotSignedIn."""
        url = _address(token)
        parts, query = urlsplit(url), dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        if parts.scheme != "https" or not re.fullmatch(rf"sts\.{self.region}\.amazonaws\.com", parts.netloc):
            raise NotSignedIn(f"unexpected host {parts.netloc}")
        if query.get("Action") != "GetCallerIdentity" or "x-k8s-aws-id" not in query.get("X-Amz-SignedHeaders", ""):
            raise NotSignedIn("no GetCallerIdentity that names a cluster")
        key = self.keys(query.get("X-Amz-Credential", "").partition("/")[0])
        if key is None or query.get("X-Amz-Security-Token", "") != key.session:
            raise NotSignedIn("unknown credentials")
        if not hmac.compare_digest(self._signature(url, query, key), query.get("X-Amz-Signature", "")):
            raise NotSignedIn("the signature is not of this cluster and key")
        made = time.mktime(time.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ")) - time.timezone
        if not -300 < time.time() - made < HONOURED:
            raise NotSignedIn("the token has expired")
        return self._entered(key.arn)

    def _entered(self, arn: str) -> User:
        assumed = re.fullmatch(r"arn:(aws[\w-]*):sts::(\d+):assumed-role/([^/]+)/(.+)", arn)
        entry = f"arn:{assumed[1]}:iam::{assumed[2]}:role/{assumed[3]}" if assumed else arn
        if entry not in self.entries:
            raise NotSignedIn(f"no access entry for {entry}")
        return User(name=arn, groups=self.entries[entry])

    def _signature(self, url: str, query: Mapping[str, str], key: Key) -> str:
        """What AWS' Signature Version 4 comes to for this address, signed with KEY for this cluster."""
        asked = sorted((k, v) for k, v in query.items() if k != "X-Amz-Signature")
        canonical = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in asked)
        headers = f"host:{urlsplit(url).netloc}\nx-k8s-aws-id:{self.cluster}\n"
        empty = hashlib.sha256(b"").hexdigest()
        request = f"GET\n/\n{canonical}\n{headers}\nhost;x-k8s-aws-id\n{empty}"
        scope = query["X-Amz-Credential"].partition("/")[2]
        digest = hashlib.sha256(request.encode()).hexdigest()
        signed = f"AWS4-HMAC-SHA256\n{query['X-Amz-Date']}\n{scope}\n{digest}"
        made = f"AWS4{key.secret}".encode()
        for word in scope.split("/"):
            made = hmac.new(made, word.encode(), hashlib.sha256).digest()
        return hmac.new(made, signed.encode(), hashlib.sha256).hexdigest()


def _address(token: str) -> str:
    if not token.startswith(PREFIX):
        raise NotSignedIn("no EKS token")
    packed = token.removeprefix(PREFIX)
    try:
        return base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise NotSignedIn("no EKS token") from None
