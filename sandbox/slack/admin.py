"""What the administrators of a workspace change while an app is running."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sandbox.slack.state import State
from sandbox.slack.workspace import Posting, TokenState


class Admin:
    """Changes the living workspace; nothing of it is told to the app."""

    def __init__(self, state: State) -> None:
        self._state = state

    def archive(self, channel: str) -> None:
        """Archive a channel."""
        with self._state.changing():
            self._state.channels[channel] = replace(self._state.channels[channel], is_archived=True)

    def restrict(self, channel: str, posting: Posting) -> None:
        """Say what apps may post in a channel."""
        with self._state.changing():
            self._state.channels[channel] = replace(self._state.channels[channel], posting=posting)

    def lock_thread(self, channel: str, ts: str) -> None:
        """Take no more replies in a thread."""
        with self._state.changing():
            self._state.locked_threads.add((channel, ts))

    def delete_message(self, channel: str, ts: str) -> None:
        """Delete anybody's message."""
        message = self._state.message(channel, ts)
        with self._state.changing():
            message.deleted = True

    def set_group(self, group: str, users: Iterable[str]) -> None:
        """Say who is in a user group."""
        with self._state.changing():
            self._state.groups[group] = replace(self._state.groups[group], users=tuple(users))

    def deactivate(self, user: str) -> None:
        """Take somebody out of the workspace, its channels and its groups."""
        with self._state.changing():
            self._state.users[user] = replace(self._state.users[user], deleted=True)
            for members in self._state.members.values():
                members.discard(user)
            for group in list(self._state.groups.values()):
                rest = tuple(each for each in group.users if each != user)
                self._state.groups[group.id] = replace(group, users=rest)

    def set_scopes(self, token: str, scopes: Iterable[str]) -> None:
        """Say what a token may do."""
        with self._state.changing():
            self._state.tokens[token] = replace(self._state.tokens[token], scopes=tuple(scopes))

    def set_token_state(self, token: str, state: TokenState) -> None:
        """Revoke a token, or let it be good again."""
        with self._state.changing():
            self._state.tokens[token] = replace(self._state.tokens[token], state=state)

    def set_modern_blocks(self, *, known: bool) -> None:
        """Say whether the workspace knows plan, container and table."""
        with self._state.changing():
            self._state.workspace = replace(self._state.workspace, modern_blocks=known)

    def set_edit_window(self, seconds: float | None) -> None:
        """Say for how long messages may be edited; None is for ever."""
        with self._state.changing():
            self._state.workspace = replace(self._state.workspace, edit_window_seconds=seconds)
