"""Metrics that somebody publishes to CloudWatch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from .calls import Calls


class CloudWatch(Calls):
    """The readings of CloudWatch."""

    def metric(
        self, namespace: str, metric: str, dimensions: Mapping[str, str], minutes: int = 15
    ) -> tuple[float, ...]:
        """A metric's largest value of each of the last minutes, oldest first; () where it has no data."""
        return self._memo.once(
            ("metric", namespace, metric, tuple(sorted(dimensions.items())), minutes),
            lambda: self._metric(namespace, metric, dimensions, minutes),
        )

    def _metric(self, namespace: str, metric: str, dimensions: Mapping[str, str], minutes: int) -> tuple[float, ...]:
        end = datetime.now(UTC)
        measured = {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        }
        query = {"Id": "m", "MetricStat": {"Metric": measured, "Period": 60, "Stat": "Maximum"}}
        results = self._pages(
            "cloudwatch", "GetMetricData", "MetricDataResults", f"metric {metric}",
            MetricDataQueries=[query], StartTime=end - timedelta(minutes=minutes), EndTime=end,
            ScanBy="TimestampAscending",
        )  # fmt: skip
        return tuple(float(value) for result in results for value in result.get("Values") or ())
