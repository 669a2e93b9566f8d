"""The Slack workspace that the demo opens with: a small company, its channels, and the first messages in them."""

from __future__ import annotations

from sandbox.slack import REQUIRED_SCOPES, Channel, SlackApp, SlackServer, Token, User, Workspace

ALICE, BOB, CAROL, GUEST = "U0ALICE", "U0BOB", "U0CAROL", "U0GUEST"
INCIDENTS, HEALTH, APPROVALS, VENDORS = "C0INCIDENTS", "C0HEALTH", "C0APPROVALS", "C0VENDORS"
BOT_TOKEN, APP_TOKEN = "xoxb-test", "xapp-test"

ABOUT = {
    ALICE: "asks for checks and fixes",
    BOB: "approves fixes",
    CAROL: "approves fixes",
    GUEST: "a guest from another company",
}
"""What each person of the demo is there for."""

TOPICS = {
    INCIDENTS: "Where things that break are talked about. Clusters may be checked here.",
    HEALTH: "The daily health report is posted here.",
    APPROVALS: "Fixes wait here for their approval.",
    VENDORS: "Shared with people from outside.",
}
"""What each channel is for."""


def workspace(app: SlackApp | None = None) -> Workspace:
    """The workspace before anybody has said anything."""
    app = app or SlackApp(commands=("/dns-check", "/dns-health"))
    team = (ALICE, BOB, CAROL)
    return Workspace(
        app=app,
        team_name="Example",
        users=(
            User(id=ALICE, name="alice", real_name="Alice"),
            User(id=BOB, name="bob", real_name="Bob"),
            User(id=CAROL, name="carol", real_name="Carol"),
            User(id=GUEST, name="guest", real_name="Gus (guest)", is_restricted=True),
            User(id=app.bot_user, name=app.name, real_name=app.name, is_bot=True),
        ),
        channels=(
            Channel(id=INCIDENTS, name="incidents", members=(*team, app.bot_user)),
            Channel(id=HEALTH, name="dns-health", members=(*team, app.bot_user)),
            Channel(id=APPROVALS, name="approvals", members=(*team, app.bot_user)),
            Channel(id=VENDORS, name="vendors", members=(*team, GUEST, app.bot_user)),
        ),
        tokens=(
            Token(value=BOT_TOKEN, scopes=(*REQUIRED_SCOPES, "channels:history", "groups:history")),
            Token(value=APP_TOKEN, scopes=("connections:write",)),
        ),
    )


def greet(slack: SlackServer) -> None:
    """Let somebody say why there is an incident, so that the channel is not empty."""
    slack.say(BOB, INCIDENTS, "Checkout is slow, and its log is full of name lookups that fail. Is it DNS again?")
