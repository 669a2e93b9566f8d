"""Decoding the kinds of Kubernetes from many threads at once, as the checks do."""

from __future__ import annotations

import subprocess
import sys

AT_ONCE = """
import sys, threading
from workers.cluster import objects
sys.setswitchinterval(1e-6)
kinds = [objects.Pod, objects.Workload, objects.Service, objects.Node, objects.EndpointSlice, objects.Event]
start = threading.Barrier(24)
def work(number):
    start.wait()
    if number % 2:
        objects.decode(b'{"metadata": {"name": "x"}, "spec": {}}', kinds[number % 6])
    else:
        objects.decode_list(b'{"items": [{"metadata": {"name": "x", "labels": {"a": "b"}}}]}', kinds[number % 6])
threads = [threading.Thread(target=work, args=(number,)) for number in range(24)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_the_first_use_of_a_kind_may_come_from_many_threads() -> None:
    """Threads that decode kinds for the first time at the same moment do not crash the interpreter."""
    done = [subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, check=False) for _ in range(3)]

    assert [0, 0, 0] == [each.returncode for each in done]
