"""Who somebody is in Slack: a command tells guests from members no more than its channel does, so `users.info` is asked.

What Slack says is remembered for minutes, so that only a person's first command in a while waits for it, and not for
long: Slack allows three seconds for an answer, and a Slack that is slow today is slow for everybody.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from http.client import HTTPException
from time import monotonic

import msgspec
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.policy import Membership
from contract.decoding import learn

log = logging.getLogger(__name__)

PATIENCE = 0.8
"""Seconds for which one answer waits for Slack."""

FRESH = 600.0
"""Seconds for which what Slack said is not asked again."""

KEPT = 3600.0
"""Seconds for which it still counts where Slack, asked again, does not say."""

PAUSE = 5.0
"""Seconds for which nobody waits once Slack was too slow, or it is left alone once it said no."""

MOST_KNOWN = 5_000
_MOST_ASKED = 200
_THREADS = 4
_NOBODY_HERE = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
_SLACKBOT = "USLACKBOT"


class Organisation(msgspec.Struct, frozen=True):
    """Somebody in an Enterprise Grid: the workspaces of it that they are in."""

    teams: list[str] = []


class Somebody(msgspec.Struct, frozen=True):
    """What `users.info` tells, as far as it is asked for."""

    id: str = ""
    team_id: str = ""
    deleted: bool = False
    is_bot: bool = False
    is_workflow_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    enterprise_user: Organisation = Organisation()

    def membership(self, home: str) -> Membership:
        """What that makes of them in the workspace `home`.

        A person of another company has their own company's `team_id`, and is a "stranger" only as long as they share
        no channel with us; one of our own Enterprise Grid has `home` among their workspaces.
        """
        if self.deleted:
            return Membership.GONE
        if self.is_bot or self.is_workflow_bot or self.id == _SLACKBOT:
            return Membership.APP
        if self.is_stranger or (self.team_id not in ("", home) and home not in self.enterprise_user.teams):
            return Membership.FOREIGN
        return Membership.GUEST if self.is_restricted or self.is_ultra_restricted else Membership.MEMBER


learn(Somebody)


@dataclass(frozen=True, slots=True)
class _Said:
    """What Slack said of somebody, and when."""

    membership: Membership
    at: float


class People:
    """Remembers who is what. Threads share it: somebody who asks twice at once is asked about once."""

    def __init__(self, client: WebClient, home: Callable[[], str], patience: float = PATIENCE) -> None:
        """home: the id of our own workspace. patience: seconds, as `PATIENCE`."""
        self.client = client
        self.home = home
        self.patience = patience
        self._said: OrderedDict[str, _Said] = OrderedDict()
        self._asked: dict[str, Future[Membership]] = {}
        self._lock = threading.Lock()
        self._slow_until = 0.0
        self._refused_until = 0.0
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="who-is-it")

    def membership(self, user: str) -> Membership:
        """What this person is in our workspace; UNKNOWN where Slack does not say in time and has not lately."""
        said, now = self._said.get(user), monotonic()
        if said and now - said.at < FRESH:
            return said.membership
        before = said.membership if said and now - said.at < KEPT else Membership.UNKNOWN
        future = self._question(user, now)
        if future is None or (now < self._slow_until and not future.done()):
            return before
        try:
            told = future.result(self.patience)
        except TooLate:
            self._slow_until = monotonic() + PAUSE
            log.warning("Slack is too slow to say who somebody is")
            return before
        return before if told is Membership.UNKNOWN else told

    def close(self) -> None:
        """Ask no more; what is under way is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _question(self, user: str, now: float) -> Future[Membership] | None:
        """The question to Slack about this person that is under way, or a new one; None while it is left alone."""
        with self._lock:
            if user in self._asked:
                return self._asked[user]
            if now < self._refused_until or len(self._asked) >= _MOST_ASKED:
                return None
            self._asked[user] = self._pool.submit(self._ask, user)
            return self._asked[user]

    def _ask(self, user: str) -> Membership:
        """Ask Slack and remember what it says; UNKNOWN where it does not."""
        told = Membership.UNKNOWN
        try:
            told = self._answer(user)
        except (SlackClientError, OSError, HTTPException, ValueError) as error:
            told = self._refused(error)
        finally:
            with self._lock:
                self._remember(user, told)
        return told

    def _remember(self, user: str, told: Membership) -> None:
        del self._asked[user]
        if told is not Membership.UNKNOWN:
            self._said[user] = _Said(told, monotonic())
            self._said.move_to_end(user)
        if len(self._said) > MOST_KNOWN:
            self._said.popitem(last=False)

    def _answer(self, user: str) -> Membership:
        return msgspec.convert(self.client.users_info(user=user).get("user"), Somebody).membership(self.home())

    def _refused(self, error: Exception) -> Membership:
        """What an error says of the person; where it says nothing, Slack is left alone for a moment."""
        code, pause = _reason(error)
        if code in _NOBODY_HERE:
            return Membership.FOREIGN
        log.warning("Slack does not say who somebody is: %s", code)
        self._refused_until = monotonic() + max(PAUSE, pause)
        return Membership.UNKNOWN


def _reason(error: Exception) -> tuple[str, float]:
    """Slack's name of an error, else Python's; and the seconds for which Slack wants to be left alone."""
    if not isinstance(error, SlackApiError):
        return type(error).__name__, 0.0
    held: Mapping[str, object] = error.response.headers
    wait = str({name.lower(): value for name, value in held.items()}.get("retry-after", ""))
    return str(error.response.get("error") or error.response.status_code), float(wait) if wait.isdecimal() else 0.0
