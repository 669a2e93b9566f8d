"""CoreDNS' own fingerprint of a Corefile, the number that it logs as its running configuration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from .grouping import RawBlock, grouped

STOCK = {
    "8a7d59126e7f114ab49c6d2613be93d8ef7d408af8ee61a710210843dc409f03"
    "133727e38f64469d9bb180f396c84ebf48a42bde3b3769730865ca9df5eb281c": "the Corefile that EKS ships",
    "591cf328cccc12bc490481273e738df59329c62c0b729d94e8b61db9961c2fa5"
    "f046dd37f1cf888b953814040d180f52594972691cd6ff41be96639138a43908": "the Corefile that kubeadm ships",
    "1b226df79860026c6a52e67daa10d7f0d57ec5b023288ec00c5e05f93523c894"
    "564e15b91770d3a07ae1cfbe861d15b37d4a0027e69c546ab112970993a3b03b": "the Corefile that kubeadm ships with 1.12",
}
"""Fingerprints of known texts, and what they are."""


def fingerprint(text: str, files: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None) -> str:
    """The SHA-512 that CoreDNS 1.9.1 and newer logs for TEXT, 128 hexadecimal digits. Raises CorefileError.

    files: path -> text of what it imports. environment: of the CoreDNS container, for `{$NAME}`.
    """
    blocks = grouped(text, files or {}, environment or {})
    written = json.dumps([_written(block) for block in blocks], ensure_ascii=False, separators=(",", ":"))
    for character in "&<>\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return hashlib.sha512(_as_go_writes(written)).hexdigest()


def _written(block: RawBlock) -> dict[str, object]:
    tokens: dict[str, list[dict[str, object]]] = {}
    for name, words in block.directives:
        tokens.setdefault(name, []).extend({"File": w.file, "Line": w.line, "Text": w.text} for w in words)
    in_order = sorted(tokens.items(), key=lambda item: item[0].encode(errors="surrogatepass"))
    return {"Keys": block.keys, "Tokens": dict(in_order)}


def _as_go_writes(text: str) -> bytes:
    """Go writes what is no valid UTF-8 as the replacement character."""
    return text.encode(errors="surrogatepass").decode(errors="replace").encode()
