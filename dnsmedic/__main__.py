"""The console command: one subcommand for each process and each question. A side is imported when its subcommand runs.

A subcommand returns its exit status: 0 healthy or done, 1 a problem or a risk was found, 2 usage or settings, 3 the
cluster could not be seen. A crash is 3 as well, so that no script takes it for a finding.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from contract.refusal import Refused

USAGE = 2
CANNOT_SEE = 3
INTERRUPTED = 130


class _Console(click.Group):
    """A group in whose subcommands a refusal (every mistake in the settings, say) is told in its own words."""

    def invoke(self, ctx: click.Context) -> Any:
        """What the subcommand returns; exits with status 2 when it was refused, with 130 after Ctrl-C."""
        try:
            return super().invoke(ctx)
        except Refused as refusal:
            click.echo(str(refusal), err=True)
            ctx.exit(USAGE)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


@click.group(
    cls=_Console,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit status: 0 healthy, 1 a problem or a risk was found, 2 usage or settings, 3 the cluster is not seen.",
)
@click.version_option(package_name="dnsmedic", message="%(prog)s %(version)s")
def main() -> None:
    """Tell why DNS fails in an EKS cluster, and what to do about it.

    `dnsmedic check cluster-a` answers in this terminal, without Slack and without Redis. The bot and its workers answer
    in Slack. Settings come from the environment: .env.example lists them.
    """
    sys.excepthook = _crashed


@main.result_callback()
def _exit(status: int) -> None:
    sys.exit(status)


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.__excepthook__(kind, error, trace)
    raise SystemExit(CANNOT_SEE)


def _done(run: Callable[[], int | None]) -> int:
    """The exit status of a process that ran until it was told to stop."""
    return run() or 0


@main.command()
def bot() -> int:
    """Answer in Slack: take commands and queue them.

    Uses Socket Mode when SLACK_APP_TOKEN is set, and needs no address of its own then. Otherwise it serves HTTP at
    /slack/events on DNSMEDIC_HTTP, for a proxy with TLS in front of it. It holds no AWS or Kubernetes rights. Any
    number may run.

    \b
    Example:
      SLACK_BOT_TOKEN=xoxb-... SLACK_APP_TOKEN=xapp-... REDIS_URL=redis://127.0.0.1:6379/0 dnsmedic bot
    """
    from bot.app import main as run

    return _done(run)


@main.command()
def worker() -> int:
    """Run the diagnoses and changes that were asked for in Slack.

    It takes jobs from Redis, looks into the clusters of the clusters file and posts to Slack. Any number may run: a run
    whose worker dies is finished by another one.

    \b
    Example:
      SLACK_BOT_TOKEN=xoxb-... REDIS_URL=redis://127.0.0.1:6379/0 DNSMEDIC_CLUSTERS=clusters.yaml dnsmedic worker
    """
    from workers.worker import main as run

    return _done(run)


@main.command()
def scheduler() -> int:
    """Begin the reports that the clusters file has schedules for.

    At its local time each report is begun once, however many schedulers run; one that was missed for less than two hours
    is made up for. The workers look into the clusters and post. It needs Redis and the clusters file, and no other rights.

    \b
    Example:
      REDIS_URL=redis://127.0.0.1:6379/0 DNSMEDIC_CLUSTERS=clusters.yaml dnsmedic scheduler
    """
    from workers.schedule import main as run

    return _done(run)


@main.command()
@click.argument("cluster")
@click.option("--name", default="", metavar="NAME", help="The DNS name that fails, for example db.corp.example.")
@click.option("--pod", default="", metavar="NS/POD", help="The pod that it fails for, for example shop/web-5d9c.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts, instead of the live list.")
@click.option("--only", default="", metavar="CHECK,...", help="Run these checks only. `dnsmedic explain` lists them.")
@click.option(
    "--save",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write what was seen to FILE as well, for `dnsmedic replay`.",
)
def check(cluster: str, name: str, pod: str, as_json: bool, only: str, save: Path | None) -> int:  # noqa: FBT001 - click passes them by name
    """Diagnose DNS in CLUSTER, here in the terminal. It only reads; probe pods that it makes are removed again.

    CLUSTER is a name of the clusters file (DNSMEDIC_CLUSTERS), context:NAME of your kubeconfig, or eks:REGION/NAME.

    \b
    Examples:
      dnsmedic check cluster-a
      dnsmedic check context:kind-dev --name db.corp.example --pod shop/web-5d9c
      dnsmedic check eks:us-east-1/cluster-a --json | jq .verdict.summary
    """
    from workers.terminal.check import check as run

    wanted = tuple(word.strip() for word in only.split(",") if word.strip())
    return run(cluster=cluster, name=name, pod=pod, as_json=as_json, only=wanted, save=save)


@main.command()
@click.argument("code", required=False)
def explain(code: str | None) -> int:
    """Say what a check or a finding means.

    And why it matters, how it is fixed, and where that is written. Without CODE: the list of all checks and findings.

    \b
    Example:
      dnsmedic explain coredns-scaled-to-zero
    """
    from workers.terminal.explain import explain as run

    return run(code)


@main.command()
def doctor() -> int:
    """Say what is missing, and the exact grant for it.

    Looks at Redis, Slack's tokens and scopes, and each cluster's sign-in and rights. It changes nothing.

    \b
    Example:
      dnsmedic doctor
    """
    from workers.terminal.doctor import doctor as run

    return run()


@main.command()
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Of the page; 0: a free one."
)
def demo(port: int) -> int:
    """Try the whole product on this machine, with nothing to sign up for.

    Starts a real Redis, the bot and a worker, with a pretend Slack, AWS and three pretend clusters around them, all on
    loopback. Its page looks and works like a Slack workspace, and can break the clusters. Ctrl-C ends everything.

    \b
    Example:
      dnsmedic demo --port 8090
    """
    try:
        from sandbox.demo.main import main as run
    except ModuleNotFoundError as missing:
        raise Refused(
            f"The demo needs {missing.name}, which is not installed here: `make demo` installs it."
        ) from missing

    return run(port)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def replay(file: Path) -> int:
    """Judge saved facts again, without any cluster.

    FILE is what `dnsmedic check --save FILE` and the button "Download evidence" write.

    \b
    Example:
      dnsmedic replay incident.json
    """
    from workers.terminal.replay import replay as run

    return run(file)


if __name__ == "__main__":
    main(prog_name="dnsmedic")
