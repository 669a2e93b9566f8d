// Channels and the app, and which of them hold something new.
import { useSession } from "./context";
import { Icon } from "./Icon";

interface Props {
  here: string;
  /** How much is new, by channel. */
  fresh: Map<string, number>;
  onGo: () => void;
}

export function Sidebar({ here, fresh, onGo }: Props) {
  const { channels, workspace } = useSession();
  const direct = channels.filter((each) => each.direct);
  const entry = (id: string, name: string, sign: string | null) => {
    const count = fresh.get(id) ?? 0;
    return (
      <li key={id}>
        <a href={`#/${id}`} aria-current={here === id ? "page" : undefined} className={count ? "fresh" : ""} onClick={onGo}>
          {sign ? <span aria-hidden="true">{sign}</span> : <Icon name="home" />}
          <span className="name">{name}</span>
          {count > 0 && (
            <span className="count">
              {count}
              <span className="unseen"> new</span>
            </span>
          )}
        </a>
      </li>
    );
  };
  return (
    <nav className="sidebar" aria-label="Channels and apps">
      <h2>Channels</h2>
      <ul>{channels.filter((each) => !each.direct).map((each) => entry(each.id, each.name, "#"))}</ul>
      <h2>Apps</h2>
      <ul>
        {entry("home", `${workspace.app.name} home`, null)}
        {direct.map((each) => entry(each.id, workspace.app.name, "@"))}
      </ul>
      <p className="sidebar-foot">A pretend Slack on your machine. Nothing leaves it.</p>
    </nav>
  );
}
