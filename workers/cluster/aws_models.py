"""The models of AWS' services that boto3 makes its clients from, read faster than botocore reads them.

Reading EC2's alone holds the interpreter for a third of a second, while the probes are to be sent out. Where nobody has
changed a file, what was read of it holds for every session of this process.
"""

from __future__ import annotations

import functools
import gzip
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import msgspec
from botocore.loaders import JSONFileLoader


class Models(JSONFileLoader):
    """botocore's files (JSON, mostly compressed), each read once a process."""

    def load_file(self, file_path: str) -> Any:
        """The content of FILE_PATH, whose ending is to be found; None where there is no such file. Raises ValueError."""
        return next(
            (_read(path) for ending in (".json", ".json.gz") if (path := Path(file_path + ending)).is_file()), None
        )


@functools.cache
def _read(path: Path) -> Any:
    """The content of one file; ValueError, as botocore's own loader raises, where it is no JSON."""
    raw = path.read_bytes()
    return msgspec.json.decode(gzip.decompress(raw) if path.suffix == ".gz" else raw)


def boto3_session(**settings: str | None) -> boto3.Session:
    """What boto3.Session(**settings) is, but that it reads its models by `Models`."""
    inner = botocore.session.get_session()
    inner.get_component("data_loader").file_loader = Models()
    return boto3.Session(botocore_session=inner, **settings)
