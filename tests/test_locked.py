"""What requirements.txt locks."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent


def _project() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"run": project["dependencies"], "dev": project["optional-dependencies"]["dev"]}


def _locked() -> dict[str, Version]:
    """Name and version of each locked package that this platform needs."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    lines = [Requirement(line.rstrip(" \\")) for line in text.splitlines() if re.match(r"\w", line)]
    here = [one for one in lines if one.marker is None or one.marker.evaluate()]
    return {one.name.lower(): Version(str(one.specifier).removeprefix("==")) for one in here}


def test_the_aws_client_is_recent() -> None:
    """Resolving kubernetes and boto3 together did not fall back to an ancient boto3, as resolvers silently do."""
    assert Version(version("boto3")) >= Version("1.44")


@pytest.mark.parametrize("group", ["run", "dev"])
def test_what_is_locked_is_what_is_asked_for(group: str) -> None:
    """Each dependency of pyproject.toml is locked, at a version that it allows: `make lock` was not forgotten."""
    locked = _locked()
    asked = [Requirement(line) for line in _project()[group]]
    wrong = [str(one) for one in asked if not one.specifier.contains(locked.get(one.name.lower(), "0"))]

    assert wrong == []


def test_every_locked_version_has_a_hash_and_no_host() -> None:
    """requirements.txt pins exact versions with hashes, and names no host, index or path."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    bare = [line for line, after in pairwise([*lines, ""]) if re.match(r"\w", line) and "--hash=sha256:" not in after]
    places = [line for line in lines if "://" in line or line.startswith("--") or " @ " in line]

    assert ([], []) == (bare, places)
