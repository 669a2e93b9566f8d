// A channel: what stands in it, and the box to write in.
import { useMemo } from "react";
import { Composer } from "./Composer";
import { useSession } from "./context";
import { MessageList } from "./MessageList";
import type { Channel, Message } from "./types";

export function ChannelView({ channel }: { channel: Channel }) {
  const { messages, workspace } = useSession();
  const every = messages.get(channel.id) ?? NONE;
  const standing = useMemo(() => every.filter((each) => !each.thread || (!each.private && each.broadcast)), [every]);
  const replies = useMemo(() => byParent(every as Message[]), [every]);
  const name = channel.direct ? workspace.app.name : `#${channel.name}`;
  const chips = channel.has_app ? ["/dns-check cluster-a", "/dns-check", "/dns-health", "/dns-check help"] : [];
  return (
    <>
      <MessageList label={`Messages in ${name}`} messages={standing} replies={replies}>
        <div className="welcome">
          <h2>{name}</h2>
          <p>{channel.topic || "Here you talk with dnsmedic alone."}</p>
          {channel.has_app && (
            <p>
              Ask why DNS fails in a cluster: type <kbd>/dns-check cluster-a</kbd> below and press <kbd>Enter</kbd>. Then
              break the cluster under <strong>Break things</strong>, and ask again.
            </p>
          )}
        </div>
      </MessageList>
      <Composer key={channel.id} channel={channel.id} label={`Message ${name}, or type /`} chips={chips} />
    </>
  );
}

function byParent(messages: Message[]): Map<string, Message[]> {
  const found = new Map<string, Message[]>();
  for (const message of messages) {
    if (message.thread && !message.private) found.set(message.thread, [...(found.get(message.thread) ?? []), message]);
  }
  return found;
}

const NONE: never[] = [];
