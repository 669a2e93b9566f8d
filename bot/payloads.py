"""What Slack sends, typed: only the fields in use. Anything of another shape is turned away before it is acted on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec

from bot.policy import Caller
from contract.decoding import learn
from contract.refusal import Refused

T = TypeVar("T")

_User = Annotated[str, msgspec.Meta(pattern=r"^[UW][A-Z0-9]{1,20}\Z")]
_Team = Annotated[str, msgspec.Meta(pattern=r"^[TE][A-Z0-9]{1,20}\Z")]
_Channel = Annotated[str, msgspec.Meta(pattern=r"^[CDG][A-Z0-9]{1,20}\Z")]
_Moment = Annotated[str, msgspec.Meta(pattern=r"^\d{1,12}\.\d{1,8}\Z")]
_Where = Annotated[str, msgspec.Meta(pattern=r"^[CDG][A-Z0-9]{1,20}(?: \d{1,12}\.\d{1,8})?\Z")]
_Short = Annotated[str, msgspec.Meta(max_length=300)]


class Slash(msgspec.Struct, frozen=True):
    """A slash command."""

    command: _Short
    user_id: _User
    team_id: _Team
    channel_id: _Channel
    trigger_id: _Short = ""
    text: str = ""


class Person(msgspec.Struct, frozen=True):
    """Somebody in an interaction."""

    id: _User
    team_id: _Team | None = None
    is_stranger: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_bot: bool = False

    @property
    def outsider(self) -> bool:
        """Whether this is no full member."""
        return self.is_stranger or self.is_restricted or self.is_ultra_restricted or self.is_bot


class Workspace(msgspec.Struct, frozen=True):
    """Where an interaction comes from."""

    id: _Team


class Place(msgspec.Struct, frozen=True):
    """A channel."""

    id: _Channel


class Pressed(msgspec.Struct, frozen=True):
    """One press of a button."""

    action_id: _Short
    value: _Short = ""


class Posted(msgspec.Struct, frozen=True):
    """The message that holds the button."""

    ts: _Moment = ""
    thread_ts: _Moment | None = None


class Click(msgspec.Struct, frozen=True):
    """A press of a button in a message."""

    user: Person
    channel: Place
    actions: Annotated[list[Pressed], msgspec.Meta(min_length=1, max_length=10)]
    team: Workspace | None = None
    message: Posted | None = None
    trigger_id: _Short = ""

    @property
    def caller(self) -> Caller:
        """Who pressed it, and where."""
        # Slack says of a message with replies that it is in its own thread; who presses there is in the channel.
        thread = self.message.thread_ts or "" if self.message and self.message.thread_ts != self.message.ts else ""
        team = self.user.team_id or (self.team.id if self.team else "")
        return Caller(
            user=self.user.id, team=team, channel=self.channel.id, thread_ts=thread, outsider=self.user.outsider
        )


class Chosen(msgspec.Struct, frozen=True):
    """The message that a shortcut was used on. text: mrkdwn."""

    ts: _Moment
    thread_ts: _Moment | None = None
    text: str | None = None


class Shortcut(msgspec.Struct, frozen=True):
    """A use of the shortcut on a message."""

    user: Person
    channel: Place
    message: Chosen
    team: Workspace | None = None
    trigger_id: _Short = ""

    @property
    def caller(self) -> Caller:
        """Who used it, and where: in the thread of the message, or in the one that an answer to it opens."""
        team = self.user.team_id or (self.team.id if self.team else "")
        thread = self.message.thread_ts or self.message.ts
        return Caller(
            user=self.user.id, team=team, channel=self.channel.id, thread_ts=thread, outsider=self.user.outsider
        )


class Field(msgspec.Struct, frozen=True):
    """What was put into one field of a form."""

    value: str | None = None
    selected_option: dict[str, Any] | None = None


class FormState(msgspec.Struct, frozen=True):
    """What was put into a form: block -> action -> field."""

    values: dict[str, dict[str, Field]] = {}


class Sheet(msgspec.Struct, frozen=True):
    """A form of ours. private_metadata: the channel that it was opened in, and the thread if it was one."""

    callback_id: _Short = ""
    private_metadata: _Where = ""
    state: FormState = FormState()

    def value(self, block: str) -> str:
        """The text or the option's value of a block that holds one field; "" where there is none."""
        for field in self.state.values.get(block, {}).values():
            if field.selected_option is not None:
                return str(field.selected_option.get("value", ""))
            return (field.value or "").strip()
        return ""


class Submission(msgspec.Struct, frozen=True):
    """A form that was sent, or that asks for the options of a field. value: what was typed so far."""

    user: Person
    view: Sheet
    team: Workspace | None = None
    trigger_id: _Short = ""
    value: Annotated[str, msgspec.Meta(max_length=3000)] = ""

    @property
    def caller(self) -> Caller:
        """Who sent it, and from where it was opened."""
        team = self.user.team_id or (self.team.id if self.team else "")
        channel, _, thread = self.view.private_metadata.partition(" ")
        return Caller(user=self.user.id, team=team, channel=channel, thread_ts=thread, outsider=self.user.outsider)


class Profile(msgspec.Struct, frozen=True):
    """What an event tells about its author."""

    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False


class Mention(msgspec.Struct, frozen=True):
    """Somebody wrote to us."""

    user: _User
    channel: _Channel
    text: str
    ts: _Moment
    thread_ts: _Moment | None = None
    team: _Team | None = None
    user_team: _Team | None = None
    source_team: _Team | None = None
    bot_id: str | None = None
    subtype: str | None = None
    user_profile: Profile | None = None


class MentionEvent(msgspec.Struct, frozen=True):
    """The envelope of a mention."""

    event: Mention
    team_id: _Team
    event_id: _Short = ""

    @property
    def caller(self) -> Caller:
        """Who wrote, and where: in the thread of the message, or in the one that an answer to it opens."""
        event = self.event
        teams = {event.user_team, event.source_team, event.team, self.team_id} - {None}
        profile = event.user_profile or Profile()
        guest = profile.is_restricted or profile.is_ultra_restricted or profile.is_stranger
        return Caller(
            user=event.user,
            team=self.team_id,
            channel=event.channel,
            thread_ts=event.thread_ts or event.ts,
            outsider=guest or len(teams) > 1 or bool(event.bot_id) or bool(event.subtype),
        )


class Opened(msgspec.Struct, frozen=True):
    """Somebody opened one of the app's tabs."""

    user: _User
    tab: _Short = ""


class OpenedEvent(msgspec.Struct, frozen=True):
    """The envelope of that."""

    event: Opened
    team_id: _Team

    @property
    def caller(self) -> Caller:
        """Who opened it; there is no channel."""
        return Caller(user=self.event.user, team=self.team_id, channel="")


learn(Slash, Click, Shortcut, Submission, MentionEvent, OpenedEvent)


def read(body: Mapping[str, Any], kind: type[T]) -> T:
    """The payload as `kind`. Raises Refused where Slack would never send it so."""
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise Refused("dnsmedic did not understand what Slack sent. Please try again.") from error


def request_key(team: str, given: str, signature: str) -> str:
    """What the repetitions of one request share: Slack's id of it, else its signature."""
    return hashlib.sha256(f"{team} {given or signature}".encode(errors="replace")).hexdigest()[:32]
