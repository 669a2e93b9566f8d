"""The HTTP door to the Kubernetes API: every call has a wall-clock deadline and a byte cap, and is asked once a run.

Connections and TLS are urllib3's, as in the official client, whose retries, redirects and models do not serve: it sleeps
as long as a server's Retry-After says, follows redirects to other hosts, and hangs on a slow body.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from .api_server import ApiServer
from .errors import CannotRead, Why
from .grants import ENTRY, Resource
from .objects import Object, Status, decode, decode_list
from .obstacles import explain
from .timed_tls import until

S = TypeVar("S", bound=Object)

SECONDS = 5.0
"""Deadline of one call, with its retries."""
CONNECT_SECONDS = 2.5
BYTES = 64 * 1024 * 1024
"""The most that one page of a list may weigh."""
PAGE = 500
PAGES = 200
ATTEMPTS = 3
UNKNOWN_GROUP = b"404 page not found"
"""What the API server says of a group that it does not serve; of an unknown kind in a group it says so in a Status."""
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises: RecursionError for what is nested without end."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The moment so many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return self.left <= 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer. cut: whether the byte cap ended it early."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    cut: bool = False


class Api:
    """One cluster's API server, as one identity."""

    def __init__(self, server: ApiServer, renew: Callable[[str], None] | None = None, *, entry: str = ENTRY) -> None:
        """renew: is told the authorization header that was answered with 401, and makes the next one a new one.

        entry: what would let this identity in, for the reader of a 401.
        """
        self._new_token, self.entry = renew, entry
        self.server = server
        self._pool = server.pool()

    def close(self) -> None:
        """End all idle connections."""
        self._pool.clear()

    # What the cluster's readers use

    def get(self, what: Resource, kind: type[S], *, seconds: float = SECONDS) -> S | None:
        """One object; None where it does not exist. Raises CannotRead."""
        answer = self._read(what, what.path, Deadline.after(seconds))
        if answer.status == 404:
            return None
        return self._decoded(what, answer, kind)

    def list(
        self, what: Resource, kind: type[S], *, labels: str = "", seconds: float = 4 * SECONDS
    ) -> tuple[S, ...] | None:
        """Every object of a kind; None where the API server does not know the kind. Raises CannotRead."""
        deadline = Deadline.after(seconds)
        found: list[S] = []
        token = ""
        for _ in range(PAGES):
            query = {"limit": str(PAGE), "labelSelector": labels, "continue": token}
            answer = self._read(what, what.path + "?" + urlencode({k: v for k, v in query.items() if v}), deadline)
            if answer.status == 404:
                return None
            if answer.status == 410 and token:
                found, token = [], ""  # the pages' snapshot expired: begin again
                continue
            items, token = self._page(what, answer, kind)
            found.extend(items)
            if not token:
                return tuple(found)
        raise CannotRead("list", what.words, f"more than {PAGES} pages of {PAGE}", why=Why.LIMIT)

    def text(
        self, what: Resource, query: Mapping[str, str], *, seconds: float = SECONDS, cap: int = BYTES
    ) -> tuple[str, bool]:
        """A text such as a pod's log, and whether it was cut. Raises CannotRead; 404 and 400 too."""
        answer = self._read(what, f"{what.path}?{urlencode(query)}", Deadline.after(seconds), cap=cap)
        if answer.status != 200:
            raise self._refusal(what, answer)
        return answer.body.decode("utf-8", "replace"), answer.cut

    def raw(self, what: Resource, path: str, *, seconds: float = SECONDS) -> dict[str, Any]:
        """A JSON object at a path of its own, such as /version. Raises CannotRead."""
        return self.json(what, self._read(what, path, Deadline.after(seconds)))

    def json(self, what: Resource, answer: Answer) -> dict[str, Any]:
        """An answer's JSON object. Raises CannotRead where it is none."""
        try:
            found: dict[str, Any] = msgspec.json.decode(answer.body, type=dict[str, Any])
        except NOT_JSON:
            raise CannotRead(what.verb, what.words, "the answer is no JSON object", why=Why.MALFORMED) from None
        return found

    def send(
        self,
        method: str,
        what: Resource,
        body: Mapping[str, Any] | None,
        *,
        kind: str = "application/json",
        seconds: float = SECONDS,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request that changes something; it is never repeated. Raises CannotRead where it did not succeed."""
        path = what.path + (f"?{urlencode(query)}" if query else "")
        payload = None if body is None else msgspec.json.encode(body)
        answer = self._authorised(what, method, path, Deadline.after(seconds), payload, kind)
        if answer.status >= 300:
            raise self._refusal(what, answer)
        return answer

    # The way of one request

    def _read(self, what: Resource, path: str, deadline: Deadline, *, cap: int = BYTES) -> Answer:
        """A GET, tried again on 429, 5xx and lost connections while its time lasts."""
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                answer = self._authorised(what, "GET", path, deadline, cap=cap)
            except CannotRead as problem:
                if last or deadline.over or problem.why is not Why.UNREACHABLE:
                    raise
            else:
                if answer.status not in (429, 500, 502, 503, 504):
                    return self._checked(what, answer)
                if last:
                    raise self._refusal(what, answer)
            time.sleep(min(deadline.left, attempt * random.uniform(0.1, 0.3)))  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    def _authorised(
        self,
        what: Resource,
        method: str,
        path: str,
        deadline: Deadline,
        body: bytes | None = None,
        kind: str = "application/json",
        cap: int = BYTES,
    ) -> Answer:
        """One request; on 401 once more with a new token."""
        used = self.headers()
        answer = self._once(what, method, path, deadline, used, body, kind, cap)
        if answer.status == 401 and self.renewed(used):
            answer = self._once(what, method, path, deadline, self.headers(), body, kind, cap)
        return answer

    def renewed(self, used: Mapping[str, str]) -> bool:
        """Whether there can be a new token after the one of these headers was refused; for kube.py and streams.py."""
        if self._new_token is None:
            return False
        self._new_token(used.get("authorization", ""))
        return True

    def headers(self) -> dict[str, str]:
        """The authorization header of this moment (a renewed token takes effect at once); for kube.py and streams.py."""
        said = self.server.authorization()
        return {"authorization": said} if said else {}

    def _once(
        self,
        what: Resource,
        method: str,
        path: str,
        deadline: Deadline,
        headers: dict[str, str],
        body: bytes | None,
        kind: str,
        cap: int,
    ) -> Answer:
        if deadline.over:
            raise self._late(what)
        if body is not None:
            headers = {**headers, "content-type": kind}
        try:
            with until(deadline.at):
                return self._exchanged(what, method, path, deadline, headers, body, cap)
        except (HTTPError, OSError) as problem:
            raise self._unreachable(what, problem) from None

    def _exchanged(
        self,
        what: Resource,
        method: str,
        path: str,
        deadline: Deadline,
        headers: dict[str, str],
        body: bytes | None,
        cap: int,
    ) -> Answer:
        response = self._pool.request(
            method,
            self.server.host + path,
            headers={"accept": "application/json, */*", "accept-encoding": "identity", **headers},
            body=body,
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, deadline.left), read=deadline.left),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        return self._drained(what, response, deadline, cap)

    def _drained(self, what: Resource, response: urllib3.BaseHTTPResponse, deadline: Deadline, cap: int) -> Answer:
        """The body, piece by piece: a server that drips bytes never trips a socket's time-out."""
        if response.headers.get("content-encoding", "identity") != "identity":
            response.close()
            raise CannotRead(what.verb, what.words, "a compressed answer, which nobody asked for", why=Why.MALFORMED)
        pieces: list[bytes] = []
        size, cut = 0, False
        try:
            while True:
                piece = response.read1(1 << 16, decode_content=False)
                if not piece:
                    break
                pieces.append(piece)
                size += len(piece)
                if size > cap:
                    cut = True
                    break
                if deadline.over:
                    raise self._late(what)
        finally:
            if cut or deadline.over:
                response.close()
            else:
                response.release_conn()
        return Answer(response.status, b"".join(pieces)[:cap], dict(response.headers), cut)

    # Errors, in one place

    def _checked(self, what: Resource, answer: Answer) -> Answer:
        if answer.status in (200, 404, 410):
            if answer.status == 404 and not _is_status(answer.body) and answer.body.strip() != UNKNOWN_GROUP:
                raise CannotRead(
                    what.verb, what.words, "the address answers 404, but not as Kubernetes does", why=Why.MALFORMED
                )
            return answer
        raise self._refusal(what, answer)

    def _refusal(self, what: Resource, answer: Answer) -> CannotRead:
        said = _status_of(answer.body).message or answer.body[:200].decode("utf-8", "replace").strip()
        if answer.status == 401:
            return CannotRead(
                what.verb,
                what.words,
                "401 unauthorized: the API server does not accept this identity",
                grant=self.entry,
                why=Why.UNAUTHORIZED,
            )
        if answer.status == 403:
            return CannotRead(
                what.verb, what.words, f"403 forbidden: {said}"[:400], grant=what.grant, why=Why.FORBIDDEN
            )
        if 300 <= answer.status < 400:
            return CannotRead(what.verb, what.words, f"{answer.status}: redirects are not followed", why=Why.MALFORMED)
        return CannotRead(what.verb, what.words, f"{answer.status} {said}"[:400].strip(), why=Why.OTHER)

    def _late(self, what: Resource) -> CannotRead:
        return CannotRead(what.verb, what.words, "no whole answer within its time", why=Why.TIMEOUT)

    def _unreachable(self, what: Resource, problem: Exception) -> CannotRead:
        reason, why = explain(problem, self.server.host)
        return CannotRead(what.verb, what.words, reason, why=why)

    def _page(self, what: Resource, answer: Answer, kind: type[S]) -> tuple[tuple[S, ...], str]:
        if answer.cut:
            raise CannotRead(what.verb, what.words, f"an answer of more than {BYTES >> 20} MiB", why=Why.LIMIT)
        try:
            items, token, lost = decode_list(answer.body, kind)
        except NOT_JSON as problem:
            raise CannotRead(
                what.verb, what.words, f"not what Kubernetes answers: {problem}"[:200], why=Why.MALFORMED
            ) from None
        if lost and not items:
            raise CannotRead(what.verb, what.words, f"none of {lost} objects can be read", why=Why.MALFORMED)
        return items, token

    def _decoded(self, what: Resource, answer: Answer, kind: type[S]) -> S:
        try:
            if _is_status(answer.body):
                raise CannotRead(what.verb, what.words, "the answer is a Status, not the object", why=Why.MALFORMED)
            return decode(answer.body, kind)
        except NOT_JSON as problem:
            raise CannotRead(
                what.verb, what.words, f"not what Kubernetes answers: {problem}"[:200], why=Why.MALFORMED
            ) from None


def _status_of(body: bytes) -> Status:
    try:
        return msgspec.json.decode(body, type=Status)
    except NOT_JSON:
        return Status()


def _is_status(body: bytes) -> bool:
    return _status_of(body).kind == "Status"
