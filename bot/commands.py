"""What becomes of what people type and press: read, asked of policy, asked of the runs, answered in private."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from redis.exceptions import RedisError

from bot import answers, grammar, policy
from bot.grammar import Check, Form, Health, Help, Listing, Standing, Stop
from bot.policy import Caller, Membership
from bot.recorder import Recorder
from contract.blocks import Message
from contract.clusters import Clusters, ClustersFile
from contract.evidence import Evidence
from contract.health_reports import HealthReport, HealthReports, asked_name
from contract.model import Question
from contract.offers import Offer, Offers
from contract.records import RunRecord
from contract.refusal import Refused
from contract.runs import Runs


@dataclass(frozen=True, slots=True)
class Home:
    """Our own workspace: its id, our user in it, its address. Empty while Slack could not be asked."""

    team: str = ""
    bot_user: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers people. Methods raise RedisError where Redis fails, and never say more than may be seen from where.

    membership: what a person is in our workspace, by their id; answers within a second.
    """

    runs: Runs
    clusters: ClustersFile
    offers: Offers
    recorder: Recorder
    home: Callable[[], Home]
    membership: Callable[[str], Membership]

    def typed(self, caller: Caller, text: str, request: str) -> Message | Form:
        """The answer to words after the command; `Form` where the form is to be opened."""
        return self._answer(caller, lambda: self._command(caller, grammar.parse(text), request), text)

    def filled_in(self, caller: Caller, question: Question, request: str) -> Message:
        """The answer to a form that was sent."""
        return self._shown(self._answer(caller, lambda: self._check(caller, question, request), question.cluster))

    def accepted(self, caller: Caller, ask: str, request: str) -> Message:
        """The answer to a press of "Check ..."."""

        def work(offer: Offer) -> Message:
            again = self.runs.get(offer.again) if offer.again else None
            return self._check(caller, offer.question, request, again)

        return self._offered(caller, ask, work)

    def _offered(self, caller: Caller, ask: str, work: Callable[[Offer], Message]) -> Message:
        """What `work` answers to the offer that a button stands for, where it is kept and of this channel."""

        def answer() -> Message:
            offer = self.offers.get(ask)
            if offer is None:
                return answers.EXPIRED
            return work(offer) if offer.channel == caller.channel else answers.ELSEWHERE

        return self._shown(self._answer(caller, answer, ask))

    def rerun(self, caller: Caller, run: str, message_ts: str, request: str) -> Message:
        """The answer to a press of "Re-run": the same question as a new run under the same message."""

        def work() -> Message:
            record = self._seen(caller, run)
            if not policy.is_its_message(record, caller.channel, message_ts, caller.thread_ts):
                return answers.ELSEWHERE
            return self._check(caller, record.question, request, record)

        return self._shown(self._answer(caller, work, run))

    def stop(self, caller: Caller, run: str, message_ts: str) -> Message:
        """The answer to a press of "Stop"."""

        def work() -> Message:
            record = self.runs.get(run)
            if record and not policy.is_its_message(record, caller.channel, message_ts, caller.thread_ts):
                return answers.ELSEWHERE
            return self._stop(caller, run)

        return self._shown(self._answer(caller, work, run))

    def more(self, caller: Caller, value: str, message_ts: str) -> Message:
        """The answer to a press of "Download evidence"; the value is the run and the word for what is wanted of it."""
        run, _, wanted = value.partition(" ")

        def work() -> Message:
            record = self._seen(caller, run)
            if wanted != "evidence" or not policy.is_its_message(record, caller.channel, message_ts, caller.thread_ts):
                return answers.ELSEWHERE
            return self._evidence(caller, record)

        return self._shown(self._answer(caller, work, value))

    def health(self, caller: Caller, text: str, request: str) -> Message:
        """The answer to words after the command for a report."""
        return self._shown(
            self._answer(caller, lambda: self._health(caller, grammar.parse_health(text), request), text)
        )

    def mute(self, caller: Caller, ask: str, *, quiet: bool) -> Message:
        """The answer to a press of "Mute", and of the button that takes it back."""

        def work(offer: Offer) -> Message:
            cluster = offer.question.cluster
            self._record("muted" if quiet else "unmuted", caller, cluster=cluster)
            if quiet:
                self.reports.mute(caller.channel, cluster, user=caller.user)
                return answers.muted(cluster, ask)
            self.reports.unmute(caller.channel, cluster)
            return answers.unmuted(cluster)

        return self._offered(caller, ask, work)

    def choices(self, caller: Caller, typed: str) -> tuple[str, ...]:
        """The clusters to choose from in the form, those that hold what was typed so far."""
        if self.turned_away(caller):
            return ()
        wanted = typed.strip().lower()
        return tuple(name for name in policy.here(caller, self._clusters) if wanted in name.lower())

    @property
    def reports(self) -> HealthReports:
        """The health reports."""
        return HealthReports(self.runs.redis)

    @property
    def _clusters(self) -> Clusters:
        return self.clusters.current()

    def _answer(self, caller: Caller, work: Callable[[], Message | Form], said: str) -> Message | Form:
        """What `work` answers, once the caller may speak at all; what is refused is told and put on record."""
        try:
            if reason := self.turned_away(caller):
                raise Refused(reason)
            return work()
        except Refused as reason:
            self._record("refused", caller, said=said[:200], reason=str(reason)[:300])
            return answers.refused(str(reason))

    def turned_away(self, caller: Caller) -> str:
        """Why this person is not answered at all, "" if they are. Slack is asked about those alone who may be."""
        return policy.may_speak(caller, self.home().team) or policy.may_ask(self.membership(caller.user))

    @staticmethod
    def _shown(answer: Message | Form) -> Message:
        return answers.usage() if isinstance(answer, Form) else answer

    def _command(self, caller: Caller, command: grammar.Command, request: str) -> Message | Form:
        match command:
            case Check(question):
                return self._check(caller, question, request)
            case Stop(run):
                return self._stop(caller, run)
            case Standing():
                return self._standing(caller)
            case Listing():
                entries = self._clusters.entries
                return answers.listing([entries[name] for name in policy.here(caller, self._clusters)])
            case Help():
                return answers.usage()
            case Form():
                return command

    def _check(self, caller: Caller, question: Question, request: str, again: RunRecord | None = None) -> Message:
        """Ask the runs, if this cluster may be checked from here. again: the run that is repeated where it stands."""
        clusters = self._clusters
        name = question.cluster
        if policy.may_check(caller, clusters.get(name)):
            here = policy.here(caller, clusters)
            name = _spelled(name, here)
            if name not in here:
                return self._denied(caller, question, here)
        if question.name and not policy.may_check(caller, clusters.get(question.name)):
            raise Refused("One cluster at a time: the second word is a name to look up, or a pod.")
        question = Question(cluster=name, name=question.name, pod=question.pod, only=question.only)
        thread = again.thread_ts if again else caller.thread_ts
        who = {"user": caller.user, "team": caller.team, "channel": caller.channel}
        got = self.runs.ask(question, **who, thread_ts=thread, request=request, again=again)
        self._record("asked", caller, run=got.run, cluster=name, name=question.name, pod=question.pod)
        return answers.asked(question, got, self.link(got.channel, got.parent_ts), in_thread=bool(thread))

    def _health(self, caller: Caller, command: Health | Help, request: str) -> Message:
        """Begin a report about the clusters that may be checked from here, or about the one that was named."""
        if isinstance(command, Help):
            return answers.usage()
        here = policy.here(caller, self._clusters)
        wanted = (_spelled(command.cluster, here),) if command.cluster else here
        if not wanted:
            return answers.listing(())
        if not set(wanted) <= set(here):
            return self._denied(caller, Question(cluster=command.cluster), here)
        report = HealthReport(
            name=asked_name(request), clusters=wanted, channel=caller.channel, user=caller.user, team=caller.team,
            thread_ts=caller.thread_ts,
        )  # fmt: skip
        self.reports.begin(report)
        self._record("health", caller, report=report.name, clusters=", ".join(wanted)[:500])
        return answers.reporting(wanted, in_thread=bool(caller.thread_ts))

    def _denied(self, caller: Caller, question: Question, here: tuple[str, ...]) -> Message:
        self._record("refused", caller, said=question.cluster, reason="not a cluster to check here")
        meant = answers.nearest(question.cluster, here) or next(iter(here), "")
        if not meant:
            return answers.denied(question.cluster, here, None)
        offered = Question(cluster=meant, name=question.name, pod=question.pod)
        try:
            button = answers.offer(meant, self.offers.put(Offer(offered, caller.channel)))
        except RedisError:
            button = None
        return answers.denied(question.cluster, here, button)

    def _seen(self, caller: Caller, run: str) -> RunRecord:
        """The run, if it may be looked at from here. Raises Refused, the same for one that does not exist."""
        record = self.runs.get(run)
        if record is None or policy.may_see(caller, record, self._clusters):
            raise Refused(policy.may_see(caller, None, self._clusters))
        return record

    def _evidence(self, caller: Caller, record: RunRecord) -> Message:
        evidence = Evidence(self.runs.redis, self.runs.jobs)
        if not evidence.kept(record.run):
            return answers.evidence_gone(
                record.run, self.offers.put(Offer(record.question, caller.channel, record.run))
            )
        first = evidence.ask(record.run, user=caller.user)
        self._record("evidence", caller, run=record.run, cluster=record.cluster)
        return answers.evidence(record.run, first=first)

    def _stop(self, caller: Caller, run: str) -> Message:
        record = self._seen(caller, run)
        if reason := policy.may_stop(caller, record, self._clusters.get(record.cluster)):
            raise Refused(reason)
        was_on = self.runs.stop(run, user=caller.user)
        self._record("stopped", caller, run=run, cluster=record.cluster)
        return answers.stopping(run, was_on=was_on)

    def _standing(self, caller: Caller) -> Message:
        clusters = self._clusters
        seen = [record for record in self.runs.live() if not policy.may_see(caller, record, clusters)]
        return answers.standing(seen, time.time())

    def link(self, channel: str, ts: str) -> str:
        """The address of a message, as Slack's "Copy link" makes it; "" where it cannot be told."""
        url = self.home().url
        return f"{url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}" if url and ts else ""

    def _record(self, what: str, caller: Caller, **more: str) -> None:
        """Put on record who did what."""
        place = {"user": caller.user, "team": caller.team, "channel": caller.channel}
        self.recorder.append({"what": what, **place, **more})


def _spelled(name: str, here: tuple[str, ...]) -> str:
    """The name as the clusters file spells it: phones begin with a capital. As it is where that is no single one."""
    alike = [one for one in here if one.lower() == name.lower()]
    return alike[0] if len(alike) == 1 else name
