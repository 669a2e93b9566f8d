"""The Web API as a function from a request to an answer: faults, sign-in, scopes, rates, then the method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from sandbox.slack.answers import ConnectionLost, Reply
from sandbox.slack.faults import Dropped, Fault, Faults, Html, LostReply, Refuse, Slow, Status, TooMany
from sandbox.slack.limits.rates import Rates
from sandbox.slack.methods import METHODS, Method, Request
from sandbox.slack.records import Call
from sandbox.slack.response_urls import respond
from sandbox.slack.state import State
from sandbox.slack.uploads import take_upload
from sandbox.slack.wire import Json, Refusal, dumps, invalid_arguments, parse_body
from sandbox.slack.workspace import Token, TokenState

_HTML = "<!DOCTYPE html><html><head><title>Slack</title></head><body>Something went wrong.</body></html>"


@dataclass(frozen=True, slots=True)
class Web:
    """Everything that an HTTP request to the pretend Slack can reach. `url` says the server's own address."""

    state: State
    faults: Faults
    rates: Rates
    closing: Event
    url: Callable[[], str]
    websocket_url: Callable[[], str]

    def api(self, name: str, query: Json, content_type: str, authorization: str, body: bytes) -> Reply:
        """Answer a call of a Web API method. Raises ConnectionLost where a fault wants that."""
        try:
            args = query | parse_body(content_type, body) if body else query
        except Refusal as refusal:
            return self._record(name, {}, self._answered(refusal))
        token = str(args.pop("token", "")) or authorization.removeprefix("Bearer ").strip()
        return self._with_fault(name, args, lambda: self._call(name, args, token))

    def upload(self, file: str, content_type: str, body: bytes) -> Reply:
        """Take the bytes of a file for which a ticket was given."""
        return self._with_fault("upload", {"file": file}, lambda: take_upload(self.state, file, content_type, body))

    def respond(self, key: str, content_type: str, body: bytes) -> Reply:
        """Answer an interaction at its response_url."""
        try:
            args = parse_body(content_type, body)
        except Refusal:
            return Reply(400, "invalid_payload", "text/plain")
        return self._with_fault("response_url", args, lambda: respond(self.state, key, args))

    def _with_fault(self, name: str, args: Json, answer: Callable[[], Reply]) -> Reply:
        fault = self.faults.pick(name, args)
        early = _instead(fault)
        if isinstance(fault, Dropped):
            self._record(name, args, Reply(0, ""), "dropped")
            raise ConnectionLost
        if early is not None:
            return self._record(name, args, early, _word(fault))
        if isinstance(fault, Slow):
            self.closing.wait(fault.seconds)
        reply = self._record(name, args, answer(), "lost_reply" if isinstance(fault, LostReply) else "")
        if isinstance(fault, LostReply):
            raise ConnectionLost
        return reply

    def _call(self, name: str, args: Json, value: str) -> Reply:
        try:
            method = METHODS.get(name)
            if method is None:
                raise Refusal("unknown_method", req_method=name)
            token = self._sign_in(method, value)
            wait = self.rates.retry_after(name, str(args.get("channel", "")))
            if wait:
                return _too_many(wait)
            return self._answered_by(method, Request(self.state, args, token, self.url(), self.websocket_url))
        except Refusal as refusal:
            return self._answered(refusal)

    def _sign_in(self, method: Method, value: str) -> Token | None:
        if method.open_to_all:
            return None
        if not value:
            raise Refusal("not_authed")
        token = self.state.tokens.get(value)
        if token is None:
            raise Refusal("invalid_auth")
        if token.state is not TokenState.ACTIVE:
            raise Refusal(token.state.value)
        if token.is_app_level != method.app_level:
            raise Refusal("not_allowed_token_type")
        return token

    def _answered_by(self, method: Method, request: Request) -> Reply:
        request.need_scope(*method.scopes)
        missing = [name for name in method.required if not request.has(name)]
        if missing:
            raise invalid_arguments(*(f"missing required field: {name}" for name in missing))
        granted = ",".join(request.token.scopes) if request.token else ""
        with self.state.changing():
            answer = method.answer(request)
        headers = {"X-OAuth-Scopes": granted, "X-Accepted-OAuth-Scopes": ",".join(method.scopes)}
        return Reply(200, dumps({"ok": True, **answer}), headers=headers)

    def _answered(self, refusal: Refusal) -> Reply:
        return Reply(200, dumps({"ok": False, "error": refusal.error, **refusal.extra}))

    def _record(self, name: str, args: Json, reply: Reply, error: str = "") -> Reply:
        answer = parse_body("application/json", reply.body.encode()) if reply.body.startswith("{") else {}
        call = Call(
            method=name,
            args=args,
            at=self.state.clock.now(),
            status=reply.status,
            error=error or str(answer.get("error", "")),
            answer=answer,
        )
        with self.state.changing():
            self.state.calls.append(call)
        return reply


def _instead(fault: Fault | None) -> Reply | None:
    """What a fault answers in place of the method."""
    match fault:
        case Status(code):
            return Reply(code, "", "text/plain")
        case TooMany(retry_after):
            return _too_many(retry_after)
        case Html():
            return Reply(200, _HTML, "text/html; charset=utf-8")
        case Refuse(error, extra):
            return Reply(200, dumps({"ok": False, "error": error, **extra}))
    return None


def _word(fault: Fault | None) -> str:
    match fault:
        case Status(code):
            return f"http_{code}"
        case TooMany():
            return "ratelimited"
        case Html():
            return "html"
    return ""


def _too_many(seconds: int) -> Reply:
    return Reply(429, dumps({"ok": False, "error": "ratelimited"}), headers={"Retry-After": str(seconds)})
