"""Figures with their nouns, as people write them."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """`1 node`, `3 nodes`, `no nodes`."""
    return f"{number or 'no'} {noun}" + ("" if number == 1 else "s")
