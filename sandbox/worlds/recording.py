"""The recording of a real cluster shaped like EKS (cluster-a.json), with its times moved so that it was made days ago."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

DAYS = 3
"""As many days ago the recording was made."""
_SECONDS_KEPT = 60
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z")
_KLOG = re.compile(r"(?<= )([IWEF])(\d{4} \d\d:\d\d:\d\d)(?=\.\d{6} )")
_START = re.compile(r"(?<=process_start_time_seconds )([0-9.e+]+)")


def recording() -> dict[str, Any]:
    """objects, logs (lists of lines), http (pages by `CONTAINER:PORT/PATH`) and version."""
    found: dict[str, Any] = json.loads(_as_of(int(time.time() // _SECONDS_KEPT)))
    for one in found["objects"]:
        if one["kind"] == "Node":
            for condition in one["status"]["conditions"]:
                condition["lastHeartbeatTime"] = ago(10)
    return found


@lru_cache(maxsize=1)
def _as_of(_now: int) -> str:
    """The recording with its times moved; once a minute, as every world begins with it."""
    text = resources.files(__package__).joinpath("cluster-a.json").read_text(encoding="utf-8")
    recorded = _moment(json.loads(text)["recorded"])
    return moved(text, datetime.now(UTC) - recorded - timedelta(days=DAYS))


def moved(text: str, by: timedelta) -> str:
    """TEXT with every time in it moved."""

    def stamp(found: re.Match[str]) -> str:
        return (_moment(f"{found[1]}Z") + by).strftime("%Y-%m-%dT%H:%M:%S") + f"{found[2] or ''}Z"

    def klog(found: re.Match[str]) -> str:
        year = (datetime.now(UTC) - by).year
        moment = datetime.strptime(f"{year}{found[2]}", "%Y%m%d %H:%M:%S").replace(tzinfo=UTC)
        return f"{found[1]}{moment + by:%m%d %H:%M:%S}"

    text = _KLOG.sub(klog, _STAMP.sub(stamp, text))
    return _START.sub(lambda found: str(float(found[1]) + by.total_seconds()), text)


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


def ago(seconds: float) -> str:
    """So many seconds ago, as the API writes it."""
    return datetime.fromtimestamp(time.time() - seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
