"""Clusters that look odd and work: nothing is blamed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .diagnosis import diagnose, row
from .faults import OWN, Box, Fault, box, inject

ODD = found.faults(OWN) if (found := box()) is not None else ()


@pytest.mark.parametrize("fault", ODD, ids=lambda fault: fault.name)
def test_an_odd_cluster_that_works_is_healthy(
    fault: Fault, the_box: Box, clusters: Path, rows: list[dict[str, Any]], *, only_basic_faults: bool
) -> None:
    """What is unusual and works is no fault."""
    if only_basic_faults:
        pytest.skip("only the basic faults were asked for")
    try:
        inject(the_box, fault)
        found = diagnose(clusters, fault.question)
    finally:
        the_box.heal(fault)
    rows.append(row(fault, found))

    assert found.codes == [], found.report["verdict"]
    assert found.status == "healthy"
    assert found.exit == 0
