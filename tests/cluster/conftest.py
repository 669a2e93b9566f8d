"""What the real-cluster suite may ask for, and its marker. Without a cluster it fails: never a skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder, so that a plain `pytest` leaves it out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The KUBECONFIG that the suite was given."""
    given = os.environ.get("KUBECONFIG", "")
    if not given:
        pytest.fail("make test-cluster needs KUBECONFIG in its environment", pytrace=False)
    return Path(given)


@pytest.fixture(scope="session")
def only_basic_faults() -> bool:
    """Whether only the faults that a plain reading finds are tried: DNSMEDIC_FAULTS=basic."""
    return os.environ.get("DNSMEDIC_FAULTS", "all") == "basic"
