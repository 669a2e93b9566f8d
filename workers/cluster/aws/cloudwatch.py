"""Metrics that somebody publishes to CloudWatch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from .calls import Calls


class CloudWatch(Calls):
    """The readings of CloudWatch."""

    def metric(
        self, namespace: str, metric: str, *dimensions: Mapping[str, str], minutes: int = 15
    ) -> tuple[tuple[float, ...], ...]:
        """A metric's largest value of each of the last minutes, oldest first, by each set of dimensions; () for no data."""
        return self._memo.once(
            ("metric", namespace, metric, tuple(tuple(sorted(one.items())) for one in dimensions), minutes),
            lambda: self._metric(namespace, metric, dimensions, minutes),
        )

    def _metric(
        self, namespace: str, metric: str, dimensions: Sequence[Mapping[str, str]], minutes: int
    ) -> tuple[tuple[float, ...], ...]:
        end = datetime.now(UTC)
        queries = [
            {
                "Id": f"m{at}",
                "MetricStat": {"Metric": _measured(namespace, metric, one), "Period": 60, "Stat": "Maximum"},
            }
            for at, one in enumerate(dimensions)
        ]
        results = self._pages(
            "cloudwatch", "GetMetricData", "MetricDataResults", f"metric {metric}",
            MetricDataQueries=queries, StartTime=end - timedelta(minutes=minutes), EndTime=end,
            ScanBy="TimestampAscending",
        )  # fmt: skip
        found: dict[str, list[float]] = {str(query["Id"]): [] for query in queries}
        for result in results:  # a metric may come in several pages
            found.get(str(result.get("Id")), []).extend(float(value) for value in result.get("Values") or ())
        return tuple(map(tuple, found.values()))


def _measured(namespace: str, metric: str, dimensions: Mapping[str, str]) -> dict[str, Any]:
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Namespace": namespace, "MetricName": metric, "Dimensions": named}
