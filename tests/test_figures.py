"""Figures stand with their nouns as people write them."""

from __future__ import annotations

import pytest

from contract.figures import counted


@pytest.mark.parametrize("number,expected", [(0, "no nodes"), (1, "1 node"), (2, "2 nodes")])
def test_a_figure_with_its_noun(number: int, expected: str) -> None:
    """One is singular, none and many are plural."""
    assert expected == counted(number, "node")
