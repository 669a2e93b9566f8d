"""The built page that ships is the one that its source makes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.browser.tools import PAGE, ROOT, node

STATIC = ROOT / "sandbox" / "static"


@pytest.mark.timeout(300)
def test_the_page_that_ships_is_the_one_that_is_built(tmp_path: Path) -> None:
    """sandbox/static holds, byte for byte, what `npm run build` makes of sandbox/page."""
    subprocess.run([node(), "build.mjs", str(tmp_path)], cwd=PAGE, check=True, capture_output=True, text=True)
    built = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    shipped = {each.name: each.read_bytes() for each in STATIC.iterdir()}

    assert sorted(built) == sorted(shipped)
    assert [] == [name for name, content in built.items() if content != shipped[name]]


@pytest.mark.timeout(300)
def test_the_source_of_the_page_is_sound() -> None:
    """The compiler finds no mistake in the page's source."""
    compiler = PAGE / "node_modules" / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [node(), str(compiler), "--noEmit"], cwd=PAGE, check=False, capture_output=True, text=True, timeout=240
    )

    assert (0, "") == (done.returncode, done.stdout)


def test_the_lock_names_no_registry() -> None:
    """The packages of the page are locked by their content, wherever they come from."""
    lock = (PAGE / "package-lock.json").read_text(encoding="utf-8")

    assert ("resolved" in lock, "integrity" in lock) == (False, True)
