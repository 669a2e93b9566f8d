"""Everything that is shown in Slack, rendered from plain values: pure, and within Slack's limits for any input.

A message comes as rungs of a ladder, best first: Slack may refuse the newer blocks, and an answer must not be lost
with them. `lint` says about any message what Slack would say.
"""

from contract.blocks.lint import faults
from contract.blocks.message import Block, Message, button, context, section
from contract.blocks.notices import again, ephemeral, notice
from contract.blocks.parents import parent
from contract.blocks.reports import Line, ReportView, report, rest
from contract.blocks.steps import step
from contract.blocks.verdicts import verdict
from contract.blocks.views import RunView, State

__all__ = [
    "Block",
    "Line",
    "Message",
    "ReportView",
    "RunView",
    "State",
    "again",
    "button",
    "context",
    "ephemeral",
    "faults",
    "notice",
    "parent",
    "report",
    "rest",
    "section",
    "step",
    "verdict",
]
