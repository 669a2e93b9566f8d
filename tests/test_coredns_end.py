"""Why CoreDNS ended, by its last lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.cluster.coredns_end import LONGEST, Reason, ended_by, waits_for


@pytest.mark.parametrize(
    "line,reason",
    [
        ("/etc/coredns/Corefile:5 - Error during parsing: Unknown directive 'bdhfhdhj'", Reason.PARSE),
        (
            "plugin/kubernetes: /etc/coredns/Corefile:9 - Error during parsing: unknown property 'upstream'",
            Reason.PARSE,
        ),
        ('plugin/forward: not an IP address or file: "x"', Reason.PARSE),
        ('plugin/loop: Loop (127.0.0.1:55953 -> :1053) detected for zone ".", see https://coredns.io', Reason.LOOP),
        ("plugin/forward: no nameservers found", Reason.NO_UPSTREAM),
        ("listen tcp :8080: bind: address already in use", Reason.PORT_TAKEN),
        ("[INFO] plugin/health: Going into lameduck mode for 5s", None),
        ("[ERROR] plugin/reload: Corefile changed but reload failed: Error during parsing", None),
        ('[INFO] 10.0.0.1:5 - 2 "A IN unknown-property. udp 41 false 4096" NOERROR qr,rd 68 0.03s', None),
        ("[ERROR] plugin/errors: 2 loop.Error during parsing. A: read udp: i/o timeout", None),
    ],
)
def test_a_line_gives_the_reason(line: str, reason: Reason | None) -> None:
    """Each known last line has its reason; what a client asked for is no reason."""
    found = ended_by(f"2026-11-23T16:02:34.804844734Z maxprocs: Leaving GOMAXPROCS=2\n2026-11-23T16:02:34.9Z {line}")

    assert reason == (found.reason if found else None)


@pytest.mark.parametrize(
    "line",
    ['[INFO] plugin/ready: Still waiting on: "kubernetes"', '[INFO] plugin/ready: Plugins not ready: "kubernetes"'],
)
def test_what_readiness_waits_for_is_read(line: str) -> None:
    """Both dialects name the plugin that is not ready."""
    assert "kubernetes" == waits_for(f"{line}\nanother line")


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    """Whatever a log holds, a reason is a short line or nothing."""
    found = ended_by(text)

    assert found is None or len(found.line) <= LONGEST
    assert "\n" not in waits_for(text)
