"""What is to be written only where nothing stands in its way is written then, and else not at all."""

from __future__ import annotations

import time

import pytest
from redis import Redis

from contract.guarded import NOW, Guarded
from contract.model import Question
from contract.runs import Runs
from tests import spine


def test_everything_is_written_at_once_with_the_time_of_redis(redis: Redis) -> None:
    """Bytes stay as they are, the time stands where it was asked for, and the last answer comes back."""
    before = time.time()
    with redis.pipeline() as pipe:
        pipe.hset("made", mapping={"at": NOW, "raw": b"\x00\xff now", "words": f"not {NOW}"})
        pipe.rpush("list", "one", "two")
        written = Guarded(redis).write(pipe, ["made", "other"], {"set": 1})

    assert written is not None
    now, length = written
    assert (2, [b"one", b"two"]) == (length, redis.lrange("list", 0, -1))
    assert before - 1 < now < time.time() + 1
    held = redis.hgetall("made")
    assert (now, b"\x00\xff now", f"not {NOW}".encode()) == (float(held[b"at"]), held[b"raw"], held[b"words"])


@pytest.mark.parametrize("absent, below", [(["there"], {}), ([], {"set": 2}), (["gone"], {"none": 1, "set": 2})])
def test_nothing_is_written_where_something_stands_in_the_way(
    redis: Redis, absent: list[str], below: dict[str, int]
) -> None:
    """A key that exists, or a set that is full: no command is carried out."""
    redis.set("there", "1")
    redis.zadd("set", {"one": 1, "two": 2})
    with redis.pipeline() as pipe:
        pipe.set("made", "1")
        written = Guarded(redis).write(pipe, absent, below)

    assert written is None
    assert not redis.exists("made")


def test_a_pipe_keeps_nothing_of_what_was_refused(redis: Redis) -> None:
    """What was queued is not carried out later, by whoever uses the pipe next."""
    redis.set("there", "1")
    with redis.pipeline() as pipe:
        pipe.set("made", "1")
        Guarded(redis).write(pipe, ["there"], {})
        pipe.execute()

    assert not redis.exists("made")


def test_a_question_about_a_free_cluster_takes_one_round_trip(redis: Redis) -> None:
    """Slack waits for the answer: nothing is watched, read and written one after the other."""
    runs = Runs(redis, spine.KEY)
    for cluster in ("first", "second"):
        redis.config_resetstat()
        runs.ask(Question(cluster=cluster), user="U0ALICE", team=spine.TEAM, channel=spine.CHANNEL, request=cluster)
    called = redis.info("commandstats")

    assert 1 == called["cmdstat_evalsha"]["calls"]
    assert "cmdstat_watch" not in called
    assert "cmdstat_multi" not in called
