"""Network ACLs: four packets' ways, each by the first entry that matches."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from workers.cluster.aws import AclEntry, NetworkAcl
from workers.cluster.network_acls import CLIENT_PORTS, Denial, Point, denials

CLIENT = Point(subnet="subnet-a", address="10.0.1.5")
SERVER = Point(subnet="subnet-b", address="10.0.2.5")
OPEN = (
    AclEntry(number=100, protocol="-1", allow=True, egress=True, cidr="0.0.0.0/0"),
    AclEntry(number=100, protocol="-1", allow=True, egress=False, cidr="0.0.0.0/0"),
)


def _entry(
    number: int, protocol: str, ports: tuple[int, int], *, allow: bool, egress: bool, cidr: str = "0.0.0.0/0"
) -> AclEntry:
    return AclEntry(
        number=number, protocol=protocol, allow=allow, egress=egress, cidr=cidr, first=ports[0], last=ports[1]
    )


def _seen(near: tuple[AclEntry, ...], far: tuple[AclEntry, ...] = OPEN, transport: str = "udp") -> tuple[Denial, ...]:
    acls = (
        NetworkAcl(id="acl-a", subnets=("subnet-a",), entries=near),
        NetworkAcl(id="acl-b", subnets=("subnet-b",), entries=far),
    )
    found = denials(CLIENT, SERVER, transport, 53, acls)
    assert found is not None
    return found


def test_open_acls_deny_nothing() -> None:
    """The default ACL lets everything through."""
    assert () == _seen(OPEN)
    assert () == _seen(OPEN, transport="tcp")


def test_inside_one_subnet_no_acl_applies() -> None:
    """Two interfaces of one subnet never meet it."""
    closed = NetworkAcl(id="acl-a", subnets=("subnet-a",))

    assert () == denials(CLIENT, Point(subnet="subnet-a", address="10.0.1.9"), "udp", 53, (closed,))


def test_an_acl_that_could_not_be_read_leaves_it_open() -> None:
    """Unknown is neither allowed nor denied."""
    assert denials(CLIENT, SERVER, "udp", 53, (NetworkAcl(id="acl-a", subnets=("subnet-a",), entries=OPEN),)) is None


def test_no_answers_come_back_without_the_clients_ports() -> None:
    """Port 53 inwards alone lets no answer in: by UDP, since TCP is open."""
    near = (
        OPEN[0],
        _entry(100, "6", (0, 65535), allow=True, egress=False),
        _entry(110, "17", (53, 53), allow=True, egress=False),
        _entry(32767, "-1", (0, 65535), allow=False, egress=False),
    )

    found = _seen(near)

    assert [("acl-a", False, "answer", 32767, CLIENT_PORTS)] == [
        (d.acl, d.egress, d.way, d.entry, d.ports) for d in found
    ]
    assert () == _seen(near, transport="tcp")


def test_the_first_entry_that_matches_decides() -> None:
    """A deny before an allow denies, one behind it does not."""
    before = (_entry(90, "17", (53, 53), allow=False, egress=True), *OPEN)
    behind = (_entry(190, "17", (53, 53), allow=False, egress=True), *OPEN)

    assert [("question", 90)] == [(d.way, d.entry) for d in _seen(before)]
    assert () == _seen(behind)


def test_the_servers_side_counts_both_ways() -> None:
    """CoreDNS' subnet must let the question in and the answer out."""
    silent = (OPEN[1], _entry(100, "17", (0, 1023), allow=True, egress=True))
    deaf = (OPEN[0], _entry(100, "17", (1024, 65535), allow=True, egress=False))

    assert [("acl-b", True, "answer")] == [(d.acl, d.egress, d.way) for d in _seen(OPEN, silent)]
    assert [("acl-b", False, "question")] == [(d.acl, d.egress, d.way) for d in _seen(OPEN, deaf)]


def test_the_exact_addresses_count() -> None:
    """An entry about another range is no concern of these two."""
    elsewhere = (_entry(90, "-1", (0, 65535), allow=False, egress=True, cidr="10.0.9.0/24"), *OPEN)
    here = (_entry(90, "-1", (0, 65535), allow=False, egress=True, cidr="10.0.2.0/24"), *OPEN)

    assert () == _seen(elsewhere)
    assert [90] == [d.entry for d in _seen(here)]


def test_only_the_ports_that_linux_uses_matter() -> None:
    """49152 and up (as on Windows) leaves out a part of them; 32768 to 60999 is all."""
    narrow = (OPEN[0], _entry(100, "17", (49152, 65535), allow=True, egress=False))
    enough = (OPEN[0], _entry(100, "17", (32768, 61000), allow=True, egress=False))

    assert [((32768, 49151), True)] == [(d.ports, d.partly) for d in _seen(narrow)]
    assert () == _seen(enough)


def test_holes_in_the_middle_are_found() -> None:
    """A deny for some ports before the allow leaves the parts around it."""
    hole = (OPEN[0], _entry(50, "17", (40000, 40999), allow=False, egress=False), OPEN[1])

    assert [((40000, 40999), 50)] == [(d.ports, d.entry) for d in _seen(hole)]


def test_no_entry_at_all_denies_everything() -> None:
    """What no entry matches is denied."""
    assert ["question", "answer"] == [d.way for d in _seen(())]
    assert all("rule *" in d.line for d in _seen(()))


ENTRIES = st.builds(
    AclEntry,
    number=st.integers(1, 32767), protocol=st.sampled_from(["-1", "6", "17", "1", "tcp"]), allow=st.booleans(),
    egress=st.booleans(), cidr=st.sampled_from(["0.0.0.0/0", "10.0.2.0/24", "10.0.1.0/24", "::/0", "x"]),
    first=st.integers(0, 65535), last=st.integers(0, 65535),
)  # fmt: skip


@given(st.lists(ENTRIES, max_size=6, unique_by=lambda e: (e.number, e.egress)), st.integers(*CLIENT_PORTS))
def test_ports_are_denied_as_one_by_one(entries: list[AclEntry], port: int) -> None:
    """What is told of a range of ports is what the first matching entry says of each of them."""
    found = [d for d in _seen(tuple(entries)) if d.acl == "acl-a" and d.way == "answer"]
    remote = ipaddress.ip_address(SERVER.address)

    def matches(entry: AclEntry) -> bool:
        ranges = {"0.0.0.0/0": True, "10.0.2.0/24": True}
        inside = ranges.get(entry.cidr, False) and remote.version == 4
        return not entry.egress and entry.protocol in ("-1", "17") and inside and entry.first <= port <= entry.last

    first = next((e for e in sorted(entries, key=lambda e: e.number) if matches(e)), None)
    denied = any(d.ports[0] <= port <= d.ports[1] for d in found)

    assert (first is None or not first.allow) == denied
