"""Every kind of block that Slack shows is drawn on the demo's page, and what people press in it reaches the app."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.demo.clock import MovableClock
from sandbox.demo.controls import Controls
from sandbox.demo.redis_switch import RedisSwitch
from sandbox.demo.troubles import TroubleSwitches
from sandbox.demo.workspace import INCIDENTS, workspace
from sandbox.slack import SlackServer
from sandbox.web import PageServer
from tests.browser.tools import chromium, node

STAGE = Path(__file__).parent
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def _words(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def _rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def _option(name: str) -> dict[str, Any]:
    return {"text": _words(name), "value": name.lower().replace(" ", "-")}


def _shown(picture: str) -> list[dict[str, Any]]:
    return [
        {"type": "header", "text": _words("A heading")},
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "text": "at 07:11:02 from 10.0.0.2:53\n:white_check_mark: `a:b:c` &lt;\n>quoted\nnot::an emoji",
            },
        },
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "<@U0BOB> in <#C0HEALTH>"}]},
        {"type": "divider"},
        {
            "type": "context",
            "elements": [{"type": "mrkdwn", "text": "run `run_7f3a` <!date^1795417653^{time_secs}|x>"}],
        },
        {"type": "image", "image_url": "https://example.org/a.png", "alt_text": "a diagram"},
        {"type": "image", "slack_file": {"id": picture}, "alt_text": "a dot"},
        _rich({"type": "text", "text": "at 07:11:02"}, {"type": "emoji", "name": "tada"}),
        {
            "type": "plan",
            "title": "3 of 3 steps",
            "tasks": [
                {"task_id": state, "title": f"Steps are fine {state}", "status": state, "output": _rich(_text("said"))}
                for state in ("complete", "in_progress", "error", "pending")
            ],
        },
        {
            "type": "container",
            "title": _words("Per pod"),
            "is_collapsible": True,
            "default_collapsed": True,
            "child_blocks": [
                {"type": "section", "text": _words("hidden <b>inside</b>")},
                {"type": "table", "rows": [[_cell("Pod"), _cell("State")], [_cell("web-1"), _cell("fine")]]},
                {"type": "actions", "elements": [{**_button("Inside a container"), "action_id": "inside"}]},
            ],
        },
    ]


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _cell(text: str) -> dict[str, str]:
    return {"type": "raw_text", "text": text}


def _button(text: str) -> dict[str, Any]:
    return {"type": "button", "text": _words(text), "value": "run_7f3a"}


def _pressed() -> list[dict[str, Any]]:
    really = {"title": _words("Really?"), "text": _words("It is."), "confirm": _words("Do it"), "deny": _words("No")}
    menu = {"type": "overflow", "action_id": "more", "options": [_option("First"), _option("Second")]}
    return [
        {
            "type": "actions",
            "elements": [
                {**_button("Sure?"), "action_id": "sure", "style": "danger", "confirm": really},
                {**_button("Only for Bob"), "action_id": "bob", "visible_to_user_ids": ["U0BOB"]},
                menu,
                {
                    "type": "static_select",
                    "action_id": "one",
                    "placeholder": _words("Pick one"),
                    "options": menu["options"],
                },
                {"type": "users_select", "action_id": "person", "placeholder": _words("Pick a person")},
                {"type": "conversations_select", "action_id": "place", "placeholder": _words("Pick a channel")},
            ],
        },
        {
            "type": "section",
            "text": _words("Boxes"),
            "accessory": {
                "type": "checkboxes",
                "action_id": "boxes",
                "options": [_option("Box one"), _option("Box two")],
            },
        },
        {
            "type": "section",
            "text": _words("Ways"),
            "accessory": {
                "type": "radio_buttons",
                "action_id": "way",
                "options": [_option("Way one"), _option("Way two")],
            },
        },
        {
            "type": "section",
            "text": _words("Day"),
            "accessory": {"type": "datepicker", "action_id": "day", "placeholder": _words("Pick a day")},
        },
    ]


def _chosen(action: dict[str, Any]) -> Any:
    """What an action says was chosen."""
    names = ("selected_user", "selected_conversation", "selected_date", "value")
    if "selected_options" in action:
        return [option["value"] for option in action["selected_options"]]
    if "selected_option" in action:
        return action["selected_option"]["value"]
    return next(action[name] for name in names if name in action)


@pytest.mark.timeout(300)
def test_every_block_is_drawn_and_used(tmp_path: Path) -> None:
    """All blocks show their words; nothing is loaded from elsewhere; each element tells the app what was chosen."""
    with SlackServer(workspace(), rate_limits=False) as slack:
        client = WebClient("xoxb-test", base_url=slack.url, retry_handlers=[])
        client.files_upload_v2(content=DOT, filename="dot.png")
        picture = slack.api.files[0].id
        client.chat_postMessage(channel=INCIDENTS, text="Blocks", blocks=_shown(picture))
        client.chat_postMessage(channel=INCIDENTS, text="Elements", blocks=_pressed())
        controls = Controls(slack, [], {}, RedisSwitch(tmp_path), TroubleSwitches(slack), MovableClock(tmp_path))
        with PageServer(controls, 0) as server:
            done = subprocess.run(
                [node(), str(STAGE / "plays.mjs"), "gallery", server.url, os.environ.get("SCREENSHOTS", "")],
                env={**os.environ, "CHROMIUM": chromium(), "HOME": str(tmp_path)},
                capture_output=True,
                text=True,
                check=False,
                timeout=240,
            )
        actions = [each.payload["actions"][0] for each in slack.api.deliveries]

    assert 0 == done.returncode, done.stderr
    assert [
        ("inside", "run_7f3a"),
        ("sure", "run_7f3a"),
        ("more", "second"),
        ("one", "second"),
        ("person", "U0CAROL"),
        ("place", "C0APPROVALS"),
        ("boxes", ["box-two"]),
        ("way", "way-two"),
        ("day", "2026-11-23"),
    ] == [(action["action_id"], _chosen(action)) for action in actions]
