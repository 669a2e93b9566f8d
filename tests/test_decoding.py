"""Decoding for the first time in many threads at once, as bot and worker do when they have just started."""

from __future__ import annotations

import subprocess
import sys

import pytest

AT_ONCE = """
import sys, threading
from bot import payloads, shape
from contract import outbox, records
import msgspec
from workers.jobs import packing
from workers.runner import Kept
sys.setswitchinterval(1e-6)
start = threading.Barrier(16)
slash = {"command": "/x", "user_id": "U0A", "team_id": "T1", "channel_id": "C0A", "trigger_id": "1"}
row = outbox.Row(name="x", kind=outbox.Kind.STEP, rungs=(outbox.Message("x"),))
step = b'{"check": "a", "title": "t", "outcome": "ok", "summary": "s"}'
fields = {b"question": b'{"cluster": "a"}', b"state": b"queued", b"user": b"", b"team": b"T", b"channel": b"C"}
acts = [
    lambda: shape.shape_fault(b'{"type": "x", "actions": [{"type": "b"}], "view": {"id": "x"}}', "application/json"),
    lambda: payloads.read(slash, payloads.Slash),
    lambda: msgspec.json.decode(msgspec.json.encode(row), type=outbox.Row),
    lambda: msgspec.convert({"name": "x"}, outbox.Thread, strict=False),
    lambda: records.restored("run_x", fields, {b"a": step}, [], [None, None]),
    lambda: packing.unpacked(packing.packed(Kept(check="x"))),
]
def work(number):
    start.wait()
    acts[ACT]()
threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


@pytest.mark.parametrize("act", range(6))
def test_many_threads_may_decode_a_type_for_the_first_time(act: int) -> None:
    """No process crashes because two threads came upon a type at the same moment."""
    code = AT_ONCE.replace("ACT", str(act))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert 0 == done.returncode
