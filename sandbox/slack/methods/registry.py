"""How a Web API method is declared: its name, the scopes that it needs, its required arguments."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from sandbox.slack.state import State
from sandbox.slack.wire import Json, Refusal, invalid_arguments, loads
from sandbox.slack.workspace import Channel, Token

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Request:
    """A call that passed authentication. url: the server's own address. token is None where none was needed."""

    state: State
    args: Json
    token: Token | None
    url: str
    websocket_url: Callable[[], str]

    def text(self, name: str, default: str = "") -> str:
        """An argument as text."""
        value = self.args.get(name, default)
        return value if isinstance(value, str) else str(value)

    def flag(self, name: str) -> bool:
        """An argument as yes or no, however it was written."""
        return str(self.args.get(name, "")).lower() in ("1", "true", "t")

    def number(self, name: str, default: int) -> int:
        """An argument as a whole number. Raises Refusal `invalid_arguments`."""
        value = self.text(name, str(default))
        if not value.isdigit():
            raise invalid_arguments(f"must provide an integer [json-pointer:/{name}]")
        return int(value)

    def json(self, name: str) -> Any:
        """An argument as JSON: a value of a JSON body, or a form's text that holds JSON. None where it is neither."""
        value = self.args.get(name)
        return loads(value) if isinstance(value, str) else value

    def has(self, name: str) -> bool:
        """Whether the argument was given and is not empty."""
        return self.args.get(name) not in (None, "")

    def need_scope(self, *scopes: str) -> None:
        """Raise Slack's missing_scope where the token has none of these."""
        provided = self.token.scopes if self.token else ()
        if scopes and not set(scopes) & set(provided):
            raise Refusal("missing_scope", needed=",".join(scopes), provided=",".join(provided))

    def channel(self, name: str = "channel") -> Channel:
        """The channel that an argument names by id. Raises Refusal `channel_not_found`."""
        channel = self.text(name)
        if not self.state.bot_sees(channel):
            raise Refusal("channel_not_found")
        return self.state.channels[channel]

    def page(self, every: Sequence[_T], *, default: int = 100, most: int = 1000) -> tuple[list[_T], Json]:
        """The part of a list that `cursor` and `limit` ask for, and the metadata that leads to the next."""
        limit = self.number("limit", default)
        if not 1 <= limit <= most:
            raise Refusal("invalid_limit")
        start = self._start()
        following = base64.b64encode(f"next:{start + limit}".encode()).decode() if start + limit < len(every) else ""
        return list(every[start : start + limit]), {"response_metadata": {"next_cursor": following}}

    def _start(self) -> int:
        if not self.has("cursor"):
            return 0
        try:
            word, _, start = base64.b64decode(self.text("cursor")).decode().partition(":")
            if word == "next":
                return int(start)
        except ValueError:
            pass
        raise Refusal("invalid_cursor")


Answer: TypeAlias = Callable[[Request], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Web API. `scopes`: one of them is needed. `app_level`: wants an xapp token."""

    name: str
    answer: Answer
    scopes: tuple[str, ...]
    required: tuple[str, ...]
    app_level: bool
    open_to_all: bool


METHODS: dict[str, Method] = {}


def method(
    name: str,
    *,
    scopes: Iterable[str] = (),
    required: Iterable[str] = (),
    app_level: bool = False,
    open_to_all: bool = False,
) -> Callable[[Answer], Answer]:
    """Declare the function below as the method of this name."""

    def declare(answer: Answer) -> Answer:
        METHODS[name] = Method(name, answer, tuple(scopes), tuple(required), app_level, open_to_all)
        return answer

    return declare
