"""Writes that are made in one round trip, and only where nothing stands in their way.

A transaction with watched keys reads first and writes then, and may have to begin again. Where all that it would look
for is that certain keys are absent and certain sets are not full, Redis can see that for itself: a script does, at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from redis import Redis
from redis.client import Pipeline

from contract import crashpoints

NOW = "\0now"
"""Stands for Unix seconds by the clock of Redis, as one whole argument of a queued command."""

_SCRIPT = """
local mark, absent, at = ARGV[1], tonumber(ARGV[2]), 3
for i = 1, absent do
  if redis.call('EXISTS', KEYS[i]) == 1 then return false end
end
for i = absent + 1, #KEYS do
  if redis.call('ZCARD', KEYS[i]) >= tonumber(ARGV[at]) then return false end
  at = at + 1
end
local time = redis.call('TIME')
local now = time[1] .. '.' .. string.rep('0', 6 - #time[2]) .. time[2]
local answer
while at <= #ARGV do
  local words, count = {}, tonumber(ARGV[at])
  for i = 1, count do
    local word = ARGV[at + i]
    if word == mark then word = now end
    words[i] = word
  end
  answer = redis.call(unpack(words))
  at = at + count + 1
end
return {now, answer}
"""


class Guarded:
    """The script, for one Redis."""

    def __init__(self, redis: Redis) -> None:
        self._run = redis.register_script(_SCRIPT)

    def write(self, pipe: Pipeline, absent: Sequence[str], below: Mapping[str, int]) -> tuple[float, Any] | None:
        """Execute what the pipe has queued, if none of these keys exists and each of these sorted sets has fewer members.

        The time by the clock of Redis and the answer to what was queued last; None where nothing was written. A lost
        answer makes it run again, so that one of the absent keys must be among what it writes. Raises RedisError.
        """
        words: list[Any] = [NOW, len(absent), *below.values()]
        for command in pipe.command_stack:
            words += [len(command[0]), *command[0]]
        pipe.reset()
        crashpoints.reach()
        answer = self._run(keys=[*absent, *below], args=words)
        crashpoints.reach()
        return None if answer is None else (float(answer[0]), answer[1])
