// The box that one writes in, with commands and clusters to choose from while typing.
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useSession } from "./context";
import { Icon } from "./Icon";

interface Props {
  channel: string;
  thread?: string;
  label: string;
  /** What a newcomer may want to say. */
  chips: string[];
}

interface Suggestion {
  text: string;
  name: string;
  about: string;
}

export function Composer({ channel, thread = "", label, chips }: Props) {
  const { act } = useSession();
  const list = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  const [place, setPlace] = useState(0);
  const [hidden, setHidden] = useState(false);
  const [busy, setBusy] = useState(false);
  const suggestions = useSuggestions(text, thread !== "");
  const shown = !hidden && suggestions.length > 0;

  useEffect(() => {
    const area = box.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, 160)}px`;
  }, [text]);

  const type = (value: string) => {
    setText(value);
    setPlace(0);
    setHidden(false);
  };
  const take = (suggestion: Suggestion) => {
    type(suggestion.text);
    box.current?.focus();
  };
  const send = async () => {
    const said = text.trim();
    if (!said || busy) return;
    setBusy(true);
    const { error } = await act("write", { channel, thread, text: said });
    setBusy(false);
    if (!error) type("");
    box.current?.focus();
  };
  const pressed = (event: KeyboardEvent) => {
    const chosen = suggestions[place];
    if (shown && chosen) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const takes = event.key === "Tab" || (event.key === "Enter" && chosen.text.trim() !== text.trim());
      if (step) setPlace((place + step + suggestions.length) % suggestions.length);
      if (event.key === "Escape") setHidden(true);
      if (takes) take(chosen);
      if (step || takes || event.key === "Escape") return event.preventDefault();
    }
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      void send();
    }
  };

  return (
    <div className="composer">
      {chips.length > 0 && (
        <div className="chips" role="group" aria-label="Suggestions">
          <span className="quiet">Try</span>
          {chips.map((chip) => (
            <button key={chip} type="button" className="chip" onClick={() => take({ text: chip, name: chip, about: "" })}>
              {chip}
            </button>
          ))}
        </div>
      )}
      {shown && (
        <div className="popup suggestions" role="listbox" id={list} aria-label="Commands">
          {suggestions.map((each, number) => (
            <div
              key={each.name}
              id={`${list}-${number}`}
              role="option"
              tabIndex={-1}
              aria-selected={number === place}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(each)}
            >
              <strong>{each.name}</strong> <span className="quiet">{each.about}</span>
            </div>
          ))}
        </div>
      )}
      <form
        className="writing"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <textarea
          ref={box}
          rows={1}
          role="combobox"
          aria-label={label}
          aria-expanded={shown}
          aria-controls={shown ? list : undefined}
          aria-activedescendant={shown ? `${list}-${place}` : undefined}
          aria-autocomplete="list"
          placeholder={label}
          value={text}
          maxLength={4000}
          onChange={(event) => type(event.target.value)}
          onKeyDown={pressed}
          onBlur={() => setHidden(true)}
        />
        <button type="submit" className="send" aria-label="Send" disabled={busy || !text.trim()}>
          <Icon name="send" />
        </button>
      </form>
    </div>
  );
}

/** Commands that begin with what is typed, then clusters; in threads, where Slack has no commands, the mention. */
function useSuggestions(text: string, inThread: boolean): Suggestion[] {
  const { workspace, clusters } = useSession();
  return useMemo(() => {
    const mention = `@${workspace.app.name}`;
    if (text.startsWith("@") || (inThread && text.startsWith("/"))) {
      const every = [
        { text: `${mention} dns-check cluster-a`, name: `${mention} dns-check cluster-a`, about: "Ask in this thread" },
        { text: `${mention} dns-health`, name: `${mention} dns-health`, about: "How every cluster is" },
      ];
      return every.filter((each) => text.startsWith("/") || each.text.startsWith(text)).filter((each) => each.text !== text);
    }
    if (!text.startsWith("/")) return [];
    const [word = "", rest] = text.split(/\s+(.*)/s);
    if (rest === undefined) {
      const found = workspace.commands.filter((each) => each.name.startsWith(word));
      return found.map((each) => ({ text: `${each.name} `, name: `${each.name} ${each.takes}`, about: each.about }));
    }
    if (!workspace.commands.some((each) => each.name === word) || /\s/.test(rest)) return [];
    const words = [...clusters, ...(word === "/dns-check" ? ["help", "list", "status"] : [])];
    return words
      .filter((each) => each.startsWith(rest) && each !== rest)
      .map((each) => ({ text: `${word} ${each}`, name: `${word} ${each}`, about: ABOUT[each] ?? "" }));
  }, [text, inThread, workspace, clusters]);
}

const ABOUT: Record<string, string> = {
  help: "What can be typed",
  list: "The clusters that can be checked in this channel",
  status: "What is going on",
};
