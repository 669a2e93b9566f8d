// A thread in the side panel: the parent, its replies, and a box for more of them.
import { useEffect, useRef } from "react";
import { Composer } from "./Composer";
import { useSession } from "./context";
import { Icon } from "./Icon";
import { MessageList } from "./MessageList";
import type { Channel } from "./types";

export function ThreadView({ channel, ts }: { channel: Channel; ts: string }) {
  const { messages, workspace, go } = useSession();
  const heading = useRef<HTMLHeadingElement>(null);
  const every = (messages.get(channel.id) ?? []).filter((each) => each.thread === ts || (each.ts === ts && !each.private));
  useEffect(() => heading.current?.focus(), [ts]);
  return (
    <aside className="side thread" aria-label="Thread">
      <header>
        <h2 ref={heading} tabIndex={-1}>
          Thread <span className="quiet">{channel.direct ? workspace.app.name : `#${channel.name}`}</span>
        </h2>
        <button type="button" className="button square" aria-label="Close the thread" onClick={() => go(channel.id)}>
          <Icon name="close" />
        </button>
      </header>
      {every.length === 0 ? (
        <p className="quiet padded">There is no such thread.</p>
      ) : (
        <MessageList key={ts} label="Messages in this thread" messages={every} />
      )}
      <Composer key={`${ts} box`} channel={channel.id} thread={ts} label="Reply in this thread" chips={[]} />
    </aside>
  );
}
