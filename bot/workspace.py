"""Who we are in Slack, asked once and not with every request; and private answers outside of a command's own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.commands import Home
from bot.policy import Caller
from contract.blocks import Message

log = logging.getLogger(__name__)

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_NOT_A_MEMBER = frozenset({"not_in_channel", "channel_not_found", "user_not_in_channel"})
_MOST_WAITING = 500
_MOST_PAGES = 5


class Workspace:
    """Our own workspace, and private messages into it. A thread of its own asks Slack until Slack answers."""

    def __init__(self, client: WebClient) -> None:
        self.client = client
        self._home = Home()
        self._known = threading.Event()
        self._closed = threading.Event()
        self._room = threading.Semaphore(_MOST_WAITING)
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="private-answers")
        threading.Thread(target=self._ask, name="who-are-we", daemon=True).start()

    def home(self) -> Home:
        """Our workspace; an empty one while Slack could not be asked, for which a second is waited at most."""
        self._known.wait(1.0)
        return self._home

    def whisper(self, caller: Caller, message: Message) -> None:
        """Show a message to one person where they are, or in private where we cannot be; does not wait for it."""
        self._soon(self._whisper, caller, message)

    def publish(self, user: str, view: Callable[[frozenset[str] | None], dict[str, Any]]) -> None:
        """Fill a person's Home tab with what `view` makes of the channels that they are in; does not wait for it."""
        self._soon(self._publish, user, view)

    def close(self) -> None:
        """Ask no more; private answers under way are waited for."""
        self._closed.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _soon(self, work: Callable[..., None], *given: Any) -> None:
        if not self._room.acquire(blocking=False):
            log.warning("a private answer is dropped: %d wait already", _MOST_WAITING)
            return
        self._pool.submit(work, *given).add_done_callback(lambda _: self._room.release())

    def _publish(self, user: str, view: Callable[[frozenset[str] | None], dict[str, Any]]) -> None:
        try:
            self.client.views_publish(user_id=user, view=view(self._channels(user)))
        except (SlackClientError, OSError) as error:
            log.warning("a Home tab was not filled: %s", _code(error) or type(error).__name__)

    def _channels(self, user: str) -> frozenset[str] | None:
        """The channels that a person is in, as far as we may see them; None where Slack does not say."""
        found: set[str] = set()
        cursor = ""
        try:
            for _ in range(_MOST_PAGES):
                said = self.client.users_conversations(
                    user=user, types="public_channel,private_channel", limit=999, cursor=cursor
                )
                found |= {str(one.get("id")) for one in said.get("channels") or ()}
                cursor = str((said.get("response_metadata") or {}).get("next_cursor") or "")
                if not cursor:
                    break
        except (SlackClientError, OSError) as error:
            log.warning("Slack does not say which channels somebody is in: %s", _code(error) or type(error).__name__)
            return None
        return frozenset(found)

    def _whisper(self, caller: Caller, message: Message) -> None:
        content: dict[str, Any] = {"text": message.text, "blocks": list(message.blocks) or None}
        try:
            try:
                self.client.chat_postEphemeral(
                    channel=caller.channel, user=caller.user, thread_ts=caller.thread_ts or None, **content
                )
            except SlackClientError as error:
                if _code(error) not in _NOT_A_MEMBER:
                    raise
                self.client.chat_postMessage(channel=caller.user, unfurl_links=False, unfurl_media=False, **content)
        except (SlackClientError, OSError) as error:
            log.warning("a private answer was not delivered: %s", _code(error) or type(error).__name__)

    def _ask(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closed.is_set():
            try:
                said = self.client.auth_test()
            except (SlackClientError, OSError) as error:
                log.warning("Slack does not say who we are: %s", _code(error) or type(error).__name__)
                self._closed.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            self._home = Home(
                team=str(said.get("team_id") or ""),
                bot_user=str(said.get("user_id") or ""),
                url=str(said.get("url") or ""),
            )
            self._known.set()
            return


def _code(error: Exception) -> str:
    """Slack's name of an error, "" where it has none."""
    response = getattr(error, "response", None)
    return str(response.get("error") or "") if response is not None and hasattr(response, "get") else ""
