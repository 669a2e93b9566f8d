"""Pairs are judged over both transports, and told apart by what UDP can still do."""

from __future__ import annotations

import pytest

from contract.model import Scope
from workers.cluster.attachment import End
from workers.cluster.crossings import judged, named, scope_of, share_of, transports_of

A, B, C = (End(name=name, node=name, address="10.0.0.1") for name in ("a", "b", "c"))
POD = End(name="pod/x", node="d", address="10.0.0.2")
PAIRS = ((A, POD), (B, POD), (C, POD))


def _judge(client: End, _: End, transport: str) -> tuple[bool | None, str]:
    """A is deaf, B cannot use TCP, and of C nobody knows whether UDP passes."""
    passes: dict[tuple[End, str], bool | None] = {
        (A, "udp"): False, (A, "tcp"): False, (B, "tcp"): False, (C, "udp"): None,
    }  # fmt: skip
    return passes.get((client, transport), True), f"{client.name} {transport}"


def test_what_udp_cannot_pass_is_told_from_what_only_tcp_cannot() -> None:
    """All that is blocked in a pair without UDP is hard; what is blocked elsewhere is soft."""
    seen = judged(PAIRS, _judge)

    assert ["a udp", "a tcp"] == [one.reason for one in seen.hard]
    assert ["b tcp"] == [one.reason for one in seen.soft]
    assert (1, 0) == (seen.unknown, seen.good)


def test_what_is_blocked_in_words_and_as_a_scope() -> None:
    """Transports come UDP first, pairs once, and nodes are counted among those that ask."""
    seen = judged(PAIRS, _judge)

    assert Scope(transports=("udp", "tcp"), pairs=(("a", "pod/x"), ("b", "pod/x"))) == scope_of(seen.blocked)
    assert "2 of 3 nodes" == share_of(seen.blocked, (A, B, C))
    assert "TCP" == named(transports_of(seen.soft))


@pytest.mark.parametrize("pairs", [(), ((B, B),)])
def test_nothing_is_blocked(pairs: tuple[tuple[End, End], ...]) -> None:
    """Where all pass, all are good."""
    seen = judged(pairs, lambda *_: (True, ""))

    assert ((), (), 0, len(pairs)) == (seen.hard, seen.soft, seen.unknown, seen.good)
