// A menu whose options the app provides while one types.
import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { act } from "./api";
import { useSession } from "./context";
import type { BlockElement, Where } from "./types";

interface Props {
  element: BlockElement;
  where: Where;
  label: string;
  onChange: (value: any) => void;
  describedBy?: string | undefined;
  invalid?: boolean;
  required?: boolean;
  id?: string;
}

export function Finder({ element, where, label, onChange, describedBy, invalid, required, id }: Props) {
  const { me } = useSession();
  const list = useId();
  const asked = useRef(0);
  const [typed, setTyped] = useState<string>(element.initial_option?.text.text ?? "");
  const [options, setOptions] = useState<any[] | null>(null);
  const [place, setPlace] = useState(0);
  const least: number = element.min_query_length ?? 3;

  useEffect(() => () => void (asked.current = -1), []);

  const find = async (text: string) => {
    if (text.length < least) return setOptions(null);
    const number = ++asked.current;
    const { body, error } = await act("options", { as: me, where, action: element.action_id, typed: text });
    if (number !== asked.current || error) return;
    const groups: any[] = body?.option_groups ?? [];
    setOptions([...(body?.options ?? []), ...groups.flatMap((group) => group.options)]);
    setPlace(0);
  };
  const choose = (option: any) => {
    asked.current++;
    setTyped(option.text.text);
    setOptions(null);
    onChange(element.type.startsWith("multi") ? [option] : option);
  };
  const pressed = (event: KeyboardEvent) => {
    if (!options?.length) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setPlace((place + step + options.length) % options.length);
    else if (event.key === "Enter") choose(options[place]);
    else if (event.key === "Escape") setOptions(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className="finder" onBlur={(event) => event.currentTarget.contains(event.relatedTarget) || setOptions(null)}>
      <input
        id={id}
        className="field"
        role="combobox"
        autoComplete="off"
        aria-label={id ? undefined : label}
        aria-expanded={options !== null}
        aria-controls={list}
        aria-activedescendant={options?.length ? `${list}-${place}` : undefined}
        aria-describedby={describedBy}
        aria-invalid={invalid}
        required={required}
        placeholder={element.placeholder?.text ?? label}
        value={typed}
        onFocus={() => void find("")}
        onKeyDown={pressed}
        onChange={(event) => {
          setTyped(event.target.value);
          void find(event.target.value);
        }}
      />
      <div className={options === null ? "" : "popup wide"} role="listbox" id={list} aria-label={label}>
        {options?.map((option, number) => (
          <div
            key={option.value}
            id={`${list}-${number}`}
            role="option"
            tabIndex={-1}
            aria-selected={number === place}
            onClick={() => choose(option)}
          >
            {option.text.text}
          </div>
        ))}
        {options?.length === 0 && <p className="quiet">Nothing fits.</p>}
      </div>
    </div>
  );
}
