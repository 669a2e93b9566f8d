"""resolv.conf is read as the C libraries read it, and no text makes the reading fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.cluster.resolv_conf import READ, ResolvConf, parse

POD = "search shop.svc.cluster.local svc.cluster.local cluster.local ec2.internal\nnameserver 172.20.0.10\noptions ndots:5\n"


def test_a_pods_file() -> None:
    """What the kubelet writes is read whole."""
    found = parse(POD)

    search = ("shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "ec2.internal")
    assert found == ResolvConf(nameservers=("172.20.0.10",), search=search, ndots=5, options=("ndots:5",))


@pytest.mark.parametrize(
    "text,servers",
    [
        ("", ()),
        ("nameserver 10.0.0.2", ("10.0.0.2",)),
        ("nameserver 10.0.0.2\r\nnameserver fd00::a\r\n", ("10.0.0.2", "fd00::a")),
        ("nameserver\t169.254.20.10\n", ("169.254.20.10",)),
        ("\ufeffnameserver 10.0.0.2\n", ("10.0.0.2",)),
        ("nameserver fe80::1%eth0\n", ("fe80::1%eth0",)),
        ("# nameserver 10.0.0.1\n;nameserver 10.0.0.2\nnameserver 10.0.0.3 # third\n", ("10.0.0.3",)),
        ("nameserver not-an-address\nnameserver 10.0.0.2\n", ("10.0.0.2",)),
        ("\x00\x01\x02\nnameserver 10.0.0.2\n", ("10.0.0.2",)),
    ],
)
def test_name_servers(text: str, servers: tuple[str, ...]) -> None:
    """Name servers are found among comments, tabs, Windows line ends and junk."""
    assert servers == parse(text).nameservers


def test_only_three_name_servers_are_used() -> None:
    """A fourth name server is seen but not asked."""
    found = parse("".join(f"nameserver 10.0.0.{n}\n" for n in range(1, 5)))

    assert (4, ("10.0.0.1", "10.0.0.2", "10.0.0.3")) == (len(found.nameservers), found.used)


@pytest.mark.parametrize(
    "text,search",
    [
        ("search a b\nsearch c\n", ("c",)),
        ("domain corp.example\n", ("corp.example",)),
        ("search a b\ndomain c d\n", ("c",)),
        ("search\n", ()),
    ],
)
def test_search_list(text: str, search: tuple[str, ...]) -> None:
    """The last of `search` and `domain` counts."""
    assert search == parse(text).search


@pytest.mark.parametrize(
    "options,expected",
    [
        ("ndots:2", 2), ("ndots:", 1), ("ndots:-1", 1), ("ndots:99999", 15), ("ndots:5 ndots:2", 2), ("ndots", 1),
        ("ndots:٣", 1), ("ndots:0", 0),
    ],
)  # fmt: skip
def test_ndots(options: str, expected: int) -> None:
    """The last usable ndots counts, up to 15, and what is no number is left out."""
    assert expected == parse(f"options {options}\n").ndots


def test_unknown_lines_are_told() -> None:
    """What no library takes is kept for the reader."""
    assert ("nameservers 10.0.0.2", "nameserver nonsense") == parse(
        "nameservers 10.0.0.2\nnameserver nonsense\n"
    ).ignored


def test_a_huge_file_is_cut() -> None:
    """Ten megabytes are not read to the end."""
    found = parse("nameserver 10.0.0.2\n" + "x" * (10 * READ))

    assert (True, ("10.0.0.2",)) == (found.cut, found.nameservers)


@given(st.text(max_size=2000))
def test_any_text(text: str) -> None:
    """Any text gives values within the libraries' limits."""
    found = parse(text)

    assert (True, True, True) == (0 <= found.ndots <= 15, 1 <= found.timeout <= 30, 1 <= found.attempts <= 5)


@given(
    st.lists(st.ip_addresses(v=4).map(str), max_size=6),
    st.lists(st.from_regex(r"[a-z]{1,9}\.[a-z]{2,5}", fullmatch=True), max_size=8),
    st.integers(0, 15),
)
def test_what_was_written_is_read(servers: list[str], search: list[str], ndots: int) -> None:
    """A well-formed file is read back as it was written."""
    text = "".join(f"nameserver {s}\n" for s in servers) + f"search {' '.join(search)}\noptions ndots:{ndots}\n"

    assert (tuple(servers), tuple(search), ndots) == (parse(text).nameservers, parse(text).search, parse(text).ndots)
