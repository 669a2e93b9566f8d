// What the page's server sends: see sandbox/web/shown.py and sandbox/web/panel.py.

export type Block = { type: string; block_id?: string } & Record<string, any>;
export type BlockElement = { type: string; action_id: string } & Record<string, any>;

export interface Person {
  id: string;
  name: string;
  real_name: string;
  about: string;
  guest: boolean;
  bot: boolean;
}

export interface Command {
  name: string;
  takes: string;
  about: string;
}

export interface Workspace {
  name: string;
  domain: string;
  app: { id: string; name: string };
  people: Person[];
  groups: { id: string; name: string }[];
  channels: { id: string; name: string }[];
  commands: Command[];
  shortcuts: string[];
}

export interface Channel {
  id: string;
  name: string;
  private: boolean;
  direct: boolean;
  topic: string;
  members: number;
  has_app: boolean;
}

export interface SharedFile {
  id: string;
  name: string;
  title: string;
  size: number;
}

export interface Message {
  channel: string;
  ts: string;
  user: string;
  text: string;
  blocks: Block[];
  thread: string;
  broadcast: boolean;
  files: SharedFile[];
  reactions: Record<string, string[]>;
  edited: boolean;
  pinned: boolean;
  private?: false;
}

export interface PrivateAnswer {
  channel: string;
  ts: string;
  text: string;
  blocks: Block[];
  thread: string;
  private: true;
}

export interface View {
  id: string;
  hash: string;
  root: string;
  channel: string;
  type: "modal" | "home";
  title?: { text: string };
  submit?: { text: string };
  close?: { text: string };
  blocks: Block[];
}

export interface Panel {
  clusters: { name: string; world: string; title: string; broken: boolean; ready: boolean }[];
  troubles: { name: string; title: string; about: string; on: boolean }[];
  processes: { name: string; pid: number; running: boolean; restarts: number }[];
  redis: { on: boolean; armed: boolean };
  /** Seconds that the schedules' time was moved by, and when the next report is due by it (Unix seconds). */
  clock: { moved: number; due: number };
  connected: boolean;
}

/** What a cluster can be put into, and what whoever suffers there would ask with. The healthy one has no group. */
export interface World {
  name: string;
  title: string;
  group: string;
  asked: string;
  pod: string;
}

export interface Asked {
  total: number;
  lines: { who: string; words: string; status: number }[];
}

/** Where an element stands: in a message, in a private answer, or in a view. */
export type Where = { channel: string; ts: string; private?: boolean } | { view: string };
