// Holds what the server told, and lets components look at parts of it.
import { useSyncExternalStore } from "react";
import type { Asked, Channel, Message, Panel, PrivateAnswer, View, Workspace } from "./types";

type Listener = () => void;

/** Everything that one person sees. Parts keep their identity until they change. */
export interface Seen {
  workspace: Workspace | null;
  channels: Channel[];
  /** By channel, oldest first, private answers among them. */
  messages: Map<string, (Message | PrivateAnswer)[]>;
  modals: View[];
  home: View | null;
  panel: Panel | null;
  asked: Map<string, Asked>;
  connected: boolean;
  /** Whether everything there is has arrived once. */
  complete: boolean;
}

const NOTHING: Seen = {
  workspace: null,
  channels: [],
  messages: new Map(),
  modals: [],
  home: null,
  panel: null,
  asked: new Map(),
  connected: true,
  complete: false,
};

let items = new Map<string, any>();
let seen: Seen = NOTHING;
let source: EventSource | null = null;
const listeners = new Set<Listener>();

/** Look at the workspace as this person from now on. */
export function lookAs(user: string): void {
  source?.close();
  items = new Map();
  seen = NOTHING;
  tell();
  source = new EventSource(`/api/live?as=${encodeURIComponent(user)}`);
  let fresh = true;
  source.onopen = () => {
    fresh = true;
  };
  source.onmessage = (event) => {
    const { set, gone } = JSON.parse(event.data) as { set: Record<string, any>; gone: string[] };
    if (fresh) {
      // After a new connection, everything is told anew.
      items = new Map();
      fresh = false;
    }
    for (const name of gone) items.delete(name);
    for (const [name, value] of Object.entries(set)) {
      items.set(name, name.startsWith("private:") ? { ...value, private: true } : value);
    }
    seen = { ...arranged([...Object.keys(set), ...gone]), connected: true, complete: true };
    tell();
  };
  source.onerror = () => {
    seen = { ...seen, connected: false };
    tell();
  };
}

function arranged(changed: string[]): Seen {
  const touches = (prefix: string) => !seen.complete || changed.some((name) => name.startsWith(prefix));
  const every = <T>(prefix: string) => [...items].filter(([name]) => name.startsWith(prefix)).map(([, each]) => each as T);
  return {
    ...seen,
    workspace: items.get("workspace") ?? null,
    home: items.get("home") ?? null,
    panel: items.get("panel") ?? null,
    channels: touches("channel:") ? every<Channel>("channel:") : seen.channels,
    messages: touches("message:") || touches("private:") ? byChannel() : seen.messages,
    modals: touches("view:") ? every<View>("view:") : seen.modals,
    asked: touches("asked:") ? new Map([...items].filter(([name]) => name.startsWith("asked:"))) : seen.asked,
  };
}

function byChannel(): Map<string, (Message | PrivateAnswer)[]> {
  const found = new Map<string, (Message | PrivateAnswer)[]>();
  for (const [name, each] of items) {
    if (!name.startsWith("message:") && !name.startsWith("private:")) continue;
    const list = found.get(each.channel);
    if (list) list.push(each);
    else found.set(each.channel, [each]);
  }
  for (const list of found.values()) list.sort((one, other) => (one.ts < other.ts ? -1 : 1));
  return found;
}

function tell(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What is seen now; the component is drawn again when it changes. */
export function useSeen(): Seen {
  return useSyncExternalStore(subscribe, () => seen);
}
