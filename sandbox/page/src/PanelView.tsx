// The panel: breaks the pretend world, heals it, and shows what it was asked.
import { useEffect, useRef, useState } from "react";
import { steer, worlds } from "./api";
import { useSession } from "./context";
import { Icon } from "./Icon";
import type { Asked, Panel, World } from "./types";

const HEALTHY = "healthy";

interface Props {
  panel: Panel;
  asked: Map<string, Asked>;
  onClose: () => void;
}

export function PanelView({ panel, asked, onClose }: Props) {
  const { say } = useSession();
  const [busy, setBusy] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  const steered = async (what: string, given: object) => {
    setBusy(what);
    const { error } = await steer(what, given);
    setBusy("");
    if (error) say(error);
    return !error;
  };
  const isBroken =
    panel.clusters.some((each) => each.world !== HEALTHY) || panel.troubles.some((each) => each.on) || !panel.redis.on || panel.redis.armed;
  return (
    <aside className="side panel" aria-label="Break things">
      <header>
        <h2 ref={heading} tabIndex={-1}>
          Break things
        </h2>
        <button type="button" className="button square" aria-label="Close this panel" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="panel-body" tabIndex={0} role="region" aria-label="Switches and requests">
        <button type="button" className="button primary heal" disabled={!isBroken || busy !== ""} onClick={() => void steered("heal", {})}>
          {isBroken ? "Heal everything" : "Nothing is broken"}
        </button>
        <Clusters panel={panel} busy={busy !== ""} steered={steered} />
        <Troubles panel={panel} steered={steered} />
        <Time panel={panel} steered={steered} />
        <Machines panel={panel} steered={steered} />
        <Requests asked={asked} />
      </div>
    </aside>
  );
}

type Steered = (what: string, given: object) => Promise<boolean>;

interface SwitchProps {
  on: boolean;
  disabled?: boolean;
  title: string;
  about: string;
  flip: (on: boolean) => Promise<boolean>;
}

/** Shows at once what was wanted, then what is. */
function Switch({ on, disabled = false, title, about, flip }: SwitchProps) {
  const [wanted, setWanted] = useState<boolean | null>(null);
  useEffect(() => setWanted(null), [on]);
  const flipped = async (next: boolean) => {
    setWanted(next);
    if (!(await flip(next))) setWanted(null);
  };
  return (
    <label className="switch">
      <input type="checkbox" checked={wanted ?? on} disabled={disabled} onChange={(event) => void flipped(event.target.checked)} />
      <span>
        <strong>{title}</strong>
        <span className="quiet">{about}</span>
      </span>
    </label>
  );
}

function Clusters({ panel, busy, steered }: { panel: Panel; busy: boolean; steered: Steered }) {
  const [menu, setMenu] = useState<World[]>([]);
  useEffect(() => void worlds().then(setMenu), []);
  const groups = [...new Set(menu.map((each) => each.group))].filter(Boolean);
  return (
    <section aria-labelledby="panel-clusters">
      <h3 id="panel-clusters">Clusters</h3>
      {panel.clusters.map((cluster) => (
        <div key={cluster.name} className="cluster">
          <label className="stacked">
            <span>
              <strong>{cluster.name}</strong>
              <span className={cluster.broken ? "state bad" : "state good"}>
                {!cluster.ready ? "starting" : cluster.broken ? "broken" : "healthy"}
              </span>
            </span>
            <select
              className="select"
              value={cluster.world}
              disabled={busy}
              onChange={(event) => void steered("world", { cluster: cluster.name, world: event.target.value })}
            >
              {menu.length === 0 && <option value={cluster.world}>{cluster.title}</option>}
              <Worlds of={menu.filter((each) => !each.group)} />
              {groups.map((group) => (
                <optgroup key={group} label={group}>
                  <Worlds of={menu.filter((each) => each.group === group)} />
                </optgroup>
              ))}
            </select>
          </label>
          {cluster.world !== HEALTHY && <Command cluster={cluster.name} world={menu.find((each) => each.name === cluster.world)} />}
        </div>
      ))}
    </section>
  );
}

function Worlds({ of }: { of: World[] }) {
  return of.map((world) => (
    <option key={world.name} value={world.name}>
      {world.title}
    </option>
  ));
}

/** What somebody who suffers there would type. */
function Command({ cluster, world }: { cluster: string; world: World | undefined }) {
  const words = ["/dns-check", cluster, world?.asked, world?.pod && `pod=${world.pod}`].filter(Boolean);
  return (
    <p className="quiet">
      Now type: <code>{words.join(" ")}</code>
    </p>
  );
}

function Troubles({ panel, steered }: { panel: Panel; steered: Steered }) {
  return (
    <section aria-labelledby="panel-slack">
      <h3 id="panel-slack">Slack</h3>
      {panel.troubles.map((trouble) => (
        <Switch
          key={trouble.name}
          on={trouble.on}
          title={trouble.title}
          about={trouble.about}
          flip={(on) => steered("trouble", { name: trouble.name, on })}
        />
      ))}
    </section>
  );
}

/** The schedules' time can be moved to the next report, and stays moved. */
function Time({ panel, steered }: { panel: Panel; steered: Steered }) {
  const [busy, setBusy] = useState(false);
  const { moved, due } = panel.clock;
  useEffect(() => setBusy(false), [due]);
  const moveOn = async () => {
    setBusy(true);
    if (!(await steered("time", {}))) setBusy(false);
  };
  return (
    <section aria-labelledby="panel-time">
      <h3 id="panel-time">Time</h3>
      <div className="row">
        <span>
          <strong>Daily report</strong>
          <span className="quiet block">
            Due {utc(due)}, in #dns-health.{moved > 0 && ` The schedules' time is ${ahead(moved)} ahead.`}
          </span>
        </span>
        <button type="button" className="button" disabled={busy} onClick={() => void moveOn()}>
          Move on<span className="unseen"> to the next daily report</span>
        </button>
      </div>
    </section>
  );
}

function utc(seconds: number): string {
  const words = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" } as const;
  return `${new Intl.DateTimeFormat("en-GB", words).format(new Date(seconds * 1000))} UTC`;
}

function ahead(seconds: number): string {
  const hours = Math.max(1, Math.round(seconds / 3600));
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

function Machines({ panel, steered }: { panel: Panel; steered: Steered }) {
  const { redis } = panel;
  return (
    <section aria-labelledby="panel-processes">
      <h3 id="panel-processes">Processes</h3>
      {panel.processes.map((each) => (
        <div key={each.name} className="row">
          <span>
            <strong>{each.name}</strong> <State on={each.running} yes="running" no="dead, another one starts" />
            <span className="quiet block">
              process {each.pid}
              {each.restarts > 0 && `, started again ${each.restarts === 1 ? "once" : `${each.restarts} times`}`}
            </span>
          </span>
          <button type="button" className="button danger" disabled={!each.running} onClick={() => void steered("kill", { name: each.name })}>
            Kill<span className="unseen"> the {each.name}</span>
          </button>
        </div>
      ))}
      <div className="row">
        <span>
          <strong>Redis</strong> <State on={redis.on} yes="running" no="stopped" />
          <span className="quiet block">{redis.armed ? "Stops at the next press or command." : "The product's own store."}</span>
        </span>
        {redis.on ? (
          <button type="button" className="button danger" onClick={() => void steered("redis", { do: "stop" })}>
            Stop<span className="unseen"> Redis</span>
          </button>
        ) : (
          <button type="button" className="button primary" onClick={() => void steered("redis", { do: "start" })}>
            Start<span className="unseen"> Redis</span>
          </button>
        )}
      </div>
      <Switch
        on={redis.armed}
        disabled={!redis.on}
        title="Stop Redis at the next press"
        about="Just before the next button or command reaches dnsmedic."
        flip={(on) => steered("redis", { do: on ? "arm" : "disarm" })}
      />
    </section>
  );
}

function State({ on, yes, no }: { on: boolean; yes: string; no: string }) {
  return <span className={on ? "state good" : "state bad"}>{on ? yes : no}</span>;
}

function Requests({ asked }: { asked: Map<string, Asked> }) {
  const [which, setWhich] = useState("asked:cluster-a");
  const log = asked.get(which);
  return (
    <section aria-labelledby="panel-requests">
      <h3 id="panel-requests">Requests</h3>
      <label className="stacked">
        <span>What was asked of</span>
        <select className="select" value={which} onChange={(event) => setWhich(event.target.value)}>
          {[...asked.keys()].map((name) => (
            <option key={name} value={name}>
              {name === "asked:slack" ? "Slack" : name.slice("asked:".length)}
            </option>
          ))}
        </select>
      </label>
      {!log?.total ? (
        <p className="quiet">Nothing yet. Check the cluster, and what dnsmedic asks of it shows up here.</p>
      ) : (
        <>
          <p className="quiet">
            {log.total} requests{log.total > log.lines.length && `, the last ${log.lines.length} of them`}
          </p>
          <ol className="requests" tabIndex={0} aria-label="Requests, oldest first">
            {log.lines.map((line, number) => (
              <li key={number}>
                <span className={line.status >= 400 ? "wrong" : "quiet"}>{line.status || "·"}</span> {line.who} {line.words}
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}
