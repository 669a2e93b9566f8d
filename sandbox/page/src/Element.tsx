// One thing that people press or choose in a message, or beside a text in a view. It acts at once.
import { useState } from "react";
import { Choice } from "./Choice";
import { Confirm } from "./Confirm";
import { useSession } from "./context";
import { Icon } from "./Icon";
import { Menu } from "./Menu";
import type { BlockElement, Where } from "./types";

interface Asking {
  value: unknown;
  action: string;
}

export function Element({ element, where }: { element: BlockElement; where: Where }) {
  const { act, me } = useSession();
  const [asking, setAsking] = useState<Asking | null>(null);
  const [busy, setBusy] = useState(false);
  const visible: string[] | undefined = element.visible_to_user_ids;
  if (visible && !visible.includes(me)) return null;

  const send = async (value: unknown) => {
    setBusy(true);
    await act("click", { where, action: element.action_id, value });
    setBusy(false);
  };
  const use = (value: unknown) =>
    element.confirm ? setAsking({ value, action: element.action_id }) : void send(value);

  return (
    <>
      <Shown element={element} where={where} busy={busy} use={use} />
      {asking && (
        <Confirm
          about={element.confirm}
          onNo={() => setAsking(null)}
          onYes={() => {
            setAsking(null);
            void send(asking.value);
          }}
        />
      )}
    </>
  );
}

interface ShownProps {
  element: BlockElement;
  where: Where;
  busy: boolean;
  use: (value: unknown) => void;
}

function Shown({ element, where, busy, use }: ShownProps) {
  const label: string = element.accessibility_label ?? element.text?.text ?? "";
  switch (element.type) {
    case "button":
    case "workflow_button":
      return (
        <button
          type="button"
          className={`button ${element.style ?? ""}`}
          disabled={busy}
          aria-label={element.accessibility_label}
          onClick={() => {
            if (element.url) open(element.url, "_blank", "noopener,noreferrer");
            use(element.value ?? null);
          }}
        >
          {element.text.text}
        </button>
      );
    case "icon_button":
      return (
        <button type="button" className="button" disabled={busy} onClick={() => use(element.value ?? null)}>
          {label}
        </button>
      );
    case "feedback_buttons":
      return (
        <>
          {[element.positive_button, element.negative_button].map((each) => (
            <button key={each.value} type="button" className="button" disabled={busy} onClick={() => use(each.value)}>
              {each.text.text}
            </button>
          ))}
        </>
      );
    case "overflow":
      return (
        <Menu label="More actions" items={element.options.map((option: any) => ({ name: option.text.text, value: option.value }))} onChoose={use}>
          <Icon name="more" />
        </Menu>
      );
    default:
      return <Choice element={element} where={where} onChange={use} label={element.placeholder?.text ?? "Choose"} />;
  }
}
