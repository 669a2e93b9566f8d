"""Metrics that somebody publishes to CloudWatch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from .calls import Calls


class CloudWatch(Calls):
    """The readings of CloudWatch."""

    def metric_sum(self, namespace: str, metric: str, dimensions: Mapping[str, str], minutes: int = 15) -> float | None:
        """The sum of a metric over the last minutes; None where it has no data."""
        return self._memo.once(
            ("metric", namespace, metric, tuple(sorted(dimensions.items())), minutes),
            lambda: self._metric_sum(namespace, metric, dimensions, minutes),
        )

    def _metric_sum(self, namespace: str, metric: str, dimensions: Mapping[str, str], minutes: int) -> float | None:
        end = datetime.now(UTC)
        measured = {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        }
        query = {"Id": "m", "MetricStat": {"Metric": measured, "Period": 60, "Stat": "Sum"}}
        results = self._pages(
            "cloudwatch", "GetMetricData", "MetricDataResults", f"metric {metric}",
            MetricDataQueries=[query], StartTime=end - timedelta(minutes=minutes), EndTime=end,
        )  # fmt: skip
        values = [value for result in results for value in result.get("Values") or ()]
        return float(sum(values)) if values else None
