"""A Slack workspace as data: its people, channels, user groups, tokens and the app under test."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

REQUIRED_SCOPES = (
    "commands",
    "chat:write",
    "app_mentions:read",
    "files:write",
    "users:read",
    "usergroups:read",
    "channels:read",
    "groups:read",
)
OPTIONAL_SCOPES = ("channels:history", "groups:history", "reactions:write", "pins:write", "chat:write.public")


class Posting(StrEnum):
    """What a channel's settings let apps post."""

    OPEN = "open"
    RESTRICTED = "restricted"
    READ_ONLY = "read-only"
    THREAD_ONLY = "thread-only"
    NON_THREADABLE = "non-threadable"


class TokenState(StrEnum):
    """Whether a token still opens anything; the value is Slack's error where it does not."""

    ACTIVE = "active"
    REVOKED = "token_revoked"
    EXPIRED = "token_expired"
    INACTIVE = "account_inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or a bot. A guest is `is_restricted`; `is_stranger` comes from another company through Slack Connect."""

    id: str
    name: str
    real_name: str = ""
    is_bot: bool = False
    is_admin: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False
    tz: str = "Europe/London"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel with the ids of its members, the app's bot user among them where it was invited."""

    id: str
    name: str
    members: tuple[str, ...] = ()
    is_private: bool = False
    is_archived: bool = False
    posting: Posting = Posting.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class UserGroup:
    """A user group such as @dns-approvers."""

    id: str
    handle: str
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bot token (`xoxb-`) or an app-level token (`xapp-`) and what it may do."""

    value: str
    scopes: tuple[str, ...]
    state: TokenState = TokenState.ACTIVE

    @property
    def is_app_level(self) -> bool:
        """Whether it is for Socket Mode rather than for the Web API."""
        return self.value.startswith("xapp-")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackApp:
    """The app under test as its manifest describes it."""

    id: str = "A0DNSMEDIC"
    name: str = "dnsmedic"
    bot_id: str = "B0DNSMEDIC"
    bot_user: str = "U0DNSMEDIC"
    signing_secret: str = "testing-signing-secret"  # noqa: S105  (plainly made up)
    commands: tuple[str, ...] = ("/dns-check", "/dns-health", "/dns-capture", "/dns-fix")
    shortcuts: tuple[str, ...] = ("dns_check_message",)
    events: tuple[str, ...] = (
        "app_mention",
        "app_home_opened",
        "member_joined_channel",
        "tokens_revoked",
        "app_uninstalled",
    )
    home_tab: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Everything that is there before the app does anything.

    edit_window_seconds: how long messages may be edited; None is for ever. modern_blocks: False is a workspace that
    does not know plan, container and table yet.
    """

    app: SlackApp = SlackApp()
    team_id: str = "T0EXAMPLE"
    team_name: str = "Example"
    domain: str = "example"
    users: tuple[User, ...] = ()
    channels: tuple[Channel, ...] = ()
    groups: tuple[UserGroup, ...] = ()
    tokens: tuple[Token, ...] = ()
    edit_window_seconds: float | None = None
    modern_blocks: bool = True


def typical_workspace(*, history: bool = True, app: SlackApp | None = None) -> Workspace:
    """A small company: a requester, two approvers, a guest; channels of every sort; the app with its usual scopes.

    history: whether the app was granted the optional scopes, reading a channel's history among them.
    """
    app = app or SlackApp()
    team = ("U0ALICE", "U0BOB", "U0CAROL", "U0GUEST")
    scopes = REQUIRED_SCOPES + (OPTIONAL_SCOPES[:-1] if history else ())
    return Workspace(
        app=app,
        users=_people(app),
        channels=(
            Channel(id="C0INCIDENTS", name="incidents", members=(*team, app.bot_user)),
            Channel(id="C0HEALTH", name="dns-health", members=(*team[:3], app.bot_user)),
            Channel(id="C0INC42", name="inc-42", members=(*team[:2], app.bot_user)),
            Channel(id="C0RANDOM", name="random", members=team),
            Channel(id="C0OLD", name="old-incidents", members=(*team[:3], app.bot_user), is_archived=True),
            Channel(id="C0NEWS", name="news", members=(*team, app.bot_user), posting=Posting.READ_ONLY),
            Channel(id="G0SRE", name="sre-private", members=(*team[:2], app.bot_user), is_private=True),
            Channel(id="G0SECRET", name="board", members=team[:1], is_private=True),
        ),
        groups=(UserGroup(id="S0APPROVERS", handle="dns-approvers", users=("U0BOB", "U0CAROL")),),
        tokens=(
            Token(value="xoxb-test", scopes=scopes),
            Token(value="xapp-test", scopes=("connections:write",)),
            Token(value="xoxb-revoked", scopes=scopes, state=TokenState.REVOKED),
        ),
    )


def _people(app: SlackApp) -> tuple[User, ...]:
    return (
        User(id="U0ALICE", name="alice", real_name="Alice Requester"),
        User(id="U0BOB", name="bob", real_name="Bob Approver"),
        User(id="U0CAROL", name="carol", real_name="Carol Approver"),
        User(id="U0GUEST", name="guest", real_name="Gus Guest", is_restricted=True),
        User(id="U0LEFT", name="dave", real_name="Dave Departed", deleted=True),
        User(id=app.bot_user, name=app.name, real_name=app.name, is_bot=True),
    )
