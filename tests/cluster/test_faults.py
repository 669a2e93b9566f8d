"""Every fault that the real cluster can show is named first, nothing else is blamed, and the status is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .diagnosis import diagnose, row
from .faults import VARIANTS, Box, Fault, box, inject

FAULTS = (*found.faults(), *found.faults(VARIANTS)) if (found := box()) is not None else ()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_named_first_and_nothing_else_is_blamed(
    fault: Fault, the_box: Box, clusters: Path, rows: list[dict[str, Any]], *, only_basic_faults: bool
) -> None:
    """The diagnosis names what was broken first and blames nothing that is not; no step is a problem without need."""
    if only_basic_faults and not fault.basic:
        pytest.skip("only the basic faults were asked for")
    try:
        inject(the_box, fault)
        found = diagnose(clusters, fault.question)
    finally:
        the_box.heal(fault)
    line = row(fault, found)
    rows.append(line)

    assert line["first"] in fault.expect, found.report["verdict"]
    assert line["false"] == "-"
    assert line["seen by"] != "-"
    assert line["other problems"] == "-"
    assert found.status == fault.status
    assert found.exit == 1


def test_a_healthy_cluster_is_healthy(the_box: Box, clusters: Path) -> None:
    """Nothing is blamed where nothing is broken, and nothing is left in the cluster."""
    found = diagnose(clusters)

    assert found.status == "healthy", found.report["verdict"]
    assert found.exit == 0
    assert all(step["outcome"] in ("ok", "skipped") for step in found.report["steps"])
    assert the_box.run("kubectl", "-n", "dnsmedic", "get", "pods", "-o", "name").strip() == ""
