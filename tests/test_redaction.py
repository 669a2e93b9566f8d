"""No secret gets into a log line, whatever stands around it; what is none stays as it was."""

from __future__ import annotations

import io
import logging

import pytest

from contract.redaction import GONE, Redacted, redact

SECRETS = {
    "eks token": "k8s-aws-v1.aHR0cHM6Ly9zdHMuZXhhbXBsZS5vcmcvP0FjdGlvbj1HZXRDYWxsZXI",
    "access key": "AKIAIOSFODNN7EXAMPLE",
    "temporary access key": "ASIAIOSFODNN7EXAMPLE",
    "secret key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "bot token": "xoxb-made-up-abcdefghij",
    "app token": "xapp-1-A000-123-abcdef",
    "jwt": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0ZXN0In0.c2lnbmF0dXJl",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
    "cut private key": "-----BEGIN PRIVATE KEY-----\nMIIBsomething",
    "github token": "ghp_0123456789abcdefghijABCDEFGHIJ012345",
}
AROUND = ("{}", "token {} was refused", '{{"auth": "{}"}}', "GET /?x={}&y=1", "\x1b[31m{}\x1b[0m")


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_is_taken_out(secret: str, around: str) -> None:
    """Nothing of it is left, wherever it stands."""
    cleaned = redact(around.format(secret))

    assert GONE in cleaned
    assert [] == [line for line in secret.splitlines() if line in cleaned]


@pytest.mark.parametrize(
    "line, word",
    [
        ("password=hunter22", "hunter22"),
        ('"aws_session_token": "IQoJb3JpZ2luX2VjEXAMPLE"', "IQoJb3"),
        ("X-Amz-Security-Token=IQoJb3JpZ2luX2VjEXAMPLE%3D&x=1", "IQoJb3"),
        ("Authorization: Bearer abcdefghijklmnop", "abcdefghijklmnop"),
        ("https://user:hunter22@example.org/x", "hunter22"),
        ("redis://:hunter22@127.0.0.1:6379/0", "hunter22"),
        ("X-Amz-Signature=0123456789abcdef", "0123456789abcdef"),
    ],
)
def test_what_a_name_gives_away_is_taken_out(line: str, word: str) -> None:
    """The value goes, the name stays."""
    assert word not in redact(line)


@pytest.mark.parametrize(
    "line",
    [
        '[INFO] 10.0.3.7:41000 - 12345 "A IN kubernetes.default.svc. udp 54 false 512" NOERROR qr,aa,rd 106 0.0002s',
        "run_7f3a: its worker is lost, resuming after 3 steps",
        "arn:aws:iam::123456789012:role/dnsmedic-read",
        "list pods in kube-system: 403 forbidden",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "coredns-5d78c9869d-abcde 10.0.3.7 10.0.9.21",
    ],
)
def test_a_plain_line_stays_as_it_was(line: str) -> None:
    """Nothing is taken out of what is no secret."""
    assert line == redact(line)


@pytest.mark.parametrize(
    "piece",
    ["a", "-", "a-", "/a", "a/1", "token", "token=", "eyJ-", "eyJa.", "x://", "://a:", "bearer ", "password ", "\x1b["],
)
def test_a_long_line_is_cleaned_as_fast_as_it_comes(piece: str) -> None:
    """No line that a cluster could log keeps a process busy: patterns never look twice at the same letters for long."""
    assert redact((piece * 200_000)[:200_000])


def test_a_traceback_is_cleaned_as_well() -> None:
    """A secret in an exception does not get into the log."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Redacted("%(message)s"))
    logger = logging.getLogger("test.redaction")
    logger.propagate = False
    logger.addHandler(handler)
    try:
        raise RuntimeError(SECRETS["bot token"])
    except RuntimeError:
        logger.exception("failed with %s", SECRETS["access key"])

    assert 2 == stream.getvalue().count(GONE)
    assert "made-up" not in stream.getvalue()
