// Who is at the keyboard, and how errors are told: known to every component.
import { createContext, useContext } from "react";
import type { Outcome } from "./api";
import type { Channel, Message, PrivateAnswer, Workspace } from "./types";

export interface Session {
  me: string;
  dark: boolean;
  workspace: Workspace;
  channels: Channel[];
  clusters: string[];
  messages: Map<string, (Message | PrivateAnswer)[]>;
  /** Do something as this person; a sentence is shown where it failed. */
  act: (what: string, given: object) => Promise<Outcome>;
  say: (sentence: string) => void;
  go: (channel: string, thread?: string) => void;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("there is no session here");
  return session;
}
