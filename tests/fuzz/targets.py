"""What is fuzzed: each reader of bytes that others send, with what it may say instead of an answer, and what to begin with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot import grammar
from bot.shape import shape_fault
from contract.refusal import Refused
from workers.cluster import answers, coredns_log, klog, resolv_conf
from workers.cluster.coredns_log import read_queries
from workers.cluster.corefile import CorefileError, fingerprint, forwards_of, lint, parse, taken, unloadable
from workers.cluster.kube import NOT_JSON
from workers.cluster.objects import EndpointSlice, Pod, decode, decode_list

NOW = 1_795_000_000.0
ASKED = answers.query("www.example.org")
"""The question that a fuzzed answer answers."""


@dataclass(frozen=True)
class Target:
    """read: raises whatever it must not raise. seeds: inputs that are in order, or nearly."""

    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _corefile(data: bytes) -> None:
    text = _text(data)
    unloadable(text)
    lint(text, kube_dns=("172.20.0.10",), names=("www.example.org",))
    with contextlib.suppress(CorefileError):
        tree = parse(text)
        fingerprint(text)
        forwards_of(tree)
        taken(tree, "www.example.org")


def _resolv_conf(data: bytes) -> None:
    resolv_conf.parse(_text(data))


def _klog(data: bytes) -> None:
    klog.read(_text(data), NOW)


def _coredns_log(data: bytes) -> None:
    coredns_log.classify(_text(data), datetime.fromtimestamp(NOW, UTC))


def _query_log(data: bytes) -> None:
    whole = read_queries([data])
    halves = read_queries([data[: len(data) // 2], data[len(data) // 2 :]])
    assert whole == halves, "where a log is cut in two must not matter"


def _dns_answer(data: bytes) -> None:
    answers.read(data, ASKED)
    answers.read(ASKED[:2] + data, ASKED)


def _kubernetes(data: bytes) -> None:
    for kind in (Pod, EndpointSlice):
        with contextlib.suppress(*NOT_JSON):
            decode(data, kind)
        with contextlib.suppress(*NOT_JSON):
            decode_list(data, kind)


def _words(data: bytes) -> None:
    with contextlib.suppress(Refused):
        grammar.parse(_text(data))


def _request(data: bytes) -> None:
    for kind in ("application/x-www-form-urlencoded", "application/json"):
        shape_fault(data, kind)


_COREFILE = b""".:53 {
    errors
    kubernetes cluster.local in-addr.arpa { pods insecure }
    hosts { 192.0.2.1 api.example.org
      fallthrough }
    rewrite name regex (.*)\\.old new.{1}
    template ANY ANY org { match ^a+ }
    forward . 10.0.0.2 tls://9.9.9.9 { max_concurrent 1000 }
    cache 30 { success 9984 }
    reload
}
(snippet) { log . { class error } }
corp.example:5353 { import snippet }
"""
_ANSWER = (
    ASKED[:2] + bytes.fromhex("81800001000100000000") + ASKED[12:] + bytes.fromhex("c00c000100010000003c0004c0000207")
)

TARGETS = {
    "corefile": Target(_corefile, (_COREFILE, b"import *\n", b'"a" {$HOME} {\n}\n')),
    "resolv-conf": Target(
        _resolv_conf,
        (
            b"search a.example b.example\nnameserver 172.20.0.10\noptions ndots:5 timeout:2\n",
            b"nameserver fe80::1%eth0",
        ),
    ),
    "klog": Target(
        _klog,
        (
            b'2026-11-23T09:00:00.1Z E1123 09:00:00.000001       1 reflector.go:200] "Failed to watch" err="403"\n',
            b'{"ts":1795000000.1,"v":0,"msg":"x","err":"dial tcp 10.0.0.1:443: i/o timeout"}\n',
        ),
    ),
    "coredns-log": Target(
        _coredns_log,
        (
            b"2026-11-23T09:00:00Z [ERROR] plugin/errors: 2 a.example. A: read udp 10.0.0.1:1->10.0.0.2:53: i/o timeout\n",
            b"[INFO] plugin/reload: Running configuration SHA512 = 0f\n[FATAL] plugin/loop: Loop (127.0.0.1:1) detected\n",
        ),
    ),
    "query-log": Target(
        _query_log,
        (b'[INFO] 10.0.0.1:40000 - 1 "A IN a.example. udp 40 false 512" NOERROR qr,aa,rd 60 0.0002s\n' * 2,),
    ),
    "dns-answer": Target(_dns_answer, (_ANSWER, ASKED)),
    "kubernetes": Target(
        _kubernetes,
        (
            b'{"items":[{"metadata":{"name":null}},7],"metadata":{"continue":"x"}}',
            b'{"metadata":{"name":"a","namespace":"b"},"spec":{"containers":[]},"endpoints":null,"status":{"phase":"Running"}}',
        ),
    ),
    "words": Target(_words, (b"cluster-a web.shop pod=shop/web", b"stop run_7f3a", "“cluster-a”".encode())),
    "request": Target(_request, (b"command=%2Fdns-check&text=a&user_id=U1", b'{"type":"event_callback","event":{}}')),
}
