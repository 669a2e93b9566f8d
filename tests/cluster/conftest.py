"""What the real-cluster suite may ask for, and its marker. Without a cluster it fails: never a skip."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from .diagnosis import clusters_file, table
from .faults import Box, box

HERE = Path(__file__).parent
ROWS = pytest.StashKey[list[dict[str, Any]]]()


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


@pytest.fixture(scope="session")
def the_box(kubeconfig: Path) -> Box:
    """The cluster that can be broken, with dnsmedic's roles applied."""
    found = box()
    if found is None:
        pytest.skip(f"{kubeconfig} is a cluster that nothing here can break")
    found.run("kubectl", "apply", "-k", str(HERE.parents[1] / "deploy" / "cluster"))
    return found


@pytest.fixture(scope="session")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clusters file that names the cluster."""
    return clusters_file(tmp_path_factory.mktemp("clusters"))


@pytest.fixture(scope="session")
def rows(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """The rows of the table that is printed in the end."""
    return request.config.stash.setdefault(ROWS, [])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table of all diagnoses."""
    found = config.stash.get(ROWS, [])
    if found:
        terminalreporter.section("diagnoses")
        terminalreporter.write_line(table(found))
