// Everything of Block Kit that holds a value: menus, boxes, dates and texts.
import { useId, useState } from "react";
import { useSession } from "./context";
import { Finder } from "./Finder";
import type { BlockElement, Where } from "./types";

interface Props {
  element: BlockElement;
  where: Where;
  label: string;
  onChange: (value: any) => void;
  /** Of an input: the ids of the texts that say more about it. */
  describedBy?: string | undefined;
  invalid?: boolean;
  required?: boolean;
  id?: string;
}

interface Option {
  name: string;
  value: string;
}

const named = (option: any): Option => ({ name: option.text.text, value: option.value });

export function Choice(props: Props) {
  const { element } = props;
  switch (element.type) {
    case "external_select":
    case "multi_external_select":
      return <Finder {...props} />;
    case "static_select":
    case "users_select":
    case "conversations_select":
    case "channels_select":
      return <Select {...props} />;
    case "multi_static_select":
    case "multi_users_select":
    case "multi_conversations_select":
    case "multi_channels_select":
    case "checkboxes":
      return <Boxes {...props} />;
    case "radio_buttons":
      return <Radios {...props} />;
    default:
      return <Field {...props} />;
  }
}

/** What an element offers: its own options, or the people and channels of the workspace. */
function useOptions(element: BlockElement): Option[] {
  const { workspace, channels } = useSession();
  if (element.type.includes("users")) {
    return workspace.people.filter((each) => !each.bot).map((each) => ({ name: each.real_name, value: each.id }));
  }
  if (element.type.includes("conversations") || element.type.includes("channels")) {
    return channels.filter((each) => !each.direct).map((each) => ({ name: `#${each.name}`, value: each.id }));
  }
  const groups: any[] = element.option_groups ?? [];
  return [...(element.options ?? []), ...groups.flatMap((group) => group.options)].map(named);
}

function initialOf(element: BlockElement): string {
  return (
    element.initial_option?.value ??
    element.initial_user ??
    element.initial_conversation ??
    element.initial_channel ??
    ""
  );
}

function Select({ element, label, onChange, describedBy, invalid, required, id }: Props) {
  const options = useOptions(element);
  const [value, setValue] = useState(initialOf(element));
  return (
    <select
      id={id}
      className="select"
      aria-label={id ? undefined : label}
      aria-describedby={describedBy}
      aria-invalid={invalid}
      required={required}
      value={value}
      onChange={(event) => {
        setValue(event.target.value);
        if (event.target.value) onChange(event.target.value);
      }}
    >
      <option value="">{element.placeholder?.text ?? label}</option>
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.name}
        </option>
      ))}
    </select>
  );
}

function Boxes({ element, label, onChange, describedBy }: Props) {
  const options = useOptions(element);
  const first: string[] =
    element.initial_options?.map((option: any) => option.value) ?? element.initial_users ?? element.initial_channels ?? [];
  const [chosen, setChosen] = useState(first);
  const flip = (value: string) => {
    const next = chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value];
    setChosen(next);
    onChange(next);
  };
  return (
    <div className="boxes" role="group" aria-label={label} aria-describedby={describedBy}>
      {options.map((option) => (
        <label key={option.value}>
          <input type="checkbox" checked={chosen.includes(option.value)} onChange={() => flip(option.value)} />
          {option.name}
        </label>
      ))}
    </div>
  );
}

function Radios({ element, label, onChange, describedBy }: Props) {
  const options = useOptions(element);
  const name = useId();
  const [value, setValue] = useState(initialOf(element));
  return (
    <div className="boxes" role="radiogroup" aria-label={label} aria-describedby={describedBy}>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            checked={value === option.value}
            onChange={() => {
              setValue(option.value);
              onChange(option.value);
            }}
          />
          {option.name}
        </label>
      ))}
    </div>
  );
}

const TYPES: Record<string, string> = {
  email_text_input: "email",
  url_text_input: "url",
  number_input: "number",
  datepicker: "date",
  timepicker: "time",
  datetimepicker: "datetime-local",
};

function Field({ element, label, onChange, describedBy, invalid, required, id }: Props) {
  const first = element.initial_value ?? element.initial_date ?? element.initial_time ?? "";
  const shared = {
    id,
    className: "field",
    defaultValue: first,
    placeholder: element.placeholder?.text,
    maxLength: element.max_length,
    "aria-label": id ? undefined : label,
    "aria-describedby": describedBy,
    "aria-invalid": invalid,
    required,
  };
  const told = (text: string) =>
    onChange(element.type === "datetimepicker" ? Math.floor(new Date(text).getTime() / 1000) : text);
  if (element.multiline) return <textarea {...shared} rows={4} onChange={(event) => told(event.target.value)} />;
  return (
    <input
      {...shared}
      type={TYPES[element.type] ?? "text"}
      step={element.is_decimal_allowed ? "any" : undefined}
      onChange={(event) => told(event.target.value)}
    />
  );
}
