"""What Slack takes as text objects, options, confirmations and pictures: the small parts of blocks."""

from __future__ import annotations

from sandbox.slack.limits.rules import Rule, array, boolean, choice, either, record, string, tagged

ID = string(255)
URL = string(3000, pattern=r"https?://\S+|mailto:\S+|tel:\S+")


def plain_text(most: int) -> Rule:
    """A plain_text object of at most so many characters."""
    return tagged({"plain_text": record({"text": string(most)}, {"emoji": boolean})})


def any_text(most: int) -> Rule:
    """A plain_text or mrkdwn object of at most so many characters."""
    return tagged(
        {
            "plain_text": record({"text": string(most)}, {"emoji": boolean}),
            "mrkdwn": record({"text": string(most)}, {"verbatim": boolean}),
        }
    )


CONFIRM = record(
    {"title": plain_text(100), "text": any_text(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": choice("primary", "danger")},
)
OPTION = record(
    {"text": any_text(75), "value": string(150)},
    {"description": any_text(75), "url": URL},
)
PLAIN_OPTION = record(
    {"text": plain_text(75), "value": string(150)},
    {"description": plain_text(75), "url": URL},
)
OPTIONS = array(PLAIN_OPTION, 1, 100)
OPTION_GROUPS = array(record({"label": plain_text(75), "options": OPTIONS}), 1, 100)
SLACK_FILE = record({}, {"id": string(), "url": URL}, either("id", "url"))
IMAGE = tagged(
    {
        "image": record(
            {"alt_text": string(2000)},
            {"image_url": URL, "slack_file": SLACK_FILE},
            either("image_url", "slack_file"),
        )
    }
)
