"""The audit shows whatever was done to it, and is there for all that was asked and refused."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from redis import Redis

from contract.audit import Audit
from contract.signing import Key
from tests import spine


@pytest.fixture
def audit(redis: Redis) -> Audit:
    """An audit with five entries."""
    made = Audit(redis, spine.KEY)
    for number in range(5):
        made.append({"what": "asked", "number": number})
    return made


def stored(redis: Redis) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """All entries with their ids."""
    return cast("list[tuple[bytes, dict[bytes, bytes]]]", redis.xrange("audit"))


def drop(redis: Redis, number: int) -> None:
    """Delete an entry."""
    redis.xdel("audit", stored(redis)[number][0])


def edit(redis: Redis, number: int) -> None:
    """Write all entries anew, one of them with other words."""
    entries = stored(redis)
    redis.delete("audit")
    for place, (entry, fields) in enumerate(entries):
        if place == number:
            fields[b"event"] = b'{"what": "nothing"}'
        redis.xadd("audit", cast("dict[Any, Any]", fields), id=entry)


def forge(redis: Redis, _number: int) -> None:
    """Add an entry with a key of one's own."""
    Audit(redis, Key.of("a-secret-of-an-attacker", "")).append({"what": "approved"})


def test_what_was_written_is_there_in_order(audit: Audit) -> None:
    """An untouched chain has no fault."""
    assert [f'{{"number": {number}, "what": "asked"}}' for number in range(5)] == [
        one["event"] for one in audit.entries()
    ]
    assert () == audit.broken()


@pytest.mark.parametrize(
    "attack, number",
    [(drop, 2), (drop, 4), (edit, 0), (edit, 3), (forge, 0)],
    ids=["middle dropped", "newest dropped", "oldest edited", "edited", "forged"],
)
def test_what_was_done_to_it_shows(
    redis: Redis, audit: Audit, attack: Callable[[Redis, int], None], number: int
) -> None:
    """Each kind of change is found."""
    attack(redis, number)

    assert () != audit.broken()


def test_many_may_write_at_once(redis: Redis) -> None:
    """Each entry is there once, and the chain holds."""
    audits = [Audit(redis, spine.KEY) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: audits[number % 4].append({"number": number}), range(60)))

    assert 60 == len({one["event"] for one in audits[0].entries()})
    assert () == audits[0].broken()


def test_an_entry_is_in_the_log_as_well(audit: Audit, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads the log finds it without Redis."""
    with caplog.at_level(logging.INFO):
        audit.append({"what": "refused", "user": "U0BOB"})

    assert ['audit {"user": "U0BOB", "what": "refused"}'] == [record.getMessage() for record in caplog.records]
