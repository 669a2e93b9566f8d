"""What the bot needs from the environment. Every mistake is reported at once, and no secret is ever shown."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from contract.refusal import Refused
from contract.signing import Key

_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.*-]*):(?P<port>\d{1,5})")
_REDIS_SCHEMES = ("redis", "rediss", "unix")
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the bot. app_token: empty means HTTP on `http`. metrics: empty means none. Secrets have no repr.

    http: host and port. metrics: HOST:PORT. key: signs jobs; made of the bot's token where DNSMEDIC_KEY is not set.
    """

    bot_token: str = field(repr=False)
    signing_secrets: tuple[str, ...] = field(repr=False)
    app_token: str = field(repr=False, default="")
    key: Key
    api_url: str = "https://slack.com/api/"
    redis_url: str = field(repr=False, default="redis://127.0.0.1:6379/0")
    clusters: Path = Path("clusters.yaml")
    http: tuple[str, int] = ("127.0.0.1", 3000)
    metrics: str = ""
    log: str = "INFO"

    @property
    def socket_mode(self) -> bool:
        """Whether Slack is reached over a socket of ours instead of calling us."""
        return bool(self.app_token)

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Settings:
        """The settings in an environment. Raises Refused with every mistake, a line each."""
        reading = _Reading(environment)
        token = reading.token("SLACK_BOT_TOKEN", "xoxb-", needed=True)
        app_token = reading.token("SLACK_APP_TOKEN", "xapp-", needed=False)
        secrets = reading.secrets("SLACK_SIGNING_SECRET", needed=not app_token)
        keys = reading.secrets("DNSMEDIC_KEY", needed=False, shortest=16)
        values = {
            "api_url": reading.api_url(),
            "redis_url": reading.redis_url(),
            "http": reading.address("DNSMEDIC_HTTP", "127.0.0.1:3000"),
            "metrics": reading.value("DNSMEDIC_METRICS") if reading.address("DNSMEDIC_METRICS", "") else "",
            "log": reading.level(),
        }
        if reading.problems:
            raise Refused("\n".join(reading.problems))
        return cls(
            bot_token=token,
            signing_secrets=secrets,
            app_token=app_token,
            key=Key.of(",".join(keys), token),
            clusters=Path(environment.get("DNSMEDIC_CLUSTERS") or "clusters.yaml"),
            **values,  # type: ignore[arg-type]  # each came through its own method above
        )


class _Reading:
    """Reads one variable after the other and notes what is wrong, never with the value of a secret."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.problems: list[str] = []

    def value(self, name: str) -> str:
        return self.environment.get(name, "").strip()

    def token(self, name: str, prefix: str, *, needed: bool) -> str:
        value = self.value(name)
        if not value and needed:
            self.problems.append(f"{name} is not set")
        elif value and not re.fullmatch(re.escape(prefix) + r"[A-Za-z0-9._-]{1,400}", value):
            self.problems.append(f"{name} is no token that starts with {prefix}")
        return value

    def secrets(self, name: str, *, needed: bool, shortest: int = 1) -> tuple[str, ...]:
        """One secret, or two with a comma between them while they are exchanged."""
        values = tuple(part.strip() for part in self.value(name).split(",") if part.strip())
        if not values and needed:
            self.problems.append(f"{name} is not set: without it, requests over HTTP cannot be told from forged ones")
        if len(values) > 2:
            self.problems.append(f"{name} has {len(values)} secrets; two at most, comma-separated")
        if any(len(value) < shortest or not value.isascii() for value in values):
            self.problems.append(f"{name} needs {shortest} ASCII characters or more in each secret")
        return values

    def api_url(self) -> str:
        value = self.value("SLACK_API_URL") or "https://slack.com/api/"
        parts = _split(value)
        if parts is None or not parts[1] or parts[0] not in ("https", "http"):
            self.problems.append("SLACK_API_URL is no http(s) address")
        elif parts[0] == "http" and not _is_loopback(parts[1]):
            self.problems.append("SLACK_API_URL must be https, or an address of this machine: tokens are sent there")
        return value if value.endswith("/") else f"{value}/"

    def redis_url(self) -> str:
        value = self.value("REDIS_URL") or "redis://127.0.0.1:6379/0"
        parts = _split(value)
        if parts is None or parts[0] not in _REDIS_SCHEMES:
            self.problems.append(f"REDIS_URL does not start with one of {', '.join(_REDIS_SCHEMES)}, then ://")
        return value

    def address(self, name: str, default: str) -> tuple[str, int] | None:
        value = self.value(name) or default
        if not value:
            return None
        found = _ADDRESS.fullmatch(value)
        if not found or not 0 <= int(found["port"]) <= 65535:
            self.problems.append(f"{name} is no address and port, as 127.0.0.1:3000 is")
            return None
        return found["host"].strip("[]") or "0.0.0.0", int(found["port"])  # noqa: S104 - what `:3000` asks for

    def level(self) -> str:
        value = (self.value("DNSMEDIC_LOG") or "INFO").upper()
        if value not in _LEVELS:
            self.problems.append(f"DNSMEDIC_LOG is none of {', '.join(_LEVELS)}")
        return value if value in logging.getLevelNamesMapping() else "INFO"


def _split(url: str) -> tuple[str, str] | None:
    """Scheme and host of a URL, None where it is none."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or ""
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
