"""DNS questions and answers: dnspython writes the one and reads the other, here and nowhere else."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from contract.model import Effect

PAYLOAD = 1232
"""The EDNS size that survives every path (DNS flag day 2020)."""
RECORDS = 16
"""As many records of an answer are kept."""
ADDRESSES = ("A", "AAAA")
"""The types of records that hold an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One DNS answer. rcode: as in `NOERROR`. addresses: of A and AAAA records. canonical: the end of its CNAME chain.

    ttl: of the answer's first record, or of the SOA where there is none. authority: the SOA's zone. records: the answer
    section, a line each. wanted: the type that was asked for, as in `AAAA`; "" where the answer does not tell.
    """

    rcode: str
    authoritative: bool = False
    truncated: bool = False
    recursion: bool = False
    addresses: tuple[str, ...] = ()
    canonical: str = ""
    ttl: int = 0
    authority: str = ""
    records: tuple[str, ...] = ()
    wanted: str = ""

    @property
    def effect(self) -> Effect:
        """The answer as a cell of the matrix."""
        if self.rcode == "NOERROR":
            # A CNAME that leads nowhere is no address. What was cut off may have held one.
            whole = self.wanted in ADDRESSES and not self.truncated
            return Effect.OK if (self.addresses if whole else self.records) else Effect.NODATA
        known = {"NXDOMAIN": Effect.NXDOMAIN, "SERVFAIL": Effect.SERVFAIL, "REFUSED": Effect.REFUSED}
        return known.get(self.rcode, Effect.FAILED)

    @property
    def text(self) -> str:
        """`NOERROR aa 10.0.0.1 10.0.0.2 (ttl 30)`."""
        flags = [f for f, on in (("aa", self.authoritative), ("tc", self.truncated), ("ra", self.recursion)) if on]
        shown = " ".join(self.addresses[:4]) or (self.records[0] if self.records else "no records")
        more = f" and {len(self.addresses) - 4} more" if len(self.addresses) > 4 else ""
        return f"{self.rcode} {','.join(flags) or '-'} {shown}{more} (ttl {self.ttl})"


def query(name: str, kind: str = "A") -> bytes:
    """The wire form of a question for NAME (taken as absolute). Raises ValueError where it is no DNS name."""
    try:
        asked = dns.name.from_text(name if name.endswith(".") else name + ".")
        return dns.message.make_query(asked, kind, use_edns=0, payload=PAYLOAD).to_wire()
    except (dns.exception.DNSException, UnicodeError) as problem:
        raise ValueError(f"{name[:80]!r} is no DNS name: {problem}") from None


def askable(name: str) -> bool:
    """Whether NAME can be asked at all."""
    try:
        return bool(query(name))
    except ValueError:
        return False


def read(wire: bytes, asked: bytes = b"") -> Reply | None:
    """WIRE as an answer (to the question ASKED); None where it is not one."""
    try:
        message = dns.message.from_wire(wire, ignore_trailing=True, one_rr_per_rrset=False, raise_on_truncation=False)
        if not message.flags & dns.flags.QR:
            return None
        if asked and not dns.message.from_wire(asked).is_response(message):
            return None
        return _reply(message)
    except (dns.exception.DNSException, ValueError, IndexError, RecursionError, NotImplementedError):
        return None


def _reply(message: dns.message.Message) -> Reply:
    addresses: list[str] = []
    records: list[str] = []
    canonical = ""
    for rrset in message.answer[:64]:
        if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            addresses += [str(ipaddress.ip_address(rdata.to_text())) for rdata in rrset]
        if rrset.rdtype == dns.rdatatype.CNAME:
            canonical = rrset[0].to_text()[:255]
        records += _shown(rrset)
    soa = next((r for r in message.authority if r.rdtype == dns.rdatatype.SOA), None)
    first = message.answer[0] if message.answer else soa
    return Reply(
        rcode=dns.rcode.to_text(message.rcode()),
        authoritative=bool(message.flags & dns.flags.AA),
        truncated=bool(message.flags & dns.flags.TC),
        recursion=bool(message.flags & dns.flags.RA),
        addresses=tuple(addresses[:256]),
        canonical=canonical,
        ttl=first.ttl if first is not None else 0,
        authority=soa.name.to_text(omit_final_dot=True) if soa is not None else "",
        records=tuple(records[:RECORDS]),
        wanted=dns.rdatatype.to_text(message.question[0].rdtype) if message.question else "",
    )


def _shown(rrset: dns.rrset.RRset) -> list[str]:
    return [
        f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {one.to_text()}"[:200]
        for one in list(rrset)[:RECORDS]
    ]
