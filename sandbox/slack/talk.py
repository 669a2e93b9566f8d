"""What people say and do in channels, which reaches the app as events."""

from __future__ import annotations

from sandbox.slack import payloads
from sandbox.slack.delivery import Post
from sandbox.slack.envelopes import Envelope, Kind
from sandbox.slack.records import Ack, Message
from sandbox.slack.state import State
from sandbox.slack.wire import Impossible, Json


class Talk:
    """Messages, mentions and coming and going. What Slack's screens do not allow raises Impossible."""

    def __init__(self, state: State, post: Post) -> None:
        self._state = state
        self._post = post

    def say(self, user: str, channel: str, text: str, *, thread_ts: str = "") -> Message:
        """Write a message as a person."""
        self._is_member(user, channel)
        message = Message(channel=channel, ts=self._state.next_ts(), user=user, text=text, thread_ts=thread_ts)
        return self._state.add(message)

    def mention(self, user: str, channel: str, text: str, *, thread_ts: str = "") -> Ack:
        """Write a message that begins with a mention of the app, which hears of it where it is a member."""
        message = self.say(user, channel, f"<@{self._state.workspace.app.bot_user}> {text}", thread_ts=thread_ts)
        if not self._state.bot_is_in(channel):
            raise Impossible("Slack tells an app of mentions only in channels that it is a member of")
        event = {"type": "app_mention", "user": user, "text": message.text, "ts": message.ts, "channel": channel}
        more = {"event_ts": message.ts, "team": self._state.workspace.team_id}
        if thread_ts:
            more["thread_ts"] = thread_ts
        return self.event(event | more)

    def open_home(self, user: str) -> Ack:
        """Open the app's Home tab."""
        channel = self._state.direct_channel(user)
        event: Json = {"type": "app_home_opened", "user": user, "channel": channel, "tab": "home"}
        home = self._state.views.get(self._state.homes.get(user, ""))
        if home is not None:
            event["view"] = payloads.view_part(self._state, home)["view"]
        return self.event(event | {"event_ts": self._state.next_ts()})

    def invite(self, user: str, channel: str, invited: str) -> Ack:
        """Bring somebody, or the app, into a channel."""
        self._is_member(user, channel)
        with self._state.changing():
            self._state.members[channel].add(invited)
        kind = "G" if self._state.channels[channel].is_private else "C"
        event = {"type": "member_joined_channel", "user": invited, "channel": channel, "channel_type": kind}
        team = self._state.workspace.team_id
        return self.event(event | {"team": team, "inviter": user, "event_ts": self._state.next_ts()})

    def remove(self, channel: str, removed: str) -> None:
        """Take somebody, or the app, out of a channel."""
        with self._state.changing():
            self._state.members[channel].discard(removed)

    def event(self, event: Json) -> Ack:
        """Deliver an event that the app subscribed to; further attempts follow where it does not take it."""
        if event["type"] not in self._state.workspace.app.events:
            raise Impossible(f"the app is not subscribed to {event['type']}")
        return self._post.deliver_event(Envelope(Kind.EVENT, payloads.event_payload(self._state, event)))

    def _is_member(self, user: str, channel: str) -> None:
        if user not in self._state.users or self._state.users[user].deleted:
            raise Impossible(f"{user} cannot sign in")
        if user not in self._state.members.get(channel, set()):
            raise Impossible(f"{user} is not a member of {channel}")
        if self._state.channels[channel].is_archived:
            raise Impossible(f"{channel} is archived")
