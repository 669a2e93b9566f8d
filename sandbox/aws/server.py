"""The pretend AWS: one WSGI application on loopback that answers EKS and STS itself and hands the rest to moto."""

from __future__ import annotations

import base64
import io
import json
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from xml.sax.saxutils import escape

from sandbox.kube.authority import HOST, authority_pem
from sandbox.kube.identity import Key

from . import signing
from .data import ACCOUNT, Account
from .signing import Call
from .stock import Stock

POLL = 0.05
OWN_KEY = "testing"
XML = {"sts": "https://sts.amazonaws.com/doc/2011-06-15/", "ec2": "http://ec2.amazonaws.com/doc/2016-11-15/"}

Start = Callable[[str, list[tuple[str, str]]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """One AssumeRole that went well. tags: of the session."""

    role: str
    session: str
    external_id: str
    seconds: int
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Calls that match the pattern fail with that code, after so many that went well. pattern: `sts:AssumeRole`, `ec2:*`."""

    pattern: str
    code: str
    status: int = 400
    message: str = ""


class Aws:
    """A running pretend AWS. calls: every call so far. assumed: the roles that were assumed. updates: of add-ons."""

    def __init__(self, account: Account) -> None:
        self.account, self.calls = account, list[Call]()
        self.assumed: list[Assumed] = []
        self.updates: list[dict[str, Any]] = []
        self.refusals: list[Refusal] = []
        self.endpoint = ""
        """Of the cluster's API server, as DescribeCluster tells it; set once that runs."""
        self.authority = authority_pem()
        self._addons = {name: dict(addon) for name, addon in account.addons.items()}
        self._keys = {OWN_KEY: Key(access_key=OWN_KEY, secret="testing", arn=account.worker)}  # noqa: S106 - a test's
        self._stock = Stock(account.network) if account.network is not None else None
        self._server = make_server(HOST, 0, self._serve, server_class=_Server, handler_class=_Quiet)
        threading.Thread(target=self._server.serve_forever, args=(POLL,), daemon=True, name="sandbox aws").start()

    @property
    def url(self) -> str:
        """For AWS_ENDPOINT_URL."""
        return f"http://{HOST}:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def key(self, access_key: str) -> Key | None:
        """The credentials of that access key."""
        return self._keys.get(access_key)

    def refuse(self, pattern: str, code: str, status: int = 400, message: str = "") -> None:
        """Let calls that match PATTERN fail with CODE from now on."""
        self.refusals.append(Refusal(pattern=pattern, code=code, status=status, message=message))

    # The way of one request

    def _serve(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        call = signing.read(environ, body)
        if environ.get("HTTP_X_MOTO_ACCOUNT_ID") and self._stock is not None:  # the world is being built
            environ["wsgi.input"] = io.BytesIO(body)
            return self._stock.answer(call, environ, body, start, self.url)
        self.calls.append(call)
        refusal = next((r for r in self.refusals if fnmatchcase(call.words, r.pattern)), None)
        key = self._keys.get(call.access_key)
        if refusal is not None:
            return _error(start, call, refusal.code, refusal.message or "said AWS", refusal.status)
        if key is None or key.session != call.session:
            return _error(
                start, call, "InvalidClientTokenId", "The security token included in the request is invalid.", 403
            )
        answer = {"eks": self._eks, "sts": self._sts}.get(call.service)
        if answer is not None:
            return answer(call, key, start)
        if self._stock is None:
            return _error(start, call, "UnsupportedOperation", "this world has no network", 400)
        environ["wsgi.input"] = io.BytesIO(body)
        return self._stock.answer(call, environ, body, start, self.url)

    # EKS

    def _eks(self, call: Call, _: Key, start: Start) -> Iterable[bytes]:
        words = call.path.strip("/").split("/")
        name = words[1] if len(words) > 1 else ""
        if name != self.account.name:
            return _error(start, call, "ResourceNotFoundException", f"No cluster found for name: {name}.", 404)
        found = self._eks_answer(call, words[3] if len(words) > 3 else "")
        if found is None:
            return _error(start, call, "ResourceNotFoundException", f"{call.path} not found", 404)
        return _json(start, found)

    def _eks_answer(self, call: Call, last: str) -> dict[str, Any] | None:
        """What EKS answers about this account's cluster; last: the add-on, profile or update that is meant."""
        known: dict[str, Callable[[], dict[str, Any] | None]] = {
            "DescribeCluster": lambda: {"cluster": self._cluster()},
            "ListAddons": lambda: {"addons": sorted(self._addons)},
            "ListFargateProfiles": lambda: {"fargateProfileNames": sorted(self.account.fargate)},
            "DescribeFargateProfile": lambda: self._about("fargateProfile", last, self.account.fargate),
            "DescribeAddon": lambda: self._about("addon", last, self._addons),
            "UpdateAddon": lambda: {"update": self._update(last, call.fields)} if last in self._addons else None,
            "DescribeUpdate": lambda: self._updated(last),
        }
        return known[call.action]() if call.action in known else None

    def _about(self, kind: str, name: str, held: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
        if name not in held:
            return None
        return {kind: {f"{kind}Name": name, "clusterName": self.account.name, "status": "ACTIVE", **held[name]}}

    def _updated(self, number: str) -> dict[str, Any] | None:
        found = next((update for update in self.updates if update["id"] == number), None)
        return None if found is None else {"update": {**found, "status": "Successful"}}

    def _cluster(self) -> dict[str, Any]:
        account = self.account
        arn = f"arn:aws:eks:{account.region}:{ACCOUNT}:cluster/{account.name}"
        given = {
            "name": account.name, "arn": arn, "status": "ACTIVE", "endpoint": self.endpoint, "health": {"issues": []},
            "certificateAuthority": {"data": base64.b64encode(self.authority).decode()},
            "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
        }  # fmt: skip
        return {**given, **account.cluster}

    def _update(self, addon: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        for key in ("configurationValues", "addonVersion"):
            if key in fields:
                self._addons[addon][key] = fields[key]
        update = {"id": str(uuid.uuid4()), "status": "InProgress", "type": "AddonUpdate", "params": [], "errors": []}
        self.updates.append({**update, "addon": addon, "asked": dict(fields)})
        return update

    # STS

    def _sts(self, call: Call, key: Key, start: Start) -> Iterable[bytes]:
        if call.action == "GetCallerIdentity":
            inner = f"<Arn>{key.arn}</Arn><UserId>AIDATEST</UserId><Account>{ACCOUNT}</Account>"
            return _xml(start, call, inner)
        if call.action != "AssumeRole":
            return _error(start, call, "InvalidAction", f"Could not find operation {call.action}", 400)
        role = str(call.fields.get("RoleArn", ""))
        wanted = self.account.roles.get(role)
        if wanted is None or (wanted and call.fields.get("ExternalId") != wanted):
            said = f"User: {key.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
            return _error(start, call, "AccessDenied", said, 403)
        return _xml(start, call, self._assume(role, call.fields))

    def _assume(self, role: str, fields: Mapping[str, Any]) -> str:
        session, seconds = str(fields["RoleSessionName"]), int(fields.get("DurationSeconds", 3600))
        at = (f"Tags.member.{n}" for n in range(1, 51))
        tags = {str(fields[f"{one}.Key"]): str(fields[f"{one}.Value"]) for one in at if f"{one}.Key" in fields}
        self.assumed.append(
            Assumed(
                role=role, session=session, external_id=str(fields.get("ExternalId", "")), seconds=seconds, tags=tags
            )
        )
        number = len(self.assumed)
        arn = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + f"/{session}"
        made = Key(
            access_key=f"ASIATESTING{number:09d}", secret=f"testing-secret-{uuid.uuid4().hex}", arn=arn,
            session=f"testing-session-{uuid.uuid4().hex}",
        )  # fmt: skip
        self._keys[made.access_key] = made
        until = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return (
            f"<Credentials><AccessKeyId>{made.access_key}</AccessKeyId><SecretAccessKey>{made.secret}</SecretAccessKey>"
            f"<SessionToken>{made.session}</SessionToken><Expiration>{until}</Expiration></Credentials>"
            f"<AssumedRoleUser><AssumedRoleId>AROATEST:{session}</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>"
        )


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads, block_on_close = True, False


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the class above
        """Nothing on the terminal: `Aws.calls` has it all."""


def _json(start: Start, body: Mapping[str, Any]) -> list[bytes]:
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]


def _xml(start: Start, call: Call, inner: str) -> list[bytes]:
    start("200 OK", [("Content-Type", "text/xml")])
    name = call.action
    return [f'<{name}Response xmlns="{XML["sts"]}"><{name}Result>{inner}</{name}Result></{name}Response>'.encode()]


def _error(start: Start, call: Call, code: str, message: str, status: int) -> list[bytes]:
    """An error in the way that the service tells it."""
    line = f"{status} Refused"
    if call.service in ("eks", "route53resolver", "cloudwatch"):
        start(line, [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)])
        return [json.dumps({"__type": code, "message": message}).encode()]
    start(line, [("Content-Type", "text/xml")])
    said = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if call.service == "ec2":
        return [f"<Response><Errors><Error>{said}</Error></Errors><RequestID>1</RequestID></Response>".encode()]
    return [f"<ErrorResponse><Error><Type>Sender</Type>{said}</Error><RequestId>1</RequestId></ErrorResponse>".encode()]
