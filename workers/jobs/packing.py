"""What a step saw, packed for Redis: without what looks like a secret, small, and never more than a cap."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from contract.redaction import redact
from workers.cluster import Gap
from workers.runner import Kept

MOST_BYTES = 4_000_000
"""Bytes of one step's facts as JSON; a cluster of thousands of nodes stays below."""

_LEVEL = 1


def packed(kept: Kept) -> bytes:
    """The step's facts. Where they are too many, why they are missing, so that nobody takes them for all there was."""
    body = _body(kept)
    if len(body) > MOST_BYTES:
        reason = f"what it saw was too much to keep ({len(body):,} bytes of JSON, {MOST_BYTES:,} at the most)"
        body = _body(replace(kept, facts=None, cannot_read=Gap(what=kept.check, reason=reason)))
    return zlib.compress(body, _LEVEL)


def unpacked(held: bytes) -> Kept:
    """What was packed. Raises ValueError where it is something else."""
    unzip = zlib.decompressobj()
    try:
        body = unzip.decompress(held, 2 * MOST_BYTES)
    except zlib.error as problem:
        raise ValueError(f"this was not packed here: {problem}") from problem
    return msgspec.json.decode(body, type=Kept)


def _body(kept: Kept) -> bytes:
    return msgspec.json.encode(_clean(msgspec.to_builtins(kept)))


def _clean(value: Any) -> Any:
    """The value with every text in it redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {name: _clean(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value
