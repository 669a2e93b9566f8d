"""What the plays need besides Python: Chromium, Node, and the packages of sandbox/page."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "sandbox" / "page"
_LOCK = PAGE / "package-lock.json"
_INSTALLED = PAGE / "node_modules" / ".installed"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_AWAY = ("ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EAI_AGAIN", "ENOTCACHED", "CERT")


def chromium() -> str:
    """Where Chromium is; the test is skipped where it is not installed."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("there is no Chromium (Debian: apt-get install chromium)")
    return found


def node() -> str:
    """Where Node is, with the locked packages of the page beside it; the test is skipped where they cannot be had."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        pytest.skip("there is no Node with npm")
    with _LOCK.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.sha256(lock.read()).hexdigest()
        if not _INSTALLED.exists() or _INSTALLED.read_text(encoding="utf-8") != wanted:
            _install(npm)
            _INSTALLED.write_text(wanted, encoding="utf-8")
    return found


def _install(npm: str) -> None:
    command = [npm, "ci", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=PAGE, capture_output=True, text=True, check=False, timeout=240)
    if done.returncode and any(word in done.stderr for word in _AWAY):
        pytest.skip("the packages of the page cannot be fetched from here")

    assert 0 == done.returncode, done.stderr
