"""The bot as people meet it: a pretend Slack before it, a real Redis behind it, HTTP in between."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from bot import grammar
from bot.grammar import Check, Stop
from bot.listeners import SHORTCUT
from contract import names
from contract.audit import Audit
from contract.blocks import Message as Rendered
from contract.blocks import faults, parent, verdict
from contract.blocks.lint import view_faults
from contract.model import Question
from contract.records import RunRecord, outbox_key
from contract.refusal import Refused
from sandbox.slack import Ephemeral, Message, Refuse, View
from tests.running_bot import RunningBot, bot, command_fields, running_bot

__all__ = ["bot"]

INCIDENTS = "C0INCIDENTS"
DENIED = """\
:no_entry: `clustera` is not a cluster that you can check in this channel.
Did you mean `cluster-a`?
*Here:* `cluster-a`, `cluster-b`. The keepers of the clusters file can change that."""
ALICE, BOB, CAROL = "U0ALICE", "U0BOB", "U0CAROL"


def typed(bot: RunningBot, text: str, user: str = ALICE, channel: str = INCIDENTS) -> str:
    """What the person sees of the answer to a command, without what differs from run to run."""
    ack = bot.slack.command(user, channel, "/dns-check", text)
    assert ack.ok
    return known(str(ack.body["text"] if isinstance(ack.body, dict) else ack.body))


def known(text: str) -> str:
    """A text whose run ids and times are the same in every run."""
    return re.sub(r"for \d+\.\d s", "for 0.0 s", re.sub(r"run_[0-9a-z]{8}", "run_NEW", text))


def whispered(bot: RunningBot, user: str = ALICE, count: int = 1) -> list[Ephemeral]:
    """What only this person was shown, other than in acknowledgements; waits for so many."""

    def look() -> list[Ephemeral]:
        found = [one for one in bot.slack.api.ephemerals(user) if one.source == "chat.postEphemeral"]
        return found if len(found) >= count else []

    return bot.slack.api.wait_for(look)


def only_run(bot: RunningBot) -> RunRecord:
    """The one run that there is."""
    (record,) = bot.runs.live()
    return record


def posted_parent(bot: RunningBot, record: RunRecord, channel: str = INCIDENTS) -> Message:
    """The run's message, as a worker posts it."""
    best = parent(record.view())[0]
    client = bot.app.workspace.client
    sent = client.chat_postMessage(channel=channel, text=best.text, blocks=list(best.blocks))
    bot.runs.redis.hset(outbox_key(record.run), "parent_ts", str(sent["ts"]))
    return bot.slack.api.message(channel, str(sent["ts"]))


def test_a_transcript_of_commands(bot: RunningBot) -> None:
    """Each command has its answer, and only its author sees it."""
    said = [
        typed(bot, "cluster-a"),
        typed(bot, "Cluster-B db.example.org pod=shop/web-1"),
        typed(bot, "cluster-a", user=BOB),
        typed(bot, "clustera"),
        typed(bot, "list"),
        typed(bot, "status"),
        typed(bot, "cluster-a 10.0.0.1"),
        typed(bot, "cluster-a cluster-b"),
        typed(bot, "\u2014help"),
    ]
    where = "Results appear in this channel."
    joined = ":link: The same *DNS check* on `cluster-a` is already going on: you joined it."
    named = "`cluster-b` for name `db.example.org` · pod `shop/web-1` (position 2)"
    going = [f"• `run_NEW` · `{name}` · queued for 0.0 s · by <@U0ALICE>" for name in ("cluster-a", "cluster-b")]
    expected = [
        f":hourglass_flowing_sand: Queued *DNS check* on `cluster-a` (position 1). {where}",
        f":hourglass_flowing_sand: Queued *DNS check* on {named}. {where}",
        f"{joined} {where}\nYou are told when it ends · run `run_NEW`",
        DENIED,
        "*Clusters that you can check in this channel*\n• `cluster-a` · us-east-1\n• `cluster-b` · eu-west-1",
        "\n".join(["*Going on now*", *going]),
        ":no_entry: The name to look up is a number or an address; give a name.",
        ":no_entry: One cluster at a time: the second word is a name to look up, or a pod.",
        f":no_entry: There are no options with dashes, as phones change them. Usage: {grammar.USAGE}",
    ]

    assert expected == said
    assert ["cluster-a", "cluster-b"] == [record.cluster for record in bot.runs.live()]
    assert (BOB,) == bot.runs.live()[0].joined
    assert [] == bot.slack.api.posts(INCIDENTS)


def test_help_says_how_it_is_used(bot: RunningBot) -> None:
    """Every way to ask is in it."""
    told = typed(bot, "help")
    words = ("/dns-check cluster-a", "pod=shop/web-1", "list", "status", "stop run_7f3a", "@dnsmedic dns-check")

    assert [] == [word for word in words if word not in told]


def test_what_is_not_ours_gets_a_friendly_answer(bot: RunningBot) -> None:
    """A command that this app does not know is told so, in private."""
    ack = bot.slack.command(ALICE, INCIDENTS, "/dns-fix", "cluster-a")

    assert ack.body["text"] == "dnsmedic does not know this command. Try `/dns-check help`."
    assert "ephemeral" == ack.body["response_type"]


def test_who_may_not_ask_learns_nothing_about_other_clusters(bot: RunningBot) -> None:
    """A cluster of another channel and one that does not exist get the same answer, and nothing starts."""
    told = [typed(bot, name).replace(name, "NAME") for name in ("cluster-prod", "cluster-none")]
    elsewhere = typed(bot, "cluster-a", channel="C0HEALTH")

    assert told[0] == told[1]
    assert "cluster-a`, " not in elsewhere
    assert () == bot.runs.live()


def test_the_offer_beside_a_refusal_works(bot: RunningBot) -> None:
    """The button "Check cluster-a" asks the question that was meant, with its name and pod."""
    typed(bot, "clustera db.example.org pod=shop/web-1")
    shown = bot.slack.api.ephemerals(ALICE)[-1]
    bot.slack.click(ALICE, shown, "dns.ask")
    answer = whispered(bot)[-1]

    assert Question(cluster="cluster-a", name="db.example.org", pod="shop/web-1") == only_run(bot).question
    assert answer.text.startswith(":hourglass_flowing_sand: Queued *DNS check* on `cluster-a`")


@pytest.mark.parametrize("value", ["ask_0000000000000000", "ask_*", "", "run_7f3a", "../ask"])
def test_an_offer_that_is_not_kept_starts_nothing(bot: RunningBot, value: str) -> None:
    """A button whose id was made up does nothing, and says so."""
    typed(bot, "clustera")
    bot.slack.click(ALICE, bot.slack.api.ephemerals(ALICE)[-1], "dns.ask", value, tampered=True)

    assert "That button is no longer kept. Ask again with `/dns-check`." == whispered(bot)[-1].text
    assert () == bot.runs.live()


def test_the_form_asks_and_queues(bot: RunningBot) -> None:
    """Without words a form opens; its mistakes stand at their fields, then it queues."""
    bot.slack.command(ALICE, INCIDENTS, "/dns-check", "")
    (view,) = bot.slack.api.views
    offered = [option["value"] for option in bot.slack.options(ALICE, view, "dns.cluster", "-A").body["options"]]
    wrong = bot.slack.submit(ALICE, view, filled("cluster-a", name="10.0.0.1", pod="web"))
    right = bot.slack.submit(ALICE, view, filled("cluster-a", name="db.example.org", pod="shop/web-1"))

    assert ["cluster-a"] == offered
    assert {
        "name": "That is a number or an address; give a name.",
        "pod": "That needs a namespace: write it as namespace/pod.",
    } == wrong.body["errors"]
    assert right.ok
    assert "Queued *DNS check* on `cluster-a`" in json.dumps(view_now(bot).payload)
    assert Question(cluster="cluster-a", name="db.example.org", pod="shop/web-1") == only_run(bot).question
    assert INCIDENTS == only_run(bot).channel


def filled(cluster: str, **texts: str) -> dict[str, Any]:
    """What was put into the form."""
    return {"dns.cluster": cluster} | {f"dns.{name}": text for name, text in texts.items()}


def view_now(bot: RunningBot) -> View:
    """The form as it stands."""
    return bot.slack.api.views[-1]


def test_the_form_offers_only_what_may_be_checked_there(bot: RunningBot) -> None:
    """The choices are those of the channel in which it was opened."""
    bot.slack.command(ALICE, "C0HEALTH", "/dns-check", "")
    options = bot.slack.options(ALICE, view_now(bot), "dns.cluster").body["options"]

    assert ["cluster-b"] == [option["value"] for option in options]
    assert () == view_faults(view_now(bot).payload)


def test_a_form_that_slack_does_not_open_says_how_to_type_it(bot: RunningBot) -> None:
    """The command is answered all the same."""
    bot.slack.faults.set("views.open", Refuse("expired_trigger_id"))

    assert typed(bot, "").startswith("Slack did not open the form. Type it instead:")


def test_the_shortcut_of_a_message_asks_about_the_name_in_it(bot: RunningBot) -> None:
    """The form opens with the name that the message speaks of; the run is in the thread of the message."""
    message = bot.slack.say(BOB, INCIDENTS, "checkout: lookup <http://db.example.org|db.example.org> failed")
    bot.slack.shortcut(ALICE, message, SHORTCUT)
    shown = view_now(bot)
    bot.slack.submit(ALICE, shown, filled("cluster-b"))
    record = only_run(bot)

    assert () == view_faults(shown.payload)
    assert Question(cluster="cluster-b", name="db.example.org") == record.question
    assert (INCIDENTS, message.ts) == (record.channel, record.thread_ts)


def test_the_shortcut_of_a_reply_is_answered_in_its_thread(bot: RunningBot) -> None:
    """It is the thread that the message is in; what names nothing leaves the field empty."""
    message = bot.slack.say(BOB, INCIDENTS, "DNS is broken")
    reply = bot.slack.say(BOB, INCIDENTS, "again", thread_ts=message.ts)
    bot.slack.shortcut(ALICE, reply, SHORTCUT)
    bot.slack.submit(ALICE, view_now(bot), filled("cluster-b"))

    assert ("", message.ts) == (only_run(bot).question.name, only_run(bot).thread_ts)


def test_the_shortcut_is_for_whom_the_command_is_for(bot: RunningBot) -> None:
    """A guest is told why not, in private, and no form opens."""
    message = bot.slack.say(BOB, INCIDENTS, "DNS is broken")
    bot.slack.shortcut("U0GUEST", message, SHORTCUT)

    assert ":no_entry:" in whispered(bot, "U0GUEST")[0].text
    assert [] == bot.slack.api.views


def test_a_form_that_slack_does_not_open_from_a_message_says_how_to_type_it(bot: RunningBot) -> None:
    """Where the shortcut cannot open its form, its user is told in the message's thread."""
    message = bot.slack.say(BOB, INCIDENTS, "DNS is broken")
    bot.slack.faults.set("views.open", Refuse("expired_trigger_id"))
    bot.slack.shortcut(ALICE, message, SHORTCUT)
    told = whispered(bot)[0]

    assert (message.ts, True) == (told.thread_ts, told.text.startswith("Slack did not open the form."))


def test_a_mention_is_answered_in_its_thread(bot: RunningBot) -> None:
    """In threads, where Slack has no commands, the same words work, and the run's thread is that one."""
    message = bot.slack.say(BOB, INCIDENTS, "DNS is broken")
    bot.slack.mention(
        ALICE,
        INCIDENTS,
        "<@U0DNSMEDIC> dns-check cluster-a <http://db.example.org|db.example.org>",
        thread_ts=message.ts,
    )
    answer = whispered(bot)[0]

    assert (message.ts, message.ts) == (answer.thread_ts, only_run(bot).thread_ts)
    assert Question(cluster="cluster-a", name="db.example.org") == only_run(bot).question
    assert answer.text.endswith("Results appear in this thread.")


@pytest.mark.parametrize("text", ["<@U0DNSMEDIC> hello", "<@U0DNSMEDIC>", "<@U0DNSMEDIC> dns-checker cluster-a"])
def test_a_mention_of_anything_else_gets_the_help(bot: RunningBot, text: str) -> None:
    """Small talk starts nothing."""
    bot.slack.mention(ALICE, INCIDENTS, text)

    assert whispered(bot)[0].text.startswith("*dnsmedic* finds out")
    assert () == bot.runs.live()


def test_stop_is_for_those_it_concerns(bot: RunningBot) -> None:
    """A stranger's press is refused, the requester's and an approver's sets the flag."""
    typed(bot, "cluster-a")
    message = posted_parent(bot, only_run(bot))
    told = []
    for user in (CAROL, BOB):
        bot.slack.click(user, message, "dns.stop")
        told.append(known(whispered(bot, user)[0].text))

    assert [
        ":no_entry: Only those who asked for this run, or an approver of the cluster, can stop it.",
        ":black_square_for_stop: Stopping `run_NEW`. Steps already posted stay in the thread.",
    ] == told
    assert BOB == only_run(bot).stop


def test_stop_can_be_typed(bot: RunningBot) -> None:
    """`stop run_...` does what the button does; a run of elsewhere or of nowhere is not told apart."""
    typed(bot, "cluster-a")
    run = only_run(bot).run
    told = [
        typed(bot, f"stop {run}", user=CAROL),
        typed(bot, f"stop {run}", channel="C0HEALTH"),
        typed(bot, "stop run_none", channel="C0HEALTH"),
        typed(bot, f"stop {run}"),
    ]

    assert ":no_entry: Only those who asked for this run, or an approver of the cluster, can stop it." == told[0]
    assert told[1] == told[2]
    assert ":black_square_for_stop: Stopping `run_NEW`. Steps already posted stay in the thread." == told[3]
    assert ALICE == only_run(bot).stop


def test_rerun_asks_the_same_again(bot: RunningBot) -> None:
    """The run's question comes from its record, not from the button; it goes on under the message of the first."""
    typed(bot, "cluster-a db.example.org")
    first = only_run(bot)
    bot.runs.redis.hset(f"run:{first.run}", mapping={"state": "done"})
    message = posted_parent(bot, bot.runs.get(first.run) or first)
    bot.slack.click(BOB, message, "dns.rerun")
    answer = whispered(bot, BOB)[0]
    again = next(record for record in bot.runs.live() if record.run != first.run)

    assert (first.question, BOB, INCIDENTS) == (again.question, again.user, again.channel)
    assert (2, message.ts) == (again.number, again.parent_ts)
    assert answer.text.startswith(":hourglass_flowing_sand: Queued *DNS check* on `cluster-a` for name")
    assert answer.text.endswith(f"/archives/{INCIDENTS}/p{message.ts.replace('.', '')}|Follow it here>.")


def test_a_run_that_is_no_longer_kept_is_not_run_again(bot: RunningBot) -> None:
    """Its record is gone after ninety days, the message with the button is not: its presser is told what to do."""
    typed(bot, "cluster-a")
    record = only_run(bot)
    message = posted_parent(bot, replace(record, state="done"))
    bot.runs.redis.delete(f"run:{record.run}")
    bot.slack.click(BOB, message, "dns.rerun")
    told = whispered(bot, BOB)[0].text

    assert (
        ":no_entry: There is no such run in this channel. Runs are kept for 90 days; ask again with `/dns-check`."
        == told
    )
    assert () == bot.runs.live()


def test_who_presses_in_the_thread_repeats_the_run_of_the_message(bot: RunningBot) -> None:
    """The verdict's own button stands in a reply: the next run is still one of the channel's message."""
    typed(bot, "cluster-a")
    first = only_run(bot)
    bot.runs.redis.hset(f"run:{first.run}", mapping={"state": "done"})
    message = posted_parent(bot, bot.runs.get(first.run) or first)
    best = verdict(replace(first, state="done").view())[0]
    client = bot.app.workspace.client
    sent = client.chat_postMessage(channel=INCIDENTS, thread_ts=message.ts, text=best.text, blocks=list(best.blocks))
    bot.slack.click(BOB, bot.slack.api.message(INCIDENTS, str(sent["ts"])), "dns.rerun")
    whispered(bot, BOB)
    again = next(record for record in bot.runs.live() if record.run != first.run)

    assert (2, message.ts, "") == (again.number, again.parent_ts, again.thread_ts)


def test_a_button_that_was_moved_does_nothing(bot: RunningBot) -> None:
    """The id of another message's run is refused."""
    typed(bot, "cluster-a")
    typed(bot, "cluster-b")
    one, other = bot.runs.live()
    message = posted_parent(bot, one)
    posted_parent(bot, other)
    bot.slack.click(ALICE, message, "dns.stop", other.run, tampered=True)

    assert ":no_entry: That button belongs to another message, so nothing was done." == whispered(bot)[0].text
    assert ["", ""] == [record.stop for record in bot.runs.live()]


def test_joined_people_get_the_link(bot: RunningBot) -> None:
    """Who asks what is already going on is shown where."""
    typed(bot, "cluster-a")
    message = posted_parent(bot, only_run(bot))
    told = typed(bot, "cluster-a", user=BOB)
    path = f"/archives/{INCIDENTS}/p{message.ts.replace('.', '')}|Follow it here>"

    assert path in told


def test_a_private_answer_reaches_people_where_the_bot_is_not(tmp_path: Path, redis_url: str) -> None:
    """Where the bot cannot show anything, it writes to the person."""
    with running_bot(tmp_path, redis_url) as bot:
        bot.slack.faults.set("chat.postEphemeral", Refuse("not_in_channel"))
        bot.slack.mention(ALICE, INCIDENTS, "<@U0DNSMEDIC> hello")
        direct = bot.slack.api.wait_for(lambda: bot.slack.api.direct(ALICE))

    assert direct[0].text.startswith("*dnsmedic* finds out")


def test_everything_shown_is_what_slack_takes(bot: RunningBot) -> None:
    """No answer breaks a limit, whatever was typed."""
    worst = ["c" * 100, "cluster-a " + "a" * 60 + ".example", "help", "list", "status", "&lt;!channel&gt;", "x" * 2999]
    bodies = [bot.slack.command(ALICE, INCIDENTS, "/dns-check", text).body for text in worst]
    found = [faults(Rendered(body["text"], tuple(body["blocks"]))) for body in bodies]

    assert [()] * len(worst) == found
    assert [] == [body["text"] for body in bodies if re.search(r"<[!#]|<http", body["text"])]


def test_one_request_is_one_run(bot: RunningBot) -> None:
    """The same bytes fifty times at once, then again, start one run and join nobody."""
    body = "&".join(f"{key}={value}" for key, value in command_fields("cluster-a").items())
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: bot.send(body), range(50)))
    answers.append(bot.send(body, headers={"X-Slack-Retry-Num": "1"}))

    assert {200} == {answer.status for answer in answers}
    assert 1 == len({answer.text for answer in answers})
    assert () == only_run(bot).joined


def test_a_repeated_event_is_one_run(bot: RunningBot) -> None:
    """Slack signs a repetition anew, so the event's id tells; a first arrival that says "retry" still counts."""
    event = {
        "type": "event_callback",
        "team_id": "T0EXAMPLE",
        "event_id": "Ev0ONE",
        "event": {
            "type": "app_mention",
            "user": ALICE,
            "channel": INCIDENTS,
            "text": "<@U0DNSMEDIC> dns-check cluster-a",
            "ts": "1.000001",
        },
    }
    headers = {"Content-Type": "application/json", "X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
    for _ in range(3):
        assert 200 == bot.send(json.dumps(event), headers=headers).status
    whispered(bot, count=3)

    assert "cluster-a" == only_run(bot).cluster


def test_slack_is_asked_once_who_we_are(bot: RunningBot) -> None:
    """Not with every request."""
    for _ in range(3):
        typed(bot, "help")

    assert 1 == len(bot.slack.api.calls("auth.test"))


def test_nothing_is_sent_to_an_address_from_a_request(bot: RunningBot) -> None:
    """`response_url` is never used: whoever could forge one would make us call anything."""
    for text in ("cluster-a", "no-such", "", "help"):
        typed(bot, text)

    assert [] == [call for call in bot.slack.api.calls() if "respond" in call.method]


def test_asking_and_refusing_are_on_record(tmp_path: Path, redis_url: str, redis: Redis) -> None:
    """Every run, every refusal and every stop has an entry with who and where, and the chain of entries holds."""
    with running_bot(tmp_path, redis_url) as bot:
        for text in ("cluster-a", "cluster-prod", "--help"):
            typed(bot, text)
        run = only_run(bot).run
        typed(bot, f"stop {run}", user=CAROL)
        typed(bot, f"stop {run}")
        key = bot.runs.jobs.key
    audit = Audit(redis, key)
    events = [json.loads(entry["event"]) for entry in audit.entries()]

    assert [
        ("asked", ALICE, INCIDENTS),
        ("refused", ALICE, INCIDENTS),
        ("refused", ALICE, INCIDENTS),
        ("refused", CAROL, INCIDENTS),
        ("stopped", ALICE, INCIDENTS),
    ] == [(event["what"], event["user"], event["channel"]) for event in events]
    assert [run, run] == [event["run"] for event in events if "run" in event]
    assert "cluster-prod" == events[1]["said"]
    assert () == audit.broken()


@given(st.text())
def test_any_text_is_a_closed_command_or_refused(text: str) -> None:
    """Nothing that was typed gets further than the grammar lets it, character by character."""
    try:
        command = grammar.parse(text)
    except Refused:
        return
    if isinstance(command, Check):
        question = command.question

        assert names.CLUSTER.fullmatch(question.cluster)
        assert not question.name or not names.domain_fault(question.name)
        assert not question.pod or not names.pod_fault(question.pod)
    if isinstance(command, Stop):
        assert re.fullmatch(r"run_[0-9a-z]{1,32}", command.run)


WORDS = st.sampled_from(
    [
        "cluster-a",
        "help",
        "stop",
        "run_1",
        "pod=a/b",
        "name=x.example",
        "<http://a.b|a.b>",
        "-x",
        "\u2014y",
        '"',
        "`",
        "=",
    ]
)


@given(st.lists(WORDS, max_size=6), st.sampled_from([" ", "\u00a0", "\n", "\t", "\u3000"]))
def test_any_words_are_a_command_or_refused(words: list[str], space: str) -> None:
    """Every kind of space parts words alike."""

    def outcome(text: str) -> object:
        try:
            return grammar.parse(text)
        except Refused as refused:
            return str(refused)

    assert outcome(" ".join(words)) == outcome(space.join(words))
