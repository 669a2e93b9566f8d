"""People play with the demo in a real browser: what they type and press, what they see, on narrow and wide screens."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from contract.health_reports import HealthReports
from contract.outbox import Outbox
from contract.runs import Runs
from sandbox.demo.running import Demo, running
from tests import spine
from tests.browser.tools import chromium, node

STAGE = Path(__file__).parent
PLAYS = (
    "newcomer",
    "broken",
    "guest",
    "joined",
    "killed",
    "redis",
    "lost",
    "form",
    "shortcut",
    "buttons",
    "report",
    "home",
    "around",
)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """A demo for all plays of this process, where there is a browser to play in."""
    chromium()
    node()
    with running(0, say=lambda _: None) as made:
        yield made


@pytest.fixture
def calm(demo: Demo) -> Demo:
    """The demo once nothing goes on in it: the plays come in any order, and none may meet a run of the one before."""
    with Redis.from_url(demo.controls.redis.url) as redis:
        spine.until(
            lambda: not (Runs(redis, spine.KEY).live() or HealthReports(redis).open() or Outbox(redis).unsent()), 60
        )
    return demo


@pytest.mark.timeout(400)
@pytest.mark.parametrize("play", PLAYS)
def test_the_play_goes_as_it_should(calm: Demo, play: str, tmp_path: Path) -> None:
    """Everything in the play happens, no page is cut off at 390, 1280 or 1920 pixels, and nothing leaves the machine.

    SCREENSHOTS: a folder for pictures of the scenes.
    """
    pictures = os.environ.get("SCREENSHOTS", "")
    done = subprocess.run(
        [node(), str(STAGE / "plays.mjs"), play, calm.url, pictures],
        env={**os.environ, "CHROMIUM": chromium(), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=360,
    )

    assert 0 == done.returncode, done.stderr


def test_every_play_is_played() -> None:
    """No play in plays.mjs is forgotten, here or in test_gallery.py."""
    listed = subprocess.run([node(), str(STAGE / "plays.mjs"), "--list"], capture_output=True, text=True, check=True)

    assert {*PLAYS, "gallery"} == set(listed.stdout.split())
