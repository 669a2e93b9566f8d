"""Slack messages: within Slack's limits whatever the input, harmless whatever a cluster calls its pods."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.blocks import (
    Block,
    Line,
    Message,
    ReportView,
    RunView,
    State,
    button,
    ephemeral,
    faults,
    notice,
    parent,
    report,
    rest,
    step,
    verdict,
)
from contract.blocks.text import clean, code, fence, link, mention, mrkdwn, plain, size
from contract.model import (
    Cause,
    Confidence,
    Effect,
    Finding,
    NotChecked,
    Outcome,
    Path,
    Question,
    RuledOut,
    Severity,
    Signal,
    Status,
    StepResult,
    Verdict,
)
from sandbox.slack import Refusal
from sandbox.slack.limits.messages import check_blocks

HOSTILE = (
    "<!channel>",
    "<!here|x>",
    "<@U123|bob>",
    "<#C1|x>",
    "<https://evil.example|docs>",
    "<mailto:x@example.org>",
    "&lt;!here&gt;",
    "```\n*bold*\n```",
    "`code`",
    "\u202egnp.exe\u2066",
    "a\u200bb\ufeffc",
    "\U000e0041\U000e0042",
    "\x1b[31mred\x00",
    "\ud800",
    "\uffff",
    "e" + "\u0301" * 500,
    "👩‍👩‍👧‍👦" * 100,
    "h" * 253,
    "a.b-" * 15 + "abc",
    "x" * 20_000,
    "<" * 10_000,
    "line\nline\r\nline",
    ":x: :red_circle:",
    "\u05e9\u05dc\u05d5\u05dd",
    "",
    " ",
)
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=80))
outcomes = st.sampled_from(list(Outcome))


LINES = st.lists(texts, max_size=8).map(tuple)
FINDINGS = st.builds(
    Finding,
    code=texts,
    severity=st.sampled_from(list(Severity)),
    summary=texts,
    subject=texts,
    evidence=LINES,
)
SIGNALS = st.builds(
    Signal,
    path=st.sampled_from(list(Path)),
    effect=st.sampled_from(list(Effect)),
    summary=texts,
    node=texts,
    server=texts,
    zone=texts,
    evidence=LINES,
)
STEPS = st.builds(
    StepResult,
    check=st.just("check"),
    title=texts.map(lambda text: text.strip() or "All is well"),
    outcome=outcomes,
    summary=texts,
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
    signals=st.lists(SIGNALS, max_size=4).map(tuple),
    because=texts,
    grant=texts,
)
CAUSES = st.builds(
    Cause,
    code=texts,
    confidence=st.sampled_from(list(Confidence)),
    summary=texts,
    subject=texts,
    evidence=LINES,
    fix=texts,
    commands=LINES,
    change=texts,
    source=st.one_of(texts, st.just("https://docs.aws.amazon.com/eks/latest/userguide/coredns.html?a=b&c=d")),
)
VERDICTS = st.builds(
    Verdict,
    status=st.sampled_from(list(Status)),
    summary=texts,
    causes=st.lists(CAUSES, max_size=4).map(tuple),
    ruled_out=st.lists(st.builds(RuledOut, code=texts, because=texts), max_size=5).map(tuple),
    unexplained=LINES,
    not_checked=st.lists(st.builds(NotChecked, check=texts, because=texts, grant=texts), max_size=5).map(tuple),
)


@st.composite
def views(draw: st.DrawFn) -> RunView:
    """Any run in any state."""
    planned = draw(st.integers(0, 60))
    done = draw(st.lists(STEPS, max_size=min(planned, 5)))
    return RunView(
        run="run_7f3a",
        cluster=draw(texts),
        question=Question(cluster="cluster-a", name=draw(texts), pod=draw(texts)),
        state=draw(st.sampled_from(get_args(State))),
        asked_by=draw(st.sampled_from(("U1", "", "<!channel>"))),
        joined=("U2",) * draw(st.integers(0, 2)),
        started=1795417653.0,
        seconds=draw(st.floats(0, 4000)),
        planned=tuple((f"check-{number}", f"The {number}th thing is as it should be") for number in range(planned)),
        steps=tuple(replace(one, check=f"check-{number}") for number, one in enumerate(done)),
        verdict=draw(st.none() | VERDICTS),
        note=draw(texts),
    )


def strings(value: object) -> Iterator[str]:
    """Every text of a message, keys aside."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)


TEMPLATES = re.compile(
    r"<!date\^\d+\^\{time_secs\}\|\d\d:\d\d:\d\d UTC>|<@[UW][A-Z0-9]+>|<https://docs\.aws\.amazon\.com/[\w/.?=&;-]+\|source>"
    r"|<!date\^\d+\^\{date_short\} \{time\}\|\w{3} \d+ \w{3} \d\d:\d\d>"
    r"|<https://example\.slack\.com/archives/[\w/]+\|the last report>"
)


def harm(message: Message) -> list[str]:
    """The texts of a message that Slack would read as a mention or a link, other than by our own templates."""
    found = [message.text, *strings(message.blocks)]
    return [text for text in found if re.search(r"<[!@#]|<http|<mailto", TEMPLATES.sub("", text))]


def refusals(message: Message, *, modern: bool) -> list[object]:
    """What the pretend Slack says of a message: a second opinion, and one without the newer blocks for lower rungs."""
    try:
        check_blocks(json.loads(json.dumps(message.blocks)), modern=modern)
    except Refusal as refusal:
        return [refusal.error, refusal.extra]
    return []


def problems(messages: tuple[Message, ...]) -> list[object]:
    """All that is wrong with the rungs of a ladder."""
    found: list[object] = []
    for number, message in enumerate(messages):
        found += [*faults(message, update=True), *harm(message)]
        found += refusals(message, modern=number == 0)
        found += [] if size(message.text) <= 3000 else ["text is too long"]
        found += [] if len(json.dumps(message.blocks)) <= 9000 else ["blocks are too long"]
        found += [] if json.dumps([message.text, message.blocks], ensure_ascii=False).encode() else ["no UTF-8"]
    return found


@settings(max_examples=60)
@given(views())
def test_parent_and_verdict_always_fit_and_do_no_harm(view: RunView) -> None:
    """Whatever a run holds, no rung breaks a limit of Slack or lets a name ping anybody."""
    found = problems(parent(view)) + problems(verdict(view))

    assert [] == found


@settings(max_examples=60)
@given(st.lists(STEPS, min_size=1, max_size=8))
def test_step_replies_always_fit_and_do_no_harm(ended: list[StepResult]) -> None:
    """Whatever steps saw, their reply is one that Slack takes."""
    found = problems(step(1, 60, ended))

    assert [] == found


def worst_steps(count: int, outcome: Outcome) -> tuple[StepResult, ...]:
    """As much as steps can hold."""
    evidence = tuple(f"{number} {'h' * 253} 👩‍👩‍👧‍👦 <!channel>" for number in range(40))
    finding = Finding(
        code="coredns-colocated-or-under-replicated",
        severity=Severity.CRITICAL,
        summary="<!channel> " + "h" * 253,
        subject="Pod " + "n" * 63 + "/" + "p" * 63,
        evidence=evidence,
    )
    signal = Signal(path=Path.REPLICA, effect=Effect.SILENT, summary="s" * 300, node="n" * 253, server="p" * 253)
    return tuple(
        StepResult(
            check=f"check-{number}",
            title="A healthy condition that takes quite some words to say " + "x" * 40,
            outcome=outcome,
            summary="\u202e👩‍👩‍👧‍👦" * 60,
            findings=(finding,) * 10,
            signals=(signal,) * 60,
            because="because " * 100,
            grant="grant " * 100,
        )
        for number in range(count)
    )


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("count", [1, 6, 50, 80])
def test_the_worst_names_fit(outcome: Outcome, count: int) -> None:
    """Longest names, emoji, mentions and right-to-left marks in 50 steps and more keep within the limits."""
    ended = worst_steps(count, outcome)
    planned = tuple((one.check, one.title) for one in ended)
    question = Question(cluster="c" * 100, name="h" * 253, pod="n" * 63 + "/" + "p" * 253)
    cause = Cause(
        code="coredns-colocated-or-under-replicated",
        confidence=Confidence.HIGH,
        summary="👩‍👩‍👧‍👦" * 200,
        subject="p" * 317,
        evidence=("e" * 400,) * 40,
        fix="<!channel>" * 100,
        commands=("kubectl " * 60,) * 20,
        change="",
        source="https://example.org/" + "p" * 600,
    )
    held = Verdict(
        status=Status.PROBLEM,
        summary="👩‍👩‍👧‍👦" * 200,
        causes=(cause,) * 12,
        ruled_out=(RuledOut(code="c" * 60, because="b" * 400),) * 60,
        unexplained=("u" * 400,) * 30,
        not_checked=(NotChecked(check="c" * 60, because="b" * 400, grant="g" * 400),) * 30,
    )
    view = RunView(
        run="run_7f3a",
        cluster="c" * 100,
        question=question,
        state="done",
        asked_by="U1",
        joined=tuple(f"U{number}" for number in range(500)),
        started=1795417653.0,
        seconds=4000.0,
        planned=planned,
        steps=ended,
        verdict=held,
        note="<@U1> " * 100,
    )

    assert [] == problems(parent(view)) + problems(verdict(view)) + problems(step(1, count, ended))


STATUS_STARTS = [
    (Status.HEALTHY, "Healthy"),
    (Status.PROBLEM, "Problem"),
    (Status.AT_RISK, "At risk"),
    (Status.CANNOT_SEE, "Cannot see"),
]


def long_section(length: int) -> Block:
    """A section of so many characters."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * length}}


def done(status: Status, **more: Any) -> RunView:
    """A run that ended."""
    held = Verdict(status=status, summary="External names fail 35% of the time.")
    values: dict[str, Any] = {
        "run": "run_7f3a",
        "cluster": "cluster-a",
        "question": Question(cluster="cluster-a"),
        "state": "done",
        "asked_by": "U1",
        "started": 1795417653.0,
        "seconds": 38.0,
        "verdict": held,
    }
    return RunView(**(values | more))


def first_words(message: Message) -> tuple[str, str]:
    """The beginnings of a message, for the ear and for the eye."""
    seen = next(strings(message.blocks[0]["text"])) if message.blocks else message.text
    text = message.blocks[0]["text"] if message.blocks else None
    seen = text["text"] if isinstance(text, dict) else seen
    return message.text.lstrip("*"), str(seen).lstrip("*")


@pytest.mark.parametrize("status, word", STATUS_STARTS)
def test_parent_and_verdict_begin_with_the_status(status: Status, word: str) -> None:
    """The first word that anybody reads or hears is the status."""
    messages = [*parent(done(status)), *verdict(done(status))]
    starts = {start.startswith(word) for message in messages for start in first_words(message)}

    assert {True} == starts


@pytest.mark.parametrize(
    "state, start",
    [
        ("queued", "*Queued* · `cluster-a` :hourglass: waiting for a worker"),
        ("running", "*Running* · `cluster-a` :hourglass_flowing_sand: 1 of 2"),
        ("resuming", "*Running* · `cluster-a` :warning: worker lost, resuming after 0/2"),
        ("stopped", "*Stopped* · `cluster-a` :black_square_for_stop: stopped by <@U2> after 0/2"),
        ("given-up", "*Given up* · `cluster-a` :black_square_for_stop: given up after 0/2"),
    ],
)
def test_parent_says_where_the_run_stands(state: State, start: str) -> None:
    """Each state has its words, and those who stopped a run are named."""
    view = RunView(
        run="run_7f3a",
        cluster="cluster-a",
        question=Question(cluster="cluster-a"),
        state=state,
        planned=(("one", "One is fine"), ("two", "Two is fine")),
        stopped_by="U2",
    )
    text = parent(view)[0].blocks[0]["text"]

    assert {"type": "mrkdwn", "text": start, "verbatim": True} == text


@pytest.mark.parametrize(
    "state, labels",
    [
        ("queued", ["Stop"]),
        ("running", ["Stop"]),
        ("resuming", ["Stop"]),
        ("done", ["Re-run", "Download evidence"]),
        ("stopped", ["Re-run", "Download evidence"]),
    ],
)
def test_buttons_are_those_that_do_something(state: State, labels: list[str]) -> None:
    """A run that is on can be stopped, one that ended can be asked again; values begin with the run's id."""
    view = done(Status.HEALTHY, state=state)
    rows = [block for block in parent(view)[0].blocks if block["type"] == "actions"]
    buttons: list[Any] = [element for row in rows for element in row["elements"]]  # type: ignore[attr-defined]

    assert labels == [button["text"]["text"] for button in buttons]
    assert {"run_7f3a"} == {button["value"].partition(" ")[0] for button in buttons}


def test_healthy_and_fast_mentions_nobody_else_everybody_who_asked() -> None:
    """Only an answer that somebody must read at once notifies people."""
    quiet = verdict(done(Status.HEALTHY, joined=("U2",)))[0]
    slow = verdict(done(Status.HEALTHY, joined=("U2",), seconds=61.0))[0]
    loud = verdict(done(Status.PROBLEM, joined=("U2",)))[0]
    mentioned = [re.findall(r"<@(\w+)>", json.dumps(message.blocks)) for message in (quiet, slow, loud)]

    assert [[], ["U1", "U2"], ["U1", "U2"]] == mentioned


def test_verdict_names_fix_commands_grants_and_what_stays_open() -> None:
    """The last reply holds all that a person needs to act."""
    cause = Cause(
        code="eni-pps-throttle",
        confidence=Confidence.HIGH,
        summary="The ENI drops packets.",
        subject="eni-1",
        evidence=("1,204 packets dropped",),
        fix="Run 4 replicas.",
        commands=("kubectl -n kube-system scale deployment coredns --replicas=4",),
        change="",
        source="https://docs.aws.amazon.com/vpc/dns",
    )
    held = Verdict(
        status=Status.PROBLEM,
        summary="External names fail.",
        causes=(cause,),
        ruled_out=(RuledOut(code="sg-blocks-53-between-nodes", because="port 53 is open"),),
        unexplained=("10.0.0.9 does not answer",),
        not_checked=(NotChecked(check="vpc-dns", because="403", grant="ec2:DescribeVpcs"),),
    )
    shown = [json.dumps(message.blocks) + message.text for message in verdict(done(Status.PROBLEM, verdict=held))]
    told = (
        "eni-pps-throttle",
        "1,204 packets dropped",
        "Run 4 replicas.",
        "--replicas=4",
        "port 53 is open",
        "10.0.0.9 does not answer",
        "ec2:DescribeVpcs",
    )

    assert [] == [(rung, word) for rung, text in enumerate(shown) for word in told if word not in text]


def test_unknown_step_is_neither_fine_nor_broken() -> None:
    """A step that could not look stays pending in the plan and names the grant in the thread."""
    unseen = StepResult(
        check="vpc-dns",
        title="The VPC resolves names",
        outcome=Outcome.UNKNOWN,
        summary="",
        because="403 forbidden",
        grant="ec2:DescribeVpcs",
    )
    plan: Any = parent(done(Status.HEALTHY, steps=(unseen,)))[0].blocks[2]
    reply = json.dumps(step(1, 1, [unseen])[0].blocks)

    assert ["pending"] == [task["status"] for task in plan["tasks"]]
    assert "could not look: 403 forbidden" in json.dumps(plan)
    assert "ec2:DescribeVpcs" in reply


def test_several_fine_steps_share_one_section() -> None:
    """What is fine takes one line."""
    fine = [StepResult(check=f"c{number}", title="Fine", outcome=Outcome.OK, summary="20/20 ok") for number in range(3)]
    blocks = step(4, 6, fine)[0].blocks

    assert 1 == len(blocks)
    assert "4/6 Fine" in json.dumps(blocks)
    assert "6/6 Fine" in json.dumps(blocks)


@given(st.text(), st.integers(2, 400))
def test_escaping_happens_exactly_once_and_keeps_the_length(text: str, most: int) -> None:
    """What is unescaped again is the cleaned text, or a beginning of it."""
    escaped = mrkdwn(text, most)
    back = escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

    assert size(escaped) <= most
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", escaped)
    assert clean(text).replace("```", "'''").startswith(back.removesuffix("…").rstrip())


@given(st.text(alphabet="`\n abc"))
def test_nothing_gets_out_of_a_fence(text: str) -> None:
    """A fence ends where we end it."""
    fenced = fence([text], 5, 200)

    assert 2 == fenced.count("```")
    assert "`" not in code(text)[1:-1]


@pytest.mark.parametrize(
    "made, expected",
    [
        (mention("U123"), "<@U123>"),
        (mention("<!channel>"), "`&lt;!channel&gt;`"),
        (link("https://example.org/a?b=c&d=e", "source"), "<https://example.org/a?b=c&amp;d=e|source>"),
        (link("https://example.org/|<!channel>", "source"), "`https://example.org/|&lt;!channel&gt;`"),
        (link("javascript:alert(1)", "source"), "`javascript:alert(1)`"),
        (plain("<!channel> 1 < 2", 50), "\u2039!channel> 1 < 2"),
        (clean("\x1b[31ma\u202e\u200b\r\n\tb"), "[31ma\n\tb"),
    ],
)
def test_text_is_made_harmless(made: str, expected: str) -> None:
    """Each way to get markup in is closed."""
    assert expected == made


def test_notices_and_private_answers_fit() -> None:
    """Also the short ones keep within the limits."""
    messages = (*notice("<!channel> " * 2000), ephemeral(["x" * 200] * 100), notice("ok")[0])

    assert [] == problems(messages)


@pytest.mark.parametrize(
    "message, expected",
    [
        (Message(""), "no_text"),
        (Message("x" * 4001), "msg_too_long"),
        (Message("x", (long_section(1),) * 51), "msg_blocks_too_many"),
        (Message("x", ({"type": "alert"},)), "invalid_blocks"),
        (Message("x", ({"type": "section"},)), "invalid_blocks"),
        (Message("x", (long_section(3001),)), "invalid_blocks"),
        (Message("x", ({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},)), "invalid_blocks"),
        (Message("x", ({"type": "plan", "title": "t", "tasks": []},)), "invalid_blocks"),
        (
            Message(
                "x",
                ({"type": "plan", "title": "t", "tasks": [{"task_id": "a", "title": "t", "status": "completed"}]},),
            ),
            "invalid_blocks",
        ),
        (Message("x", ({"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]},)), "invalid_blocks"),
        (Message("x", ({"type": "actions", "elements": []},)), "invalid_blocks"),
        (
            Message("x", (long_section(2500),) * 4),
            "msg_blocks_too_long",
        ),
    ],
)
def test_lint_knows_what_slack_refuses(message: Message, expected: str) -> None:
    """The linter refuses what Slack refuses, under Slack's own name."""
    assert [expected] == [fault.split()[0] for fault in faults(message, update=True)]


CLUSTERS = st.builds(
    Line,
    cluster=st.sampled_from([name[:100] for name in HOSTILE]) | st.text(max_size=100),
    status=st.sampled_from(list(Status)),
    causes=st.integers(0, 20),
    p95=st.floats(0, 60),
    before=st.none() | st.sampled_from(list(Status)),
    p95_before=st.floats(0, 60),
    muted=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(CLUSTERS, max_size=10),
    times=st.sampled_from((1, 7, 12)),
    late=st.floats(0, 7200),
    missed=st.lists(st.floats(0, 2e9), max_size=10),
    brief=st.booleans(),
    by=st.sampled_from(["", "U0ALICE", "<!channel>"]),
)
def test_a_report_of_whatever_clusters_is_within_the_limits(
    lines: list[Line], times: int, late: float, missed: list[float], by: str, *, brief: bool
) -> None:
    """None, one or hundreds of clusters of any name: Slack takes each form, and nobody is called; none is left out."""
    view = ReportView(
        at=1_795_507_200.0,
        timezone="Europe/Paris",
        lines=tuple(lines * times),
        late=late,
        missed=tuple(missed),
        following=1_795_593_600.0,
        before="https://example.slack.com/archives/C0HEALTH/p1795507200000100",
        brief=brief,
        asked_by=by,
    )
    replies = rest(view)
    tables = [block for block in report(view)[0].blocks if block["type"] == "table"]
    rows: Any = tables[0]["rows"] if tables else [()]

    assert [] == [
        one for rungs in (report(view, [button("Check", "dns.ask", "ask_1")]), *replies) for one in problems(rungs)
    ]
    assert view.is_brief or len(rows) - 1 + sum(_lines_of(rungs[0]) for rungs in replies) == len(view.lines)


def _lines_of(message: Message) -> int:
    """How many clusters a reply lists, below its heading."""
    texts = [str(block["text"]["text"]) for block in message.blocks]  # type: ignore[index]
    return sum(len(re.findall(r"(?m)^:\w+_circle: ", text)) for text in texts)
