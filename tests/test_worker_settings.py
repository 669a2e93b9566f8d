"""The workers' settings: right ones are taken, wrong ones are all named at once, secrets are never shown."""

from __future__ import annotations

import pytest

from contract.signing import Key
from workers.settings import SLACK_URL, BadSettings, Settings

GOOD = {"REDIS_URL": "redis://127.0.0.1:6379/0", "SLACK_BOT_TOKEN": "xoxb-test", "DNSMEDIC_CLUSTERS": "clusters.yaml"}


def test_three_settings_are_enough() -> None:
    """The rest has defaults; the key is one of the bot's token."""
    settings = Settings.from_env(GOOD)

    assert (SLACK_URL, "", "", "INFO") == (settings.slack_url, settings.probe_image, settings.metrics, settings.log)
    assert Key.of("", "xoxb-test").sign("job", "x") == settings.key.sign("job", "x")


def test_an_address_of_slack_may_lack_its_last_slash() -> None:
    """Methods are appended to it, so it ends in one."""
    settings = Settings.from_env(GOOD | {"SLACK_API_URL": "http://127.0.0.1:8081/api"})

    assert "http://127.0.0.1:8081/api/" == settings.slack_url


def test_every_mistake_is_named_at_once() -> None:
    """One line for each, none with a value."""
    wrong = {
        "REDIS_URL": "http://secret-in-redis",
        "SLACK_BOT_TOKEN": "xapp-secret-token",
        "SLACK_API_URL": "gopher",
        "DNSMEDIC_KEY": "short,also-short,third",
        "DNSMEDIC_PROBE_IMAGE": "python latest",
        "DNSMEDIC_METRICS": "nowhere",
        "DNSMEDIC_LOG": "chatty",
    }
    with pytest.raises(BadSettings) as raised:
        Settings.from_env(wrong)
    named = {line.split()[0] for line in raised.value.mistakes}

    assert {*wrong, "DNSMEDIC_CLUSTERS"} == named
    assert [] == [value for value in wrong.values() if value in str(raised.value)]


def test_nothing_secret_is_in_their_text() -> None:
    """Neither repr nor str of the settings shows a token, a key or a Redis password."""
    given = {**GOOD, "REDIS_URL": "redis://:hunter2@127.0.0.1/0", "DNSMEDIC_KEY": "a-secret-that-is-long-enough"}
    shown = repr(Settings.from_env(given))

    assert [] == [secret for secret in ("xoxb-test", "hunter2", "a-secret") if secret in shown]
