"""The clusters file on disk: read at the start, read again when it changes."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from time import monotonic

from contract.clusters import nodes
from contract.clusters.entries import Clusters
from contract.clusters.reading import read
from contract.refusal import Refused

log = logging.getLogger(__name__)

_MOST_MISTAKES = 50
_LOOK_AGAIN_SECONDS = 2.0

Stamp = tuple[int, int, int]


def load(source: Path | str) -> Clusters:
    """Read a clusters file: a `Path` names it, a `str` is its text.

    Raises Refused with every mistake of the file, a line each, as "NAME line N: what is wrong".
    """
    name, text = (source.name, _text_of(source)) if isinstance(source, Path) else ("clusters file", source)
    if len(text) > nodes.LARGEST:
        raise Refused(f"{name} is larger than {nodes.LARGEST // 1024} KiB")
    mistakes = nodes.Mistakes(name)
    clusters = read(text, mistakes)
    lines = list(mistakes.lines())
    if len(lines) > _MOST_MISTAKES:
        lines = [*lines[:_MOST_MISTAKES], f"{name}: and {len(lines) - _MOST_MISTAKES} more mistakes"]
    if lines:
        raise Refused("\n".join(lines))
    return clusters


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(nodes.LARGEST + 1).decode("utf-8-sig")
    except OSError as error:
        raise Refused(f"cannot read the clusters file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Refused(f"{path.name} is not written in UTF-8: byte {error.start + 1}") from error


class ClustersFile:
    """A clusters file that is read again when it changes. A bad change is logged, and the last good content stays.

    Threads may share it. `problem` is what was wrong with the last change that was not taken, "" while all is well.
    """

    def __init__(self, path: Path) -> None:
        """Read the file; raises Refused as `load` does."""
        self.path = path
        self.problem = ""
        self._stamp = self._stamp_now()
        self._clusters = load(path)
        self._looked = monotonic()
        self._lock = threading.Lock()

    def current(self) -> Clusters:
        """The clusters as of now, or of two seconds ago."""
        if monotonic() - self._looked >= _LOOK_AGAIN_SECONDS:
            self.reload()
        return self._clusters

    def reload(self) -> bool:
        """Look at the file at once; whether a new content was taken. Another thread's look is not waited for."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._looked = monotonic()
            return self._take()
        finally:
            self._lock.release()

    def _take(self) -> bool:
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self._clusters = load(self.path)
        except Refused as refused:
            self.problem = str(refused)
            log.warning("the clusters file was changed, but has mistakes; the old content stays:\n%s", refused)
            return False
        self.problem = ""
        log.info("the clusters file was read again: %d clusters", len(self._clusters.entries))
        return True

    def _stamp_now(self) -> Stamp:
        """What tells one content from the next; zeros where there is no file to look at."""
        try:
            found = self.path.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_size, found.st_ino)
