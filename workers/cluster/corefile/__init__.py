"""The Corefile: parsed, fingerprinted and checked as CoreDNS would, without CoreDNS."""

from .chain import Answer, Taken
from .defects import lint
from .fingerprint import STOCK, fingerprint
from .forwards import RESOLV_CONF, Forward, address_of, forwards_of
from .loading import Kind, Lint, unloadable
from .serving import Shadow, block_of, overridden, shadows, taken
from .tokens import CorefileError, MissingFile
from .tree import Block, Corefile, Directive, Line, parse
from .zones import Zone

__all__ = [
    "RESOLV_CONF",
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
    "Shadow",
    "Taken",
    "Zone",
    "address_of",
    "block_of",
    "fingerprint",
    "forwards_of",
    "lint",
    "overridden",
    "parse",
    "shadows",
    "taken",
    "unloadable",
]
