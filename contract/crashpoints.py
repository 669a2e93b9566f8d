"""Numbered places where a test can let a process die: around each durable write and each call to the outside.

`DNSMEDIC_CRASH_AT=3` ends the process, as SIGKILL would, at the third of them that it reaches. It is no setting: nobody
but the tests gives it, and without it a place costs one comparison.
"""

from __future__ import annotations

import itertools
import os

_AT = int(os.environ.get("DNSMEDIC_CRASH_AT", "0"))
_reached = itertools.count(1)


def reach() -> None:
    """Die here if this is the chosen place."""
    if _AT and next(_reached) == _AT:
        os._exit(137)
