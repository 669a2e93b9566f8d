"""The parent message of a run: where it stands, and in the end its verdict. Edited in place while the run goes on."""

from __future__ import annotations

from collections.abc import Iterator

from contract.blocks.depth import DEPTHS, Depth
from contract.blocks.message import (
    MOST_TEXT,
    Block,
    Message,
    actions,
    button,
    confirmation,
    context,
    first_that_fits,
    output,
    section,
    sections,
)
from contract.blocks.text import code, label, line, mention, moment, more, mrkdwn, plain, size
from contract.blocks.views import (
    ACTIVE,
    RunView,
    asked,
    is_risk,
    outcome_of,
    step_line,
    summary_of,
    tally,
    title_of,
)
from contract.model import Outcome, StepResult

_TASK_STATES = {
    Outcome.OK: "complete",
    Outcome.PROBLEM: "error",
    Outcome.UNKNOWN: "pending",
    Outcome.SKIPPED: "pending",
}


def parent(view: RunView) -> tuple[Message, ...]:
    """The parent as three messages that say the same, best first: with a plan block, with sections, as text alone.

    Each fits Slack's limits for posts and for edits. The first line begins with the status as a word.
    """
    text = summary_of(view, 600)
    rich = first_that_fits(_blocks(view, depth, _plan(view, depth)) for depth in DEPTHS)
    classic = first_that_fits(_blocks(view, depth, sections(_step_lines(view, depth))) for depth in DEPTHS)
    return Message(text, rich), Message(text, classic), Message(_text(view))


def _blocks(view: RunView, depth: Depth, steps: list[Block]) -> list[Block]:
    blocks = [section("\n".join(_head(view)))]
    if view.verdict and view.state == "done":
        blocks.append(section("\n".join(_quoted(view, depth))))
    blocks += steps
    blocks += _fix(view, depth)
    blocks += actions(_buttons(view))
    blocks.append(context(_footer(view)))
    return blocks


def _head(view: RunView) -> list[str]:
    head = [title_of(view)]
    if about := asked(view.question):
        head.append(f"Asked about {about}")
    if view.note:
        head.append(line(view.note, 300))
    return head


def _quoted(view: RunView, depth: Depth) -> list[str]:
    if view.verdict is None:
        return []
    causes = view.verdict.causes
    quoted = [f"*{line(view.verdict.summary, depth.sentence)}*"]
    for cause in causes[: depth.causes]:
        said = "" if cause.summary == view.verdict.summary else f" · {line(cause.summary, depth.sentence)}"
        quoted.append(f"{code(cause.code, 80)} · confidence: {cause.confidence}{said}")
    quoted += more(len(causes) - depth.causes)
    return [f">{one}" for one in quoted]


def _plan(view: RunView, depth: Depth) -> list[Block]:
    tasks = [_task(step, depth) for step in view.steps]
    done = {step.check for step in view.steps}
    waiting = [(name, title) for name, title in view.planned if name not in done]
    for number, (name, title) in enumerate(waiting):
        state = "in_progress" if number == 0 and view.state in ("running", "resuming") else "pending"
        tasks.append({"task_id": name[:120], "title": label(title, 90), "status": state})
    tasks = _chosen(tasks, depth)
    return [{"type": "plan", "title": label(_plan_title(view), 150), "tasks": tasks}] if tasks else []


def _plan_title(view: RunView) -> str:
    if view.state in ACTIVE:
        return f"Checking DNS on {view.cluster[:100]}"
    return tally(view)


def _chosen(tasks: list[Block], depth: Depth) -> list[Block]:
    """As many tasks as there is room for: those that say more than "fine" first, in their order."""
    if len(tasks) <= depth.tasks:
        return tasks
    telling = sorted(range(len(tasks)), key=lambda number: (tasks[number]["status"] == "complete", number))
    shown = [tasks[number] for number in sorted(telling[: depth.tasks - 1])]
    rest: Block = {"task_id": "the-rest", "title": f"and {len(tasks) - len(shown)} more steps", "status": "pending"}
    states = {tasks[number]["status"] for number in telling[depth.tasks - 1 :]}
    return [*shown, rest | {"status": "complete"} if states == {"complete"} else rest]


def _task(step: StepResult, depth: Depth) -> Block:
    state = _TASK_STATES[step.outcome]
    said = outcome_of(step)
    if step.outcome is Outcome.PROBLEM and is_risk(step):
        state, said = "complete", f"⚠ {said}"
    task: Block = {"task_id": step.check[:120], "title": label(step.title, 90), "status": state}
    shown = plain(" ".join(said.split()), depth.output).strip() if depth.output else ""
    return task | {"output": output(shown)} if shown else task


def _step_lines(view: RunView, depth: Depth) -> list[str]:
    """The steps as lines: for the classic rung and the plain one."""
    total = max(len(view.planned), len(view.steps))
    lines = [step_line(step, 0, total, max(40, depth.output)) for step in view.steps]
    if len(lines) > depth.tasks:
        telling = [one for one, step in zip(lines, view.steps, strict=True) if step.outcome is not Outcome.OK]
        lines = [*telling[: depth.tasks], *more(len(lines) - min(len(telling), depth.tasks))]
    left = total - len(view.steps)
    waiting = "to come" if view.state in ACTIVE else "not run"
    return [*lines, f":hourglass: {left} {waiting}"] if left > 0 else lines


def _fix(view: RunView, depth: Depth) -> list[Block]:
    if not view.verdict or view.state != "done" or not view.verdict.causes or not view.verdict.causes[0].fix:
        return []
    return [section(f"*Suggested fix*\n{mrkdwn(view.verdict.causes[0].fix, depth.sentence)}")]


def _buttons(view: RunView) -> list[Block]:
    if view.state in ACTIVE:
        sure = confirmation("Stop this check?", "Steps already posted stay in the thread.", "Stop it", "Keep running")
        return [button("Stop", "dns.stop", view.run, style="danger", confirm=sure)]
    more = [button("Download evidence", "dns.more", f"{view.run} evidence")] if view.steps or view.verdict else []
    return [button("Re-run", "dns.rerun", view.run), *more]


def _footer(view: RunView) -> str:
    parts = [f"run {code(view.run, 60)}", f"asked by {mention(view.asked_by)}" if view.asked_by else "scheduled"]
    if view.started:
        parts.append(f"started {moment(view.started)}")
    if view.state not in ACTIVE:
        parts.append("full evidence in the thread")
    return " · ".join(parts)


def _text(view: RunView) -> str:
    """Everything as text alone: what remains when Slack refuses all blocks."""
    lines: Iterator[list[str]] = (
        [*_head(view), *_quoted(view, depth), *_step_lines(view, depth), _footer(view)] for depth in DEPTHS
    )
    for held in lines:
        text = "\n".join(held)
        if size(text) <= MOST_TEXT:
            return text
    return "\n".join([*_head(view), _footer(view)])
