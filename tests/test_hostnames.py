"""Which DNS name a message speaks of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hostnames import spoken_of
from contract import names

SAID = [
    ("lookup orders-db.corp.example on 172.20.0.10:53: no such host", "orders-db.corp.example"),
    ("see <http://db.example.org|db.example.org>: getaddrinfo ENOTFOUND", "db.example.org"),
    ("<https://shop.example.org/cart?x=1|the cart> is down", "shop.example.org"),
    ("<@U0ALICE|alice.smith> cannot reach `web.shop.svc.cluster.local:8080`", "web.shop.svc.cluster.local"),
    ("<#C0INC|inc.dns> main.go:12 dial tcp: lookup api.example.org.", "api.example.org"),
    ("ask <mailto:ops@example.org|ops@example.org>, redis.cache fails", "redis.cache"),
    ("_ldap._tcp.corp.example gives SERVFAIL", "_ldap._tcp.corp.example"),
    ("DNS is broken, e.g. on 10.20.1.10 (v1.12.4)", ""),
    ("time.Sleep(5) in values.yaml", ""),
    ("xn--mnchen-3ya.example fails", "xn--mnchen-3ya.example"),
    ("", ""),
]


@pytest.mark.parametrize("text, name", SAID, ids=[text[:30] or "nothing" for text, _ in SAID])
def test_the_first_name_is_found(text: str, name: str) -> None:
    """Markup, addresses, numbers, files and code are no names."""
    assert name == spoken_of(text)


@given(st.text(alphabet="ab.-_<>|@#:/ \n1", max_size=300))
def test_whatever_is_said_what_is_found_may_be_asked_for(text: str) -> None:
    """It is a name, or nothing."""
    found = spoken_of(text)

    assert not found or not names.domain_fault(found)
