"""The settings of the bot: all mistakes at once, and no secret in sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import Settings
from contract.refusal import Refused

GOOD = {"SLACK_BOT_TOKEN": "xoxb-test", "SLACK_SIGNING_SECRET": "testing-signing-secret"}


def problems(**changes: str) -> list[str]:
    """What is wrong with these settings, a line each."""
    with pytest.raises(Refused) as caught:
        Settings.from_env(GOOD | changes)
    return str(caught.value).splitlines()


def test_defaults() -> None:
    """A token and a signing secret are enough."""
    settings = Settings.from_env(GOOD)

    assert ("https://slack.com/api/", "redis://127.0.0.1:6379/0", ("127.0.0.1", 3000), "", "INFO") == (
        settings.api_url,
        settings.redis_url,
        settings.http,
        settings.metrics,
        settings.log,
    )
    assert not settings.socket_mode
    assert Path("clusters.yaml") == settings.clusters


def test_two_secrets_while_they_are_exchanged() -> None:
    """Both are taken, without the spaces."""
    settings = Settings.from_env(GOOD | {"SLACK_SIGNING_SECRET": "testing-new, testing-old"})

    assert ("testing-new", "testing-old") == settings.signing_secrets


def test_an_app_token_means_socket_mode_without_a_signing_secret() -> None:
    """Over a socket nothing comes in that has to be verified."""
    settings = Settings.from_env({"SLACK_BOT_TOKEN": "xoxb-test", "SLACK_APP_TOKEN": "xapp-test"})

    assert settings.socket_mode


def test_every_mistake_is_told_and_no_secret() -> None:
    """One start is enough to find all of them."""
    environment = {
        "SLACK_BOT_TOKEN": "secret-one",
        "SLACK_APP_TOKEN": "",
        "SLACK_SIGNING_SECRET": " ",
        "SLACK_API_URL": "http://evil.example/",
        "REDIS_URL": "http://:secret-two@redis",
        "DNSMEDIC_HTTP": "somewhere",
        "DNSMEDIC_METRICS": "0.0.0.0:99999",
        "DNSMEDIC_KEY": "short",
        "DNSMEDIC_LOG": "loud",
    }
    with pytest.raises(Refused) as caught:
        Settings.from_env(environment)

    assert [
        "SLACK_BOT_TOKEN is no token that starts with xoxb-",
        "SLACK_SIGNING_SECRET is not set: without it, requests over HTTP cannot be told from forged ones",
        "DNSMEDIC_KEY needs 16 ASCII characters or more in each secret",
        "SLACK_API_URL must be https, or an address of this machine: tokens are sent there",
        "REDIS_URL does not start with one of redis, rediss, unix, then ://",
        "DNSMEDIC_HTTP is no address and port, as 127.0.0.1:3000 is",
        "DNSMEDIC_METRICS is no address and port, as 127.0.0.1:3000 is",
        "DNSMEDIC_LOG is none of DEBUG, INFO, WARNING, ERROR",
    ] == str(caught.value).splitlines()


@pytest.mark.parametrize(
    "name, value",
    [
        ("SLACK_SIGNING_SECRET", "a,b,c"),
        ("SLACK_API_URL", "ftp://slack.com"),
        ("SLACK_API_URL", "https://[bad"),
        ("DNSMEDIC_HTTP", "127.0.0.1:"),
        ("DNSMEDIC_HTTP", "127.0.0.1:66000"),
        ("SLACK_BOT_TOKEN", "xoxb-a b"),
    ],
)
def test_single_mistakes(name: str, value: str) -> None:
    """Each is told under the name of its variable."""
    assert [name] == [problem.split()[0] for problem in problems(**{name: value})]


def test_repr_holds_no_secret() -> None:
    """What ends up in a log or a traceback gives nothing away."""
    secrets = {
        "SLACK_BOT_TOKEN": "xoxb-canary-one",
        "SLACK_SIGNING_SECRET": "canary-two",
        "SLACK_APP_TOKEN": "xapp-canary-three",
        "DNSMEDIC_KEY": "canary-four-long-enough",
        "REDIS_URL": "redis://:canary-five@127.0.0.1/0",
    }

    assert "canary" not in repr(Settings.from_env(secrets))
