// Blocks that only show something, drawn by slack-blocks-to-jsx.
import { memo, useEffect, useMemo, useRef, type ReactNode } from "react";
import { Message as Rendered } from "slack-blocks-to-jsx";
import { useSession } from "./context";
import { permalink } from "./places";
import { slackDate } from "./texts";
import type { Block } from "./types";

interface Emoji {
  name: string;
}

interface Link {
  href: string;
  children: ReactNode;
  className: string;
}

/** The renderer takes `07:11:02` for an emoji named 11: what is none stays as it was written. */
function emoji({ name }: Emoji, parse: (data: Emoji) => string): ReactNode {
  const drawn = /[\s:]/.test(name) ? name : parse({ name });
  if (drawn !== name && !/^[\x20-\x7e]*$/.test(drawn)) {
    return (
      <span role="img" aria-label={name.replace(/[_-]/g, " ")}>
        {drawn}
      </span>
    );
  }
  return name.startsWith(":") ? name : `:${name}:`;
}

function link({ href, children, className }: Link): ReactNode {
  const place = permalink(href);
  if (place) return <a className={className} href={`#/${place.channel}/${place.thread}`}>{children}</a>;
  return <a className={className} href={href} target="_blank" rel="noreferrer noopener">{children}</a>;
}

const HOOKS = {
  emoji,
  link,
  date: ({ timestamp, format, fallback }: { timestamp: string; format: string; fallback: string }) =>
    slackDate(timestamp, format, fallback),
};

const SCROLLING = [
  [".slack_blocks_to_jsx__plan_tasks", "Steps"],
  [".slack_blocks_to_jsx__table", "Table"],
] as const;

/** A picture that was uploaded here, or the words for one from elsewhere, which this page does not load. */
function picture(part: any): any {
  if (part.slack_file?.id) return { ...part, slack_file: undefined, image_url: `/pictures/${part.slack_file.id}` };
  const words = { type: "mrkdwn", text: `:frame_with_picture: ${part.alt_text} (a picture from elsewhere)` };
  return part.block_id || part.title ? { type: "context", elements: [words] } : words;
}

/** The renderer takes `verbatim` for "no marks at all"; to Slack it only means: make no links of bare addresses. */
function withMarks(part: any): any {
  if (Array.isArray(part)) return part.map(withMarks);
  if (part === null || typeof part !== "object") return part;
  if (part.type === "image") return picture(part);
  if (part.type === "mrkdwn") return { type: "mrkdwn", text: withColons(String(part.text)) };
  return Object.fromEntries(Object.entries(part).map(([key, each]) => [key, withMarks(each)]));
}

const CODE_OR_LINK = /(```[\s\S]*?```|`[^`\n]*`|<[^>\n]*>)/;
const PERHAPS_EMOJI = /(:[\w+'-]*[a-z][\w+'-]*:)/;

/** The renderer pairs any two colons, those of `10.0.0.2:53` and of an emoji on the next line too: hide the lone ones. */
function withColons(text: string): string {
  const masked = (words: string) => words.replace(/(?<!\\):/g, "&#58;");
  return text
    .split(CODE_OR_LINK)
    .map((part, place) =>
      place % 2 ? part : part.split(PERHAPS_EMOJI).map((each, number) => (number % 2 ? each : masked(each))).join(""),
    )
    .join("");
}

/** `blocks` as Slack shows them. They must need nobody to press anything. */
export const Drawn = memo(function Drawn({ blocks }: { blocks: Block[] }) {
  const { workspace, dark } = useSession();
  const marked = useMemo(() => withMarks(blocks), [blocks]);
  const data = { users: workspace.people, channels: workspace.channels, user_groups: workspace.groups };
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    for (const each of box.current?.querySelectorAll("button:empty, button:has(> svg:only-child)") ?? []) {
      each.ariaLabel ??= "Show or hide the picture";
    }
    // What scrolls must be reached with the keyboard.
    for (const [name, label] of SCROLLING) {
      for (const each of box.current?.querySelectorAll<HTMLElement>(name) ?? []) {
        each.tabIndex = 0;
        each.role = "group";
        each.ariaLabel = label;
      }
    }
  }, [marked]);
  return (
    <div ref={box} className="drawn">
      <Rendered withoutWrapper blocks={marked} name="" logo="" theme={dark ? "dark" : "light"} data={data} hooks={HOOKS as never} />
    </div>
  );
});

/** A text with Slack's marks, such as `*bold*` and `<@U…>`. */
export function Marked({ text }: { text: string }) {
  return <Drawn blocks={[{ type: "section", text: { type: "mrkdwn", text } }]} />;
}
