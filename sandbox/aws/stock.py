"""The network services of the pretend AWS: moto, filled once from a world's data, with the world's ids instead of moto's."""

from __future__ import annotations

import importlib
import io
import json
import os
import threading
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from .data import AwsData
from .filling import Filling
from .signing import Call

Start = Callable[[str, list[tuple[str, str]]], object]
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

_lock = threading.Lock()
_filled: dict[str, Filling] = {}
_application: list[Application] = []
EMPTY = {
    "ListFirewallRuleGroupAssociations": "FirewallRuleGroupAssociations",
    "ListFirewallRules": "FirewallRules",
    "ListFirewallDomains": "Domains",
}
"""Calls of DNS Firewall, which moto has not."""


class Stock:
    """One world's network. Worlds with the same data share it; each other one has a moto account of its own."""

    def __init__(self, data: AwsData) -> None:
        self._data = data
        self._key = json.dumps(asdict(data), sort_keys=True)

    def answer(self, call: Call, environ: dict[str, Any], body: bytes, start: Start, url: str) -> Iterable[bytes]:
        """Moto's answer, ids and pod addresses translated on the way in and out."""
        if call.action in EMPTY:
            return self._firewall(call, start)
        filling = self._filling(url) if not environ.get("HTTP_X_MOTO_ACCOUNT_ID") else None
        if filling is not None:
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = filling.account
            body = filling.inward(self._found(call, body))
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input"] = io.BytesIO(body)
            for key in ("PATH_INFO", "QUERY_STRING"):
                environ[key] = filling.inward(environ[key].encode()).decode()
        kept: list[Any] = []
        pieces = _moto()(environ, lambda status, headers, *_: kept.extend((status, headers)))
        answer = b"".join(pieces)
        if filling is not None:
            answer = filling.outward(answer)
        headers = [(name, value) for name, value in kept[1] if name.lower() not in ("content-length", "connection")]
        start(kept[0], headers)
        return [answer]

    def _filling(self, url: str) -> Filling:
        with _lock:
            if self._key not in _filled:
                _filled[self._key] = Filling(self._data, f"{100_000_000_001 + len(_filled)}", url)
            return _filled[self._key]

    def _found(self, call: Call, body: bytes) -> bytes:
        """Moto finds an interface by its first address only: ask for that one where a pod's address was asked for."""
        if call.action != "DescribeNetworkInterfaces":
            return body
        first = {pod: one["address"] for one in self._data.instances for pod in one.get("pods") or ()}
        fields = urllib.parse.parse_qsl(body.decode())
        return urllib.parse.urlencode([(key, first.get(value, value)) for key, value in fields]).encode()

    def _firewall(self, call: Call, start: Start) -> Iterable[bytes]:
        rules = [dict(rule) for rule in self._data.firewall]
        found: list[Any] = []
        if call.action == "ListFirewallRuleGroupAssociations" and rules:
            group = {"FirewallRuleGroupId": "rslvr-frg-1", "Priority": 101, "Status": "COMPLETE"}
            found = [{**group, "VpcId": self._data.vpc["id"]}]
        elif call.action == "ListFirewallRules":
            found = [
                {**{k: v for k, v in rule.items() if k != "domains"}, "FirewallDomainListId": f"rslvr-fdl-{number}"}
                for number, rule in enumerate(rules)
            ]
        elif call.action == "ListFirewallDomains":
            number = int(str(call.fields.get("FirewallDomainListId", "-0")).rpartition("-")[2])
            found = list(rules[number].get("domains") or ()) if number < len(rules) else []
        start("200 OK", [("Content-Type", "application/x-amz-json-1.1")])
        return [json.dumps({EMPTY[call.action]: found}).encode()]


def _moto() -> Application:
    """Moto's application; imported when first needed, as it takes its time."""
    if not _application:
        os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # thousands of images, for each account anew
        server = importlib.import_module("moto.server")
        _application.append(server.DomainDispatcherApplication(server.create_backend_app))
    return _application[0]
