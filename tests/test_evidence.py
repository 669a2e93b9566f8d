"""The evidence of a run: kept for a day, without secrets, and uploaded into its thread for who asks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from contract.evidence import evidence_key
from contract.records import RunRecord
from sandbox.slack import Dropped, Message, Refuse, TooMany
from tests import spine
from tests.running_bot import RunningBot, bot
from workers.checks import Check
from workers.cluster import CannotRead
from workers.jobs import Tools
from workers.jobs.packing import MOST_BYTES, packed, unpacked
from workers.runner import Kept
from workers.terminal.replay import File
from workers.thread import uploads

__all__ = ["bot"]

ALICE, BOB, INCIDENTS = "U0ALICE", "U0BOB", "C0INCIDENTS"


def tools(bot: RunningBot, **more: Any) -> Tools:
    """What a worker beside this bot works with."""
    return replace(spine.tools(bot.runs.redis, bot.slack.url, **more), runs=bot.runs)


def diagnosed(bot: RunningBot, made: Tools) -> tuple[RunRecord, Message]:
    """A run that has ended, and its parent."""
    bot.command("cluster-a")
    run = bot.runs.live()[0].run
    spine.work(made)
    record = bot.runs.get(run)
    assert record
    return record, bot.slack.api.posts(INCIDENTS)[0]


def download(bot: RunningBot, parent: Message, made: Tools, user: str = BOB) -> str:
    """Press "Download evidence" and let a worker do what that asks for; what the person was told."""
    before = len(bot.slack.api.ephemerals(user))
    bot.slack.click(user, parent, "dns.more")
    told = bot.slack.api.wait_for(lambda: bot.slack.api.ephemerals(user)[before:])
    spine.work(made)
    return told[0].text


def notices(bot: RunningBot, parent: Message, made: Tools) -> list[str]:
    """What is said in the thread after the verdict, once a mailer has sent it."""
    from workers.worker.mailer import Mailer

    mailer = Mailer(made.redis, made.slack)
    spine.until(lambda: mailer.round() and not made.redis.exists("unsent"))
    replies = [reply.text for reply in bot.slack.api.replies(INCIDENTS, parent.ts)]
    return replies[[text.startswith("Problem") for text in replies].index(True) + 1 :]


def test_a_press_uploads_what_replay_reads_and_the_verdict_as_text(bot: RunningBot) -> None:
    """Both files stand in the thread in one message, with who asked for them."""
    made = tools(bot)
    record, parent = diagnosed(bot, made)
    told = download(bot, parent, made)
    shown = bot.slack.api.replies(INCIDENTS, parent.ts)[-1]
    facts, text = bot.slack.api.files
    read = msgspec.json.decode(facts.content or b"", type=File)

    assert f":package: The evidence of `{record.run}` is on its way into the thread." == told
    assert [f"{record.run}.json", f"{record.run}.txt"] == [file["name"] for file in shown.files]
    assert "<@U0BOB>" in shown.text
    assert ("dnsmedic-facts", record.run, record.question) == (read.kind, read.run, read.question)
    assert [("service", {"fine": True}), ("replicas", {"fine": False}), ("names", {"fine": True})] == [
        (kept.check, kept.facts) for kept in read.steps
    ]
    assert (text.content or b"").decode().startswith("Problem: Not so: The replicas is fine.\n")


def test_a_second_press_uploads_nothing_twice(bot: RunningBot) -> None:
    """While an upload is on its way, another press only says so; after it, one may ask again."""
    made = tools(bot)
    record, parent = diagnosed(bot, made)
    bot.slack.click(ALICE, parent, "dns.more")
    bot.slack.api.wait_for(lambda: bot.slack.api.ephemerals(ALICE))
    told = download(bot, parent, made)
    uploaded = len(bot.slack.api.files)
    download(bot, parent, made)

    assert f":package: The evidence of `{record.run}` is on its way into the thread already." == told
    assert (2, 4) == (uploaded, len(bot.slack.api.files))


def test_after_a_day_it_can_be_checked_again(bot: RunningBot) -> None:
    """Evidence that is gone is said to be, and the button beside that asks the same question where it was asked."""
    made = tools(bot)
    record, parent = diagnosed(bot, made)
    kept_for = bot.runs.redis.ttl(evidence_key(record.run))
    bot.runs.redis.delete(evidence_key(record.run))
    told = download(bot, parent, made)
    bot.slack.click(BOB, bot.slack.api.ephemerals(BOB)[-1], "dns.ask")
    again = bot.slack.api.wait_for(bot.runs.live)

    assert 0 < int(kept_for) <= 24 * 3600
    assert f"The evidence is kept for a day, and that of `{record.run}` is gone. Run it again?" == told
    assert [] == bot.slack.api.files
    assert (record.question, BOB) == (again[0].question, again[0].user)
    assert (2, parent.ts) == (again[0].number, again[0].parent_ts)


@pytest.mark.parametrize("value", ["run_none evidence", "run_none", "", "evidence", "../x evidence"])
def test_a_value_of_no_run_gets_nothing(bot: RunningBot, value: str) -> None:
    """A made-up value is refused as a run that is not here."""
    made = tools(bot)
    _, parent = diagnosed(bot, made)
    bot.slack.click(BOB, parent, "dns.more", value, tampered=True)
    told = bot.slack.api.wait_for(lambda: bot.slack.api.ephemerals(BOB))
    spine.work(made)

    assert told[0].text.startswith(":no_entry: There is no such run in this channel.")
    assert [] == bot.slack.api.files


def test_a_press_is_on_record(bot: RunningBot) -> None:
    """Who took evidence away, and of which cluster, is in the audit."""
    made = tools(bot)
    record, parent = diagnosed(bot, made)
    download(bot, parent, made)
    events = spine.until(lambda: [one for one in bot.app.recorder.audit.entries() if "evidence" in one["event"]])

    assert {"what": "evidence", "user": BOB, "run": record.run, "cluster": "cluster-a"}.items() <= json.loads(
        events[0]["event"]
    ).items()


def test_an_app_that_may_not_upload_says_what_it_needs(bot: RunningBot) -> None:
    """The thread tells of the missing scope, in words."""
    made = tools(bot)
    record, parent = diagnosed(bot, made)
    bot.slack.faults.set("files.getUploadURLExternal", Refuse("missing_scope"))
    download(bot, parent, made)

    why = "Slack does not let dnsmedic upload files. Its app needs the scope files:write."
    said = f"The evidence of {record.run} could not be uploaded: {why} Press *Download evidence* again later."

    assert [said] == notices(bot, parent, made)


def test_an_answer_that_is_lost_is_not_asked_for_twice(bot: RunningBot) -> None:
    """What Slack may have shown is not shown again; the thread says that nobody knows."""
    made = tools(bot)
    record, parent = diagnosed(bot, made)
    bot.slack.faults.set("files.completeUploadExternal", Dropped())
    download(bot, parent, made)

    assert 1 == len(bot.slack.api.calls("files.completeUploadExternal"))
    assert notices(bot, parent, made)[-1].startswith(f"The evidence of {record.run} could not be uploaded: Slack's")


def test_a_pause_that_slack_asks_for_is_waited_out(bot: RunningBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many files at once: they come once Slack takes them again."""
    monkeypatch.setattr(uploads, "_PAUSE", 0.05)
    made = tools(bot)
    _, parent = diagnosed(bot, made)
    bot.slack.faults.set("files.completeUploadExternal", TooMany(retry_after=1), times=1)
    download(bot, parent, made)

    assert 2 == len([file for file in bot.slack.api.files if file.shared])


def test_a_cluster_that_nobody_got_into_has_evidence_of_that(bot: RunningBot) -> None:
    """Its facts say for each step why nothing was seen, with the grant."""

    def closed(_record: object) -> Any:
        raise CannotRead("describe", "cluster cluster-a", "403 forbidden", grant="eks:DescribeCluster")

    made = tools(bot, open_cluster=closed)
    _, parent = diagnosed(bot, made)
    download(bot, parent, made)
    read = msgspec.json.decode(bot.slack.api.files[0].content or b"", type=File)

    assert ["eks:DescribeCluster"] * len(spine.CHECKS) == [
        kept.cannot_read.grant for kept in read.steps if kept.cannot_read
    ]


def test_a_run_that_was_stopped_has_no_verdict_in_its_text(bot: RunningBot) -> None:
    """The files of half a run do not pretend to an answer."""

    def stop() -> None:
        bot.runs.stop(bot.runs.live()[0].run, user=ALICE)

    checks: tuple[Check[Any], ...] = (spine.check("service", act=stop), spine.check("names"))
    made = tools(bot, checks=checks, run=spine.in_turn)
    _, parent = diagnosed(bot, made)
    download(bot, parent, made)
    text = (bot.slack.api.files[1].content or b"").decode()

    assert text.startswith("Cannot see: There is no verdict: the check is stopped after 1 of 2 steps.")


def test_nothing_that_is_kept_looks_like_a_secret() -> None:
    """Texts are redacted wherever they stand in the facts."""
    token = "k8s-aws-v1." + "c2VjcmV0" * 4
    kept = unpacked(packed(Kept(check="x", facts={"lines": [{"text": f"Bearer {token}"}], "password": "fine"})))

    assert token not in json.dumps(kept.facts)
    assert "fine" == kept.facts["password"]


def test_what_is_too_much_is_not_kept_and_says_so() -> None:
    """A step whose facts are beyond the cap reads as not seen, never as empty."""
    kept = unpacked(packed(Kept(check="x", facts=["a" * 1000] * (MOST_BYTES // 1000 + 1))))

    assert kept.facts is None
    assert kept.cannot_read
    assert "too much to keep" in kept.cannot_read.reason


@pytest.mark.parametrize("held", [b"", b"x", packed(Kept(check="x"))[:9]])
def test_what_was_not_packed_here_is_refused(held: bytes) -> None:
    """Bytes that somebody else wrote are no evidence."""
    with pytest.raises(ValueError, match=r"."):
        unpacked(held)
