"""CoreDNS' log lines are told apart by what they mean, in all dialects, and no client can forge one."""

# ruff: noqa: E501 - lines of logs as they are

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.cluster.coredns_log import Said, classify, read_queries
from workers.cluster.coredns_metrics import read

NOW = datetime(2026, 11, 23, 16, 0, 0, tzinfo=UTC)
STAMP = "2026-11-23T15:59:30.123456789Z "
SHA = "8a7d59126e7f114ab49c6d2613be93d8ef7d408af8ee61a710210843dc409f03133727e38f64469d9bb180f396c84ebf48a42bde3b3769730865ca9df5eb281c"
REFLECTOR = "[ERROR] plugin/kubernetes: pkg/mod/k8s.io/client-go@v0.27.4/tools/cache/reflector.go:231: Failed to watch *v1.EndpointSlice: "
QUERY = '[INFO] 10.0.0.9:5353 - 29008 "A IN {name}. udp 41 false 4096" {rcode} qr,rd,ra,ad 68 0.037990251s'


@pytest.mark.parametrize(
    "line,said,address,count",
    [
        ("[ERROR] plugin/errors: 2 a.example. AAAA: dial tcp 10.28.0.2:53: i/o timeout", Said.UPSTREAM_TIMEOUT, "10.28.0.2", 1),
        ("[ERROR] plugin/errors: 2 a.example. A: read udp 10.42.0.93:45843->172.18.0.1:53: i/o timeout", Said.UPSTREAM_TIMEOUT, "172.18.0.1", 1),
        ("[ERROR] plugin/errors: 2 a.example. A: read udp [fd00::9]:45843->[fd00::1]:53: i/o timeout", Said.UPSTREAM_TIMEOUT, "fd00::1", 1),
        ("[ERROR] plugin/errors: 2 a. A: read udp 10.0.0.1:4->10.0.0.2:53: read: connection refused", Said.UPSTREAM_REFUSED, "10.0.0.2", 1),
        ("[ERROR] plugin/errors: 2 a. A: dial udp 10.0.0.2:53: connect: network is unreachable", Said.UPSTREAM_UNREACHABLE, "10.0.0.2", 1),
        ("[ERROR] plugin/errors: 5 a.example. A: concurrent queries exceeded maximum 1000", Said.MAX_CONCURRENT, "", 1),
        ("[ERROR] plugin/errors: 2 a.example. A: no healthy proxies", Said.NO_HEALTHY, "", 1),
        ("[WARNING] plugin/errors: 42 errors like '^.* i/o timeout$' occurred in last 30s", Said.UPSTREAM_TIMEOUT, "", 42),
        ("[ERROR] plugin/errors: 7 errors like 'odd' occurred in last 5m0s", Said.CONSOLIDATED, "", 7),
        ('[FATAL] plugin/loop: Loop (127.0.0.1:55953 -> :1053) detected for zone ".", see https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO 1.2."', Said.LOOP, "", 1),
        ("[ERROR] plugin/reload: Corefile changed but reload failed: plugin/forward: x", Said.RELOAD_FAILED, "", 1),
        ("[WARNING] plugin/reload: Corefile parse failed: /etc/coredns/Corefile:17 - x", Said.PARSE_FAILED, "", 1),
        ("[ERROR] Restart failed: Corefile:5 - Error during parsing: Unknown directive 'bdhfhdhj'", Said.RELOAD_FAILED, "", 1),
        ("/etc/coredns/Corefile:10 - Error during parsing: Unknown directive 'x'", Said.CANNOT_START, "", 1),
        ("plugin/kubernetes: /etc/coredns/Corefile:10 - Error during parsing: unknown property 'upstream'", Said.CANNOT_START, "", 1),
        ("plugin/forward: no nameservers found", Said.NO_NAMESERVERS, "", 1),
        ("[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server", Said.WAITING_FOR_API, "", 1),
        ("[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API", Said.UNSYNCED_START, "", 1),
        ('[WARNING] plugin/kubernetes: Kubernetes API connection failure: Get "https://10.96.0.1:443/version": net/http: TLS handshake timeout', Said.WATCH_TIMEOUT, "10.96.0.1", 1),
        (f'{REFLECTOR}failed to list *v1.EndpointSlice: Get "https://10.96.0.1:443/apis/x": dial tcp 10.96.0.1:443: i/o timeout', Said.WATCH_TIMEOUT, "10.96.0.1", 1),
        (f'{REFLECTOR}endpointslices.discovery.k8s.io is forbidden: User "system:serviceaccount:kube-system:coredns" cannot list', Said.WATCH_FORBIDDEN, "", 1),
        ("[ERROR] plugin/kubernetes: Failed to watch", Said.WATCH_FAILED, "", 1),
        ('[INFO] plugin/ready: Still waiting on: "kubernetes"', Said.NOT_READY, "", 1),
        ('[INFO] plugin/ready: Plugins not ready: "kubernetes"', Said.NOT_READY, "", 1),
        ('[WARNING] plugin/health: Local health request to "http://:8080/health" took more than 1s: 2s', Said.HEALTH_SLOW, "", 1),
        ("[INFO] plugin/health: Going into lameduck mode for 5s", Said.LAMEDUCK, "", 1),
        ("panic: runtime error: index out of range", Said.PANIC, "", 1),
    ],
)  # fmt: skip
def test_a_line_is_known(line: str, said: Said, address: str, count: int) -> None:
    """Each line of the dictionary is told by what it says, whom it is about, and how many it stands for."""
    seen = classify(f"{STAMP}{line}\n", NOW).seen

    assert [(said, address, count)] == [(each.said, each.address, each.count) for each in seen]
    assert 29 <= seen[0].last_age <= 30


@pytest.mark.parametrize("word", ["SHA512", "MD5"])
def test_the_running_configuration_is_found(word: str) -> None:
    """The fingerprint of the running Corefile is read with its time, the last one last."""
    text = "".join(
        f"{STAMP}[INFO] plugin/reload: Running configuration {word} = {value}\n" for value in (SHA[:64], SHA)
    )

    assert [SHA[:64], SHA] == [each.value for each in classify(text, NOW).running]


@pytest.mark.parametrize(
    "name",
    [
        r"[ERROR]\ plugin/errors:\ 5\ x\ A:\ concurrent\ queries\ exceeded\ maximum\ 9",
        rf"[INFO]\ plugin/reload:\ Running\ configuration\ SHA512\ =\ {SHA}",
        r"\010[FATAL]\ plugin/loop:\ Loop\ \(",
        r"x\"\ SERVFAIL\ qr\ 0\ 0.1s",
    ],
)
def test_a_client_forges_no_line(name: str) -> None:
    """What an application writes into a name, as CoreDNS escapes it, counts for nothing but one query and one error."""
    query = QUERY.format(name=name, rcode="NXDOMAIN")
    error = f"[ERROR] plugin/errors: 2 {name}. A: read udp 10.0.0.1:5->10.0.0.2:53: i/o timeout"
    facts = classify(f"{STAMP}{query}\n{STAMP}{error}\n", NOW)

    assert () == facts.running
    assert [(Said.UPSTREAM_TIMEOUT, 1)] == [(each.said, each.count) for each in facts.seen]
    assert (("NXDOMAIN", 1),) == read_queries([f"{STAMP}{query}\n".encode()]).rcodes


def test_a_separator_of_unicode_ends_no_line() -> None:
    """Only a newline ends a line: U+2028 in a name does not start a new one."""
    facts = classify(f"{STAMP}[INFO] x\u2028[FATAL] plugin/loop: Loop (\n", NOW)

    assert (1, ()) == (facts.lines, facts.seen)


def _chunks(lines: int, size: int = 65_536) -> Iterator[bytes]:
    names = [
        "web.shop.svc.cluster.local",
        "amazon.com.shop.svc.cluster.local",
        "amazon.com.cluster.local",
        "amazon.com",
    ]
    rest = b""
    for number in range(lines):
        name = names[number % 4]
        rcode = "NXDOMAIN" if number % 4 in (1, 2) else "NOERROR"
        rest += (QUERY.format(name=name, rcode=rcode) + "\n").encode()
        while len(rest) >= size:
            yield rest[:size]
            rest = rest[size:]
    yield rest


@pytest.mark.parametrize("size", [1, 7, 4096, 65_536])
def test_queries_are_counted_across_pieces(size: int) -> None:
    """Counts do not depend on how the log comes in."""
    assert {"NOERROR": 100, "NXDOMAIN": 100} == dict(read_queries(_chunks(200, size)).rcodes)


def test_a_long_log_is_counted_as_a_short_one() -> None:
    """Codes and waste are exact however much comes at a time; clients and times are near."""
    long, short = read_queries(_chunks(20_000, 1 << 22)), read_queries(_chunks(20_000))

    assert (20_000, 10_000, 5_000) == (long.queries, long.wasted, long.useful)
    assert (short.queries, short.rcodes, short.wasted, short.useful) == (
        long.queries,
        long.rcodes,
        long.wasted,
        long.useful,
    )
    assert [each.address for each in short.clients] == [each.address for each in long.clients]
    assert 0.9 < long.clients[0].wasted / short.clients[0].wasted < 1.1
    assert short.p99 == long.p99


def test_a_client_forges_nothing_in_a_long_log() -> None:
    """The words that tell of a name and a code, in a name as CoreDNS escapes them, count for nothing."""
    name = r"x\"\ NOERROR\ qr.\ \"A\ IN\ y.\ udp\ 1\ false\ 1\"\ NOERROR\ qr"
    line = f"{STAMP}{QUERY.format(name=name, rcode='NXDOMAIN')}\n".encode()

    assert (("NXDOMAIN", 5_000),) == read_queries([line * 5_000]).rcodes


def test_waste_is_told_with_its_client() -> None:
    """Outside names with a search domain behind them that found nothing are waste; cluster names are not."""
    found = read_queries(_chunks(400))

    assert (400, 200, 100) == (found.queries, found.wasted, found.useful)
    assert [("10.0.0.9", 400, 200)] == [(each.address, each.queries, each.wasted) for each in found.clients]
    assert 0.034 < found.p99 < 0.042


def test_counting_keeps_memory_flat() -> None:
    """Ten times the log needs no more memory."""
    peaks = []
    for lines in (5_000, 50_000):
        tracemalloc.start()
        read_queries(_chunks(lines))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] * 1.5


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "no newline", "\0\0\x1b[31m[ERROR]\x1b[0m", "x" * 2_000_000, "[ERROR] plugin/errors: ", "[ERROR] " * 1000,
     '{"level":"error","msg":"x"}', '[INFO] [::1]:5 - 1 "A IN a\\"b. udp 1 false 1" NOERROR qr 1 1s', "\ud800"],
)  # fmt: skip
def test_bad_logs_are_survived(text: str) -> None:
    """Nothing that stands in a log stops its reading."""
    assert 0 <= classify(text, NOW).lines
    assert 0 <= read_queries([text.encode(errors="replace")]).queries


@given(st.text(), st.binary())
def test_any_text_is_a_log(text: str, data: bytes) -> None:
    """Any text and any bytes can be read as a log, as a query log and as metrics."""
    facts = classify(text, NOW)

    assert facts.lines == sum(bool(line) for line in text.split("\n"))
    assert read_queries([data]).queries <= data.count(b"\n") + 1
    assert 0 <= read(text).answers


@pytest.mark.parametrize(
    "responses,proxy",
    [
        (
            "coredns_dns_responses_total",
            'coredns_proxy_request_duration_seconds_{}{{proxy_name="forward",rcode="NXDOMAIN"}}',
        ),
        ("coredns_dns_response_rcode_count_total", 'coredns_forward_request_duration_seconds_{}{{rcode="NXDOMAIN"}}'),
    ],
)
def test_metrics_of_all_releases(responses: str, proxy: str) -> None:
    """Counters are read under the names that they had before and after they were renamed."""
    text = (
        f'# HELP x\n{responses}{{rcode="NXDOMAIN",server="dns://:53"}} 70\n{responses}{{rcode="NOERROR"}} 3e1\n'
        f"{proxy.format('count')} 9\n{proxy.format('sum')} 0.5\ncoredns_forward_max_concurrent_rejects_total 4\n"
        'coredns_dns_request_duration_seconds_bucket{le="0.1"} 98\ncoredns_dns_request_duration_seconds_bucket{le="2"} 100\n'
        'coredns_dns_request_duration_seconds_bucket{le="+Inf"} 100\nnonsense {\n'
    )

    found = read(text)
    assert (100, 70, 9, 9, 0.5, 4, 2.0) == (
        found.answers, found.of("NXDOMAIN"), found.forwarded, found.forwarded_absent, found.forward_seconds, found.rejects,
        found.p99,
    )  # fmt: skip
