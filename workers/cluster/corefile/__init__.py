"""The Corefile: parsed, fingerprinted and checked as CoreDNS would, without CoreDNS."""

from .fingerprint import STOCK, fingerprint
from .forwards import Forward, forwards, forwards_of
from .tokens import CorefileError, MissingFile
from .tree import Block, Corefile, Directive, Line, parse
from .zones import Zone, under

__all__ = [
    "STOCK",
    "Block",
    "Corefile",
    "CorefileError",
    "Directive",
    "Forward",
    "Line",
    "MissingFile",
    "Zone",
    "fingerprint",
    "forwards",
    "forwards_of",
    "parse",
    "under",
]
