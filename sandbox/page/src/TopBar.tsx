// Who speaks, how it looks, and the way to the panel.
import { useSession } from "./context";
import { Avatar } from "./Avatar";
import { Icon } from "./Icon";

interface Props {
  onMenu: () => void;
  onPerson: (user: string) => void;
  onTheme: () => void;
  onPanel: () => void;
  panelIsOpen: boolean;
  isBroken: boolean;
}

export function TopBar({ onMenu, onPerson, onTheme, onPanel, panelIsOpen, isBroken }: Props) {
  const { me, workspace, dark } = useSession();
  const people = workspace.people.filter((each) => !each.bot);
  return (
    <header className="top">
      <button type="button" className="button square ghost only-narrow" aria-label="Channels" onClick={onMenu}>
        <Icon name="menu" />
      </button>
      <h1>
        <img src="/icon.svg" alt="" /> <span>dnsmedic</span> <span className="unseen">demo</span>
      </h1>
      <label className="person">
        <span className="person-label">You speak as</span>
        <Avatar user={me} />
        <select value={me} onChange={(event) => onPerson(event.target.value)}>
          {people.map((each) => (
            <option key={each.id} value={each.id}>
              {each.real_name}: {each.about}
            </option>
          ))}
        </select>
      </label>
      <button type="button" className="button square ghost" aria-label={dark ? "Light colours" : "Dark colours"} onClick={onTheme}>
        <Icon name={dark ? "sun" : "moon"} />
      </button>
      <button type="button" className={`button ghost tools${isBroken ? " alarm" : ""}`} aria-expanded={panelIsOpen} onClick={onPanel}>
        <Icon name="tools" /> <span className="tools-label">Break things</span>
        {isBroken && <span className="unseen">, something is broken</span>}
      </button>
    </header>
  );
}
