"""The manifests that people paste into Slack: what the bot listens to, the scopes that it uses, within Slack's limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot.listeners import COMMAND, HEALTH, SHORTCUT
from sandbox.slack import OPTIONAL_SCOPES, REQUIRED_SCOPES
from tests.test_rules import ROOT
from workers.terminal.doctor import NEEDED_SCOPES

FOLDER = ROOT / "deploy" / "slack"
SCHEMA = ROOT.parent / "shared" / "reference" / "slack-manifest.schema.2.0.0.json"
SOCKET, HTTP = "manifest.json", "manifest-http.json"


def manifest(name: str) -> dict[str, Any]:
    """One of the manifests."""
    read: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return read


def without_addresses(value: Any) -> Any:
    """The manifest but for where Slack calls."""
    if isinstance(value, dict):
        left = {key: without_addresses(one) for key, one in value.items() if "url" not in key}
        return {key: one for key, one in left.items() if key != "socket_mode_enabled"}
    return [without_addresses(one) for one in value] if isinstance(value, list) else value


def addresses(value: Any) -> set[str]:
    """Where Slack calls."""
    if isinstance(value, dict):
        own = {str(one) for key, one in value.items() if "url" in key}
        return own.union(*(addresses(one) for one in value.values()))
    return set().union(*(addresses(one) for one in value)) if isinstance(value, list) else set()


def test_both_ways_in_are_the_same_app() -> None:
    """They differ in nothing but how Slack reaches the bot; over Socket Mode it needs no address."""
    socket, http = manifest(SOCKET), manifest(HTTP)

    assert without_addresses(socket) == without_addresses(http)
    assert [True, False] == [one["settings"]["socket_mode_enabled"] for one in (socket, http)]
    assert (set(), {"https://dnsmedic.example.com/slack/events"}) == (addresses(socket), addresses(http))


@pytest.mark.parametrize("name", [SOCKET, HTTP])
def test_it_asks_for_what_is_used(name: str) -> None:
    """The scopes are those that doctor looks for, the optional ones are known; each command is one that is answered."""
    scopes = manifest(name)["oauth_config"]["scopes"]
    commands = [one["command"] for one in manifest(name)["features"]["slash_commands"]]

    assert NEEDED_SCOPES == set(scopes["bot"]) == set(REQUIRED_SCOPES)
    assert set(scopes["bot_optional"]) <= set(OPTIONAL_SCOPES)
    assert [COMMAND, HEALTH] == commands
    assert ["app_mention", "app_home_opened"] == manifest(name)["settings"]["event_subscriptions"]["bot_events"]
    assert manifest(name)["features"]["app_home"]["home_tab_enabled"]
    assert [SHORTCUT] == [one["callback_id"] for one in manifest(name)["features"]["shortcuts"]]


@pytest.mark.parametrize("name", [SOCKET, HTTP])
def test_it_is_within_the_limits_of_slack(name: str) -> None:
    """Slack refuses a manifest whose texts are longer."""
    read = manifest(name)

    assert len(read["display_information"]["name"]) <= 35
    assert len(read["display_information"]["description"]) <= 140
    for command in read["features"]["slash_commands"]:
        assert len(command["command"]) <= 32
        assert len(command["usage_hint"]) <= 1000
    for shortcut in read["features"]["shortcuts"]:
        assert len(shortcut["name"]) <= 24


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's own schema is not here")
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.name)
def test_it_is_what_the_schema_of_slack_says(path: Path) -> None:
    """Slack's schema of manifests has nothing against it."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)

    assert [] == [error.message for error in validator.iter_errors(json.loads(path.read_text(encoding="utf-8")))]
