"""What workers and schedulers need from the environment, with every mistake reported at once and no secret's value shown."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from contract.signing import Key

SLACK_URL = "https://slack.com/api/"

_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*")


class BadSettings(Exception):
    """The environment is no good. The message has a line for each mistake."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a worker runs with. probe_image: "" for the default. metrics: HOST:PORT, "" for none."""

    redis_url: str = field(repr=False)
    slack_token: str = field(repr=False)
    slack_url: str
    clusters: str
    key: Key
    probe_image: str = ""
    metrics: str = ""
    log: str = "INFO"

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Settings:
        """The settings that these variables make. Raises BadSettings with all mistakes."""
        given = _given(environment, _NEEDED, _CHECKS)
        return cls(
            redis_url=given["REDIS_URL"],
            slack_token=given["SLACK_BOT_TOKEN"],
            slack_url=(given.get("SLACK_API_URL") or SLACK_URL).rstrip("/") + "/",
            clusters=given["DNSMEDIC_CLUSTERS"],
            key=Key.of(given.get("DNSMEDIC_KEY", ""), given["SLACK_BOT_TOKEN"]),
            probe_image=given.get("DNSMEDIC_PROBE_IMAGE", ""),
            metrics=given.get("DNSMEDIC_METRICS", ""),
            log=given.get("DNSMEDIC_LOG", "").upper() or "INFO",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """What a scheduler runs with: neither Slack nor the key. metrics: HOST:PORT, "" for none."""

    redis_url: str = field(repr=False)
    clusters: str
    metrics: str = ""
    log: str = "INFO"

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> ScheduleSettings:
        """The settings that these variables make. Raises BadSettings with all mistakes."""
        given = _given(
            environment, ("REDIS_URL", "DNSMEDIC_CLUSTERS"), ("REDIS_URL", "DNSMEDIC_METRICS", "DNSMEDIC_LOG")
        )
        return cls(
            redis_url=given["REDIS_URL"],
            clusters=given["DNSMEDIC_CLUSTERS"],
            metrics=given.get("DNSMEDIC_METRICS", ""),
            log=given.get("DNSMEDIC_LOG", "").upper() or "INFO",
        )


def _given(environment: Mapping[str, str], needed: Iterable[str], checked: Iterable[str]) -> dict[str, str]:
    """The variables without space around them. Raises BadSettings for those that are needed or checked, and no good."""
    given = {name: value.strip() for name, value in environment.items()}
    mistakes = [f"{name} is not set: {_NEEDED[name]}" for name in needed if not given.get(name)]
    mistakes += [f"{name} {fault}" for name in checked if (fault := _CHECKS[name](given.get(name, "")))]
    if mistakes:
        raise BadSettings(mistakes)
    return given


def _redis_fault(value: str) -> str:
    fine = not value or urlsplit(value).scheme in ("redis", "rediss", "unix")
    return "" if fine else "is no address of a Redis: it begins with redis://, rediss:// or unix://"


def _token_fault(value: str) -> str:
    return "" if not value or value.startswith("xoxb-") else "is no bot token: those begin with xoxb-"


def _url_fault(value: str) -> str:
    parts = urlsplit(value)
    fine = not value or (parts.scheme in ("http", "https") and parts.hostname)
    return "" if fine else "is no http or https address"


def _key_fault(value: str) -> str:
    words = [word.strip() for word in value.split(",")]
    if value and (len(words) > 2 or not all(words)):
        return "is one secret, or two with a comma between them"
    return "has a secret of fewer than 16 characters" if value and any(len(word) < 16 for word in words) else ""


def _address_fault(value: str) -> str:
    host, _, port = value.rpartition(":")
    fine = not value or (host and port.isdecimal() and 0 <= int(port) < 65536)
    return "" if fine else "is no address: write HOST:PORT, as in 127.0.0.1:9090"


def _image_fault(value: str) -> str:
    return "" if not value or _IMAGE.fullmatch(value) else "is no name of a container image"


def _log_fault(value: str) -> str:
    return (
        ""
        if not value or value.upper() in logging.getLevelNamesMapping()
        else "is no level: DEBUG, INFO, WARNING, ERROR"
    )


_NEEDED = {
    "REDIS_URL": "where the queue is, as in redis://127.0.0.1:6379/0",
    "SLACK_BOT_TOKEN": "the bot token of the Slack app (xoxb-…)",
    "DNSMEDIC_CLUSTERS": "the path of the clusters file",
}
_CHECKS = {
    "REDIS_URL": _redis_fault,
    "SLACK_BOT_TOKEN": _token_fault,
    "SLACK_API_URL": _url_fault,
    "DNSMEDIC_KEY": _key_fault,
    "DNSMEDIC_PROBE_IMAGE": _image_fault,
    "DNSMEDIC_METRICS": _address_fault,
    "DNSMEDIC_LOG": _log_fault,
}
