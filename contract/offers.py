"""Requests that a button stands for and nobody has made yet: the button carries an id, Redis what it means."""

from __future__ import annotations

import re
import secrets

import msgspec
from redis import Redis

from contract.decoding import learn
from contract.model import Question

_SECONDS = 24 * 3600
_ID = re.compile(r"ask_[0-9a-f]{16}")


class Offer(msgspec.Struct, frozen=True):
    """A question, and the channel that the button was shown in. again: the run that it repeats, or ""."""

    question: Question
    channel: str
    again: str = ""


learn(Offer)


class Offers:
    """Offers in Redis, each kept for a day. Methods raise RedisError where Redis fails."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    def put(self, offer: Offer) -> str:
        """Keep an offer; its id."""
        made = f"ask_{secrets.token_hex(8)}"
        self.redis.set(f"offer:{made}", msgspec.json.encode(offer), ex=_SECONDS)
        return made

    def get(self, ask: str) -> Offer | None:
        """The offer of this id; None where there is none, or no longer."""
        held = self.redis.get(f"offer:{ask}") if _ID.fullmatch(ask) else None
        try:
            return msgspec.json.decode(held, type=Offer) if isinstance(held, bytes) else None
        except ValueError:
            return None
