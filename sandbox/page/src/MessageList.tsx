// Messages under each other, which stays at the newest one while one looks at that.
import { useEffect, useLayoutEffect, useRef, type ReactNode } from "react";
import { MessageRow } from "./MessageRow";
import { dayOf } from "./texts";
import type { Message, PrivateAnswer } from "./types";

interface Props {
  label: string;
  messages: (Message | PrivateAnswer)[];
  /** By parent. */
  replies?: Map<string, Message[]>;
  children?: ReactNode;
}

const NEAR = 120;

export function MessageList({ label, messages, replies, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const inner = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);

  useEffect(() => {
    const shown = box.current;
    if (!shown || !inner.current) return;
    const stay = () => {
      if (atEnd.current) shown.scrollTop = shown.scrollHeight;
    };
    const watch = new ResizeObserver(stay);
    watch.observe(inner.current);
    watch.observe(shown);
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [messages]);

  return (
    <div
      className="messages"
      ref={box}
      tabIndex={0}
      role="region"
      aria-label={label}
      onScroll={(event) => {
        const at = event.currentTarget;
        atEnd.current = at.scrollHeight - at.scrollTop - at.clientHeight < NEAR;
      }}
    >
      <div className="messages-inner" ref={inner}>
        {children}
        <ol>{rows(messages, replies)}</ol>
      </div>
    </div>
  );
}

function rows(messages: Props["messages"], replies: Props["replies"]): ReactNode[] {
  const made: ReactNode[] = [];
  let day = "";
  for (const message of messages) {
    const today = dayOf(message.ts);
    if (today !== day) {
      made.push(
        <li key={today} className="day">
          <span>{today}</span>
        </li>,
      );
    }
    day = today;
    made.push(<MessageRow key={`${message.private ?? ""}${message.ts}`} message={message} replies={replies?.get(message.ts) ?? NONE} />);
  }
  return made;
}

const NONE: Message[] = [];
