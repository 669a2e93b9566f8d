"""The Corefile: parsed, fingerprinted and checked as CoreDNS would, without CoreDNS."""

from .defects import lint
from .fingerprint import STOCK, fingerprint
from .forwards import Forward, forwards, forwards_of
from .loading import Kind, Lint, unloadable
from .serving import Answer, Taken, taken
from .tokens import CorefileError, MissingFile
from .tree import Block, Corefile, Directive, Line, parse
from .zones import Zone, under

__all__ = [
    "STOCK",
    "Answer",
    "Block",
    "Corefile",
    "CorefileError",
    "Directive",
    "Forward",
    "Kind",
    "Line",
    "Lint",
    "MissingFile",
    "Taken",
    "Zone",
    "fingerprint",
    "forwards",
    "forwards_of",
    "lint",
    "parse",
    "taken",
    "under",
    "unloadable",
]
