"""The key that bot and workers sign with, so that what Redis holds cannot be forged by whoever can write there."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

_PURPOSE = b"dnsmedic key 1"


@dataclass(frozen=True, slots=True)
class Key:
    """One secret, or two while they are exchanged: the first signs, each of them verifies."""

    secrets: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.secrets or not all(self.secrets):
            raise ValueError("a key needs a secret")

    @classmethod
    def of(cls, configured: str, slack_token: str) -> Key:
        """The key of DNSMEDIC_KEY (one or two secrets, comma-separated); where that is empty, one of the bot's token.

        Raises ValueError where both are empty.
        """
        words = [word.strip() for word in configured.split(",") if word.strip()]
        if words:
            return cls(tuple(word.encode() for word in words))
        if not slack_token:
            raise ValueError("a key needs DNSMEDIC_KEY or SLACK_BOT_TOKEN")
        return cls((hmac.digest(slack_token.encode(), _PURPOSE, "sha256"),))

    def sign(self, purpose: str, *words: str) -> str:
        """The signature of these words for this purpose: 64 hexadecimal digits."""
        return _sign(self.secrets[0], purpose, words)

    def verify(self, signature: str, purpose: str, *words: str) -> bool:
        """Whether one of the secrets made this signature, of exactly these words, for this purpose."""
        made = [_sign(secret, purpose, words) for secret in self.secrets]
        return any(hmac.compare_digest(one.encode(), signature.encode(errors="replace")) for one in made)


def _sign(secret: bytes, purpose: str, words: tuple[str, ...]) -> str:
    """Each word goes in with its length, so that no two lists of words are the same text."""
    parts = [word.encode(errors="surrogatepass") for word in (purpose, *words)]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hmac.digest(secret, message, "sha256").hex()
