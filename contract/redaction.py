"""Secrets are taken out of every line that is logged, and of whatever else may quote one."""

from __future__ import annotations

import logging
import re

# Whatever repeats in these has a bound, or can begin in one place only: a long line must not take minutes.
_SECRET = re.compile(
    r"k8s-aws-v1\.[A-Za-z0-9_%=+/.-]+"
    r"|\bx(?:ox[a-z]|app)-[A-Za-z0-9%._-]{8,}"
    r"|\bxoxe\.xox[a-z]-[A-Za-z0-9-]+"
    r"|\b(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}\b"
    r"|\beyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}"
    r"|-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)"
)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_NAMED = re.compile(
    r"(?i)((?:(?:password|passwd|secret|api[_-]?key|token|credential)[a-z0-9_-]{0,40}|authorization|signature)"
    r"[\"']?\s{0,9}(?:=|:|%3D)\s{0,9}[\"']?(?:bearer\s{1,9}|basic\s{1,9})?)([^\s\"'&,;}]{4,})"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{12,}")
_BASIC_AUTH = re.compile(r"(://)[^\s/:@]{0,256}:[^\s/@]{1,2000}@")
_LONG_KEY = re.compile(
    r"(?<![A-Za-z0-9/+])(?=[A-Za-z0-9/+]*[0-9])(?=[A-Za-z0-9/+]*[/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
)

GONE = "[secret]"
"""What stands where a secret was."""


def redact(text: str) -> str:
    """The text without colours and without what looks like a secret: keys, tokens, private keys, passwords."""
    text = _SECRET.sub(GONE, _ANSI.sub("", text))
    text = _BASIC_AUTH.sub(rf"\1{GONE}@", text)
    text = _NAMED.sub(lambda found: found[1] + GONE, text)
    text = _BEARER.sub(rf"\1 {GONE}", text)
    return _LONG_KEY.sub(GONE, text)


class Redacted(logging.Formatter):
    """Formats a record as its parent does, traceback included, and takes the secrets out of the whole."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, or more with a traceback, without secrets."""
        return redact(super().format(record))


def log_to_stderr(level: str) -> None:
    """Set up the root logger: everything at `level` or above, redacted, to standard error, once.

    Libraries that print requests or whole payloads in their debug output stay at INFO or above.
    """
    stream = logging.StreamHandler()
    stream.setFormatter(Redacted("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    stream.setLevel(level.upper())  # rq sets levels of its own on its loggers
    root = logging.getLogger()
    root.handlers[:] = [stream]
    root.setLevel(level.upper())
    for name in ("slack_sdk", "slack_bolt", "urllib3", "botocore", "boto3", "kubernetes", "websocket"):
        logging.getLogger(name).setLevel(max(root.level, logging.INFO))
    # It logs the signature and the whole body of a request that it refuses.
    logging.getLogger("slack_bolt.RequestVerification").setLevel(logging.WARNING)
    # rq would add handlers of its own, that nobody redacts.
    for name in ("rq.worker", "rq.job", "rq.scheduler"):
        logging.getLogger(name).addHandler(logging.NullHandler())
