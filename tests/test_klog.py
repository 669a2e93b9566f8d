"""kube-proxy's log: every dialect, what goes on and what is over, and text that is no log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.cluster import klog
from workers.cluster.klog import BAD, Kind

NOW = datetime(2026, 11, 23, 16, 10, 0, tzinfo=UTC).timestamp()

OLD = "E1123 16:09:49.509418 1 node.go:124] Failed to retrieve node info: Unauthorized"
OLD_403 = (
    'E1123 16:09:49.509418       1 node.go:124] Failed to retrieve node info: nodes "x" is forbidden: User '
    '"system:serviceaccount:kube-system:kube-proxy" cannot get resource "nodes" in API group "" at the cluster scope'
)
STRUCTURED = (
    'E1123 16:09:50.000000       1 reflector.go:158] "Unhandled Error" err="k8s.io/client-go/informers/factory.go:160: '
    'Failed to watch *v1.EndpointSlice: failed to list *v1.EndpointSlice: Get \\"https://api.example/apis/'
    'discovery.k8s.io/v1/endpointslices\\": dial tcp 192.0.2.7:443: i/o timeout" logger="UnhandledError"'
)
JSON_401 = (
    '{"ts":1795450180000.5,"caller":"cache/reflector.go:158","msg":"Unhandled Error",'
    '"err":"failed to list *v1.Service: Unauthorized"}'
)
STAMPED = f"2026-11-23T16:09:49.600000000Z {OLD}"
LISTED = 'I1123 16:09:55.000000       1 shared_informer.go:356] "Caches are synced" controller="service config"'
SYNCED = 'I1123 16:09:56.000000       1 proxier.go:757] "SyncProxyRules complete" ipFamily="IPv4" elapsed="86ms"'
IPVS = (
    'E1123 16:09:49.775180       1 server.go:135] "Error running ProxyServer" '
    'err="can\'t use the IPVS proxier: error getting ipset version"'
)
INVALID = (
    'E1123 16:09:49.775180       1 run.go:72] "command failed" err="failed validate: KubeProxyConfiguration.Mode.ProxyMode: '
    'Invalid value: \\"userspace\\": must be iptables, ipvs, nftables or blank"'
)
LOGRUS = 'time="2026-11-23T16:09:49Z" level=error msg="Could not get ipvs family information from the kernel."'
PANIC = "panic: runtime error: index out of range [recovered]\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:7 +0x1"
CONFUSING = (
    'E1123 16:04:47.770134       1 server.go:256] "Kube-proxy configuration may be incomplete or incorrect" '
    'err="nodePortAddresses is unset"'
)


@pytest.mark.parametrize(
    "line,kind",
    [
        (OLD, Kind.UNAUTHORIZED),
        (OLD_403, Kind.FORBIDDEN),
        (STRUCTURED, Kind.TIMEOUT),
        (JSON_401, Kind.UNAUTHORIZED),
        (STAMPED, Kind.UNAUTHORIZED),
        (f"\x1b[31m{OLD}\x1b[0m", Kind.UNAUTHORIZED),
        (STRUCTURED.replace("i/o timeout", "connect: connection refused"), Kind.TIMEOUT),
        (STRUCTURED.replace("i/o timeout", "connect: no route to host"), Kind.TIMEOUT),
        (STRUCTURED.replace("dial tcp 192.0.2.7:443: i/o timeout", "net/http: TLS handshake timeout"), Kind.TIMEOUT),
        (STRUCTURED.replace("dial tcp 192.0.2.7:443: i/o timeout", "context deadline exceeded"), Kind.TIMEOUT),
        (STRUCTURED.replace("i/o timeout", "x509: certificate signed by unknown authority"), Kind.UNAUTHORIZED),
        (STRUCTURED.replace("i/o timeout", "the server could not find the requested resource"), Kind.API_MISSING),
        (IPVS, Kind.MODE),
        (INVALID, Kind.MODE),
        (LOGRUS, Kind.MODE),
        (LISTED, Kind.LISTED),
        (SYNCED, Kind.SYNCED),
        (CONFUSING, None),
        (PANIC, None),
        ('I1123 16:09:49.0 1 x.go:1] "Trace" err="dial tcp 192.0.2.7:443: i/o timeout"', None),
    ],
)
def test_a_line_is_told_by_its_words(line: str, kind: Kind | None) -> None:
    """Each dialect's line is of its kind; a message that only sounds bad is of none."""
    found = klog.read(line, NOW).seen

    assert ([kind] if kind else []) == [each.kind for each in found]


def test_the_refused_user_and_resource_are_read() -> None:
    """A 403 says whom the API server refused what."""
    seen = klog.read(OLD_403, NOW).of(Kind.FORBIDDEN)

    assert seen is not None
    assert ("system:serviceaccount:kube-system:kube-proxy", ("nodes",)) == (seen.user, seen.resources)


def test_continuation_lines_belong_to_the_line_before() -> None:
    """A panic's stack is one record, and its lines count as nothing by themselves."""
    entries = list(klog.entries(f"{OLD}\n{PANIC}\n{LISTED}", NOW))

    assert ["E", "F", "I"] == [each.severity for each in entries]
    assert "main.main()" in entries[1].text


def _lines(*ages: float, text: str = "dial tcp 192.0.2.7:443: i/o timeout", good: float | None = None) -> str:
    lines = [(age, f'E1 "Failed to watch" err="failed to list *v1.Service: {text}"') for age in ages]
    lines += [(good, 'I1 "Caches populated" type="*v1.Service"')] if good is not None else []
    made = []
    for age, line in sorted(lines, reverse=True):
        moment = datetime.fromtimestamp(NOW - age, UTC)
        made.append(
            f"{moment:%Y-%m-%dT%H:%M:%S}.0Z {line[0]}{moment:%m%d %H:%M:%S}.000000       1 reflector.go:1] {line[3:]}"
        )
    return "\n".join(made)


@pytest.mark.parametrize(
    "text,goes_on",
    [
        (_lines(3.0), True),
        (_lines(90.0, 60.0, 30.0), True),
        (_lines(1900.0, 1800.0), False),
        (_lines(90.0, 60.0, good=20.0), False),
        (_lines(90.0, 60.0, 4.0, good=4000.0), True),
        (_lines(12.0, 11.0, 10.0, good=4000.0), False),
        (_lines(90_000.0, 12.0, 11.0, good=100_000.0), False),
    ],
    ids=[
        "at-start",
        "again-and-again",
        "long-ago",
        "then-a-success",
        "after-work",
        "a-blip",
        "a-blip-long-after-another",
    ],
)
def test_what_goes_on_is_told_from_what_is_over(*, text: str, goes_on: bool) -> None:
    """Errors count while they come again; not once they stopped, once a list came, or where they last seconds."""
    assert goes_on == klog.read(text, NOW).goes_on(Kind.TIMEOUT, running=True)


def test_the_last_words_of_an_ended_process_count() -> None:
    """A process that waits for its restart said why it ended, however long ago that was."""
    reading = klog.read(IPVS.replace("16:09", "16:01"), NOW)

    assert (False, True) == (reading.goes_on(Kind.MODE, running=True), reading.goes_on(Kind.MODE, running=False))


def test_klog_leaves_out_the_year() -> None:
    """A line of last December that is read in January is some days old, not most of a year ahead."""
    january = datetime(2027, 1, 2, tzinfo=UTC).timestamp()
    seen = klog.read(OLD.replace("1123", "1230"), january).of(Kind.UNAUTHORIZED)

    assert seen is not None
    assert seen.last_age is not None
    assert 2 < seen.last_age / 86_400 < 4


def test_version_and_mode_are_read() -> None:
    """A log from the start says the version and the mode."""
    version = 'I1123 16:04:47.7 1 server.go:527] "Version info" version="v1.34.4"'
    text = version + '\nI1123 16:04:47.7 1 s.go:1] "Using iptables Proxier"'
    reading = klog.read(text, NOW)

    assert ("v1.34.4", "iptables") == (reading.version, reading.proxier)


PIECES = st.sampled_from(
    [OLD, OLD_403, STRUCTURED, JSON_401, STAMPED, LISTED, PANIC, "{", '{"ts":1e400}', "\0", "\r", "\ud800"]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=60)), max_size=12), st.floats(0, 4e9))
def test_any_text_is_survived(lines: list[str], now: float) -> None:
    """Whatever a log holds, reading it says something of bounded size and never fails."""
    reading = klog.read("\n".join(lines), now)

    assert all(len(each.line) <= klog.LONGEST_KEPT for each in reading.seen)
    assert all(isinstance(reading.goes_on(kind, running=True), bool) for kind in BAD)


def test_one_long_line_is_cut() -> None:
    """A line of many megabytes is read by its beginning."""
    reading = klog.read(OLD + " x" * 2_500_000, NOW)

    assert [Kind.UNAUTHORIZED] == [each.kind for each in reading.seen]
