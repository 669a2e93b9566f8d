"""How many questions a CoreDNS pod has passed on to which name server, by its own metrics."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

COUNTERS = (
    "coredns_proxy_request_duration_seconds_count",
    "coredns_forward_request_duration_seconds_count",
    "coredns_forward_requests_total",
    "coredns_forward_request_count_total",
)
"""The counter's names from CoreDNS 1.11 on, from 1.7 on, and before; the first that is there counts."""


def forwarded(text: str) -> Mapping[str, float] | None:
    """Questions by the address of the name server they went to; None where TEXT is not what CoreDNS shows as metrics."""
    found: dict[str, dict[str, float]] = {}
    known = False
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                known = known or sample.name.startswith("coredns_")
                if sample.name in COUNTERS and sample.labels.get("proxy_name", "forward") == "forward":
                    server = host(sample.labels.get("to", ""))
                    counts = found.setdefault(sample.name, {})
                    counts[server] = counts.get(server, 0.0) + sample.value
    except (ValueError, KeyError, IndexError):
        return None
    return next((found[name] for name in COUNTERS if name in found), {}) if known else None


def host(target: str) -> str:
    """The address of `10.0.0.2:53`, `[::1]:53` or `tls://1.1.1.1:853`."""
    address = target.rpartition("://")[2]
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
