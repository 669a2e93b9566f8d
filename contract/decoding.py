"""Types that are decoded in more than one thread: msgspec has to learn each of them before the threads begin."""

from __future__ import annotations

import msgspec


def learn(*kinds: object) -> None:
    """Let msgspec learn these types, and all inside of them, now: call it where they are defined.

    It learns a type when it first decodes one, without a lock: two threads that do so at the same moment crash the
    whole process (a segmentation fault; seen with msgspec 0.22).
    """
    for kind in kinds:
        msgspec.json.Decoder(kind)
