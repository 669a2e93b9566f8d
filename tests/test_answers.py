"""DNS questions and answers: what dnspython writes is read again, and any bytes are survived."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.model import Effect
from workers.cluster.answers import query, read


def _rrset(record: str) -> dns.rrset.RRset:
    name, ttl, klass, kind, data = record.split(" ", 4)
    return dns.rrset.from_text(name, int(ttl), klass, kind, data)


def answer(asked: bytes, *records: str, rcode: str = "NOERROR", authority: str = "", flags: int = 0) -> bytes:
    """An answer's wire form to a question's."""
    message = dns.message.make_response(dns.message.from_wire(asked))
    message.set_rcode(dns.rcode.from_text(rcode))
    message.flags |= flags
    message.answer = [_rrset(record) for record in records]
    if authority:
        message.authority = [_rrset(authority)]
    return message.to_wire()


ASKED = query("www.example.org")


def test_an_answer_keeps_what_the_judgement_needs() -> None:
    """Addresses, flags, the end of a CNAME chain and the TTL."""
    wire = answer(
        ASKED, "www.example.org. 30 IN CNAME web.example.net.", "web.example.net. 20 IN A 192.0.2.7", flags=dns.flags.AA
    )

    reply = read(wire, ASKED)

    assert reply is not None
    assert reply.effect is Effect.OK
    assert (reply.addresses, reply.canonical, reply.ttl, reply.authoritative) == (
        ("192.0.2.7",),
        "web.example.net.",
        30,
        True,
    )


@pytest.mark.parametrize(
    "rcode, effect",
    [
        ("NXDOMAIN", Effect.NXDOMAIN),
        ("SERVFAIL", Effect.SERVFAIL),
        ("REFUSED", Effect.REFUSED),
        ("NOTIMP", Effect.FAILED),
    ],
)
def test_a_return_code_becomes_an_effect(rcode: str, effect: Effect) -> None:
    """Each return code has its own cell in the matrix."""
    reply = read(answer(ASKED, rcode=rcode), ASKED)

    assert reply is not None
    assert reply.effect is effect


def test_an_empty_answer_is_nodata_with_its_zone() -> None:
    """NOERROR without records is no success."""
    soa = "example.org. 60 IN SOA ns.example.org. admin.example.org. 1 2 3 4 5"

    reply = read(answer(ASKED, authority=soa), ASKED)

    assert reply is not None
    assert (reply.effect, reply.authority, reply.ttl) == (Effect.NODATA, "example.org", 60)


@pytest.mark.parametrize(
    "kind, flags, expected",
    [("A", 0, Effect.NODATA), ("AAAA", 0, Effect.NODATA), ("CNAME", 0, Effect.OK), ("A", dns.flags.TC, Effect.OK)],
)
def test_an_alias_without_an_address_is_an_answer_without_one(kind: str, flags: int, expected: Effect) -> None:
    """A CNAME that leads nowhere gives no address, unless that may be in what was cut off."""
    asked = query("pay.example.org", kind)

    reply = read(answer(asked, "pay.example.org. 5 IN CNAME nosuch.example.net.", flags=flags), asked)

    assert reply is not None
    assert reply.effect is expected


def test_an_answer_to_another_question_is_none() -> None:
    """A stray or forged answer is not taken."""
    other = query("other.example.org")

    assert read(answer(other, "other.example.org. 5 IN A 192.0.2.9"), ASKED) is None


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".org", ".".join(["a" * 60] * 5)])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    """A word that is no DNS name never becomes a question."""
    with pytest.raises(ValueError, match="no DNS name"):
        query(name)


@given(st.binary(max_size=600))
def test_any_bytes_are_survived(wire: bytes) -> None:
    """Bytes from the network are read or left, never a crash."""
    read(wire, ASKED)
    read(ASKED[:2] + b"\x80\x00" + wire)


@given(st.data())
def test_a_damaged_answer_is_survived(data: st.DataObject) -> None:
    """An answer with any byte changed is read or left, never a crash."""
    wire = bytearray(
        answer(ASKED, "www.example.org. 30 IN CNAME web.example.net.", "web.example.net. 20 IN A 192.0.2.7")
    )
    for at in data.draw(st.lists(st.integers(0, len(wire) - 1), max_size=6)):
        wire[at] = data.draw(st.integers(0, 255))

    read(bytes(wire), ASKED)
