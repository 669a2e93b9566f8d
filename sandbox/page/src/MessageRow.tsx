// One message of a channel or thread, with what hangs on it.
import { memo } from "react";
import { Avatar } from "./Avatar";
import { Blocks } from "./Blocks";
import { useSession } from "./context";
import { Drawn, Marked } from "./Drawn";
import { Icon } from "./Icon";
import { Menu } from "./Menu";
import { fullTimeOf, size, timeOf } from "./texts";
import type { Message, PrivateAnswer, Where } from "./types";

interface Props {
  message: Message | PrivateAnswer;
  /** Replies of its thread, where they are to be counted. */
  replies?: Message[];
}

const SHORTCUTS: Record<string, string> = { dns_check_message: "Check DNS for this" };

export const MessageRow = memo(function MessageRow({ message, replies = [] }: Props) {
  const { workspace, go } = useSession();
  const author = message.private ? workspace.app.id : message.user;
  const person = workspace.people.find((each) => each.id === author);
  const where: Where = message.private
    ? { channel: message.channel, ts: message.ts, private: true }
    : { channel: message.channel, ts: message.ts };
  return (
    <li className={message.private ? "message only-you" : "message"} data-ts={message.ts}>
      <Avatar user={author} />
      <div className="message-body">
        {message.private && (
          <p className="quiet eye">
            <Icon name="eye" /> Only visible to you
          </p>
        )}
        <p className="message-head">
          <strong>{person?.real_name ?? author}</strong>
          {person?.bot && <span className="tag">App</span>}
          {person?.guest && <span className="tag">Guest</span>}
          <time className="quiet" title={fullTimeOf(message.ts)} dateTime={new Date(Number(message.ts) * 1000).toISOString()}>
            {timeOf(message.ts)}
          </time>
        </p>
        {message.blocks.length > 0 ? <Blocks blocks={message.blocks} where={where} /> : message.text && <Marked text={message.text} />}
        {!message.private && <Attached message={message} />}
        {!message.private && replies.length > 0 && (
          <button type="button" className="replies" onClick={() => go(message.channel, message.ts)}>
            {replies.length === 1 ? "1 reply" : `${replies.length} replies`}
            <span className="quiet"> last at {timeOf(replies.at(-1)!.ts)}</span>
          </button>
        )}
      </div>
      {!message.private && <Tools message={message} />}
    </li>
  );
});

function Attached({ message }: { message: Message }) {
  return (
    <>
      {message.files.map((file) => (
        <a key={file.id} className="file" href={`/files/${file.id}`} download={file.name}>
          <Icon name="file" />
          <span>
            <strong>{file.title || file.name}</strong>
            <span className="quiet">
              {file.name}, {size(file.size)}. Download
            </span>
          </span>
        </a>
      ))}
      {Object.entries(message.reactions).map(([name, users]) => (
        <span key={name} className="reaction">
          <Drawn blocks={[{ type: "context", elements: [{ type: "mrkdwn", text: `:${name}: ${users.length}` }] }]} />
        </span>
      ))}
    </>
  );
}

function Tools({ message }: { message: Message }) {
  const { act, go, workspace } = useSession();
  const items = [
    { name: "Reply in thread", value: "" },
    ...workspace.shortcuts.map((name) => ({ name: SHORTCUTS[name] ?? name, value: name })),
  ];
  const choose = (name: string) =>
    name ? void act("shortcut", { channel: message.channel, ts: message.ts, name }) : go(message.channel, message.thread || message.ts);
  return (
    <div className="message-tools">
      <Menu label="Reply, or use a shortcut" items={items} onChoose={choose}>
        <Icon name="more" />
      </Menu>
    </div>
  );
}
