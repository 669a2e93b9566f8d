// Times, sizes and plain words.
import type { Message, PrivateAnswer } from "./types";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
const exact = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const short = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

const moment = (ts: string) => new Date(Number(ts) * 1000);

export const timeOf = (ts: string): string => clock.format(moment(ts));
export const fullTimeOf = (ts: string): string => `${day.format(moment(ts))}, ${exact.format(moment(ts))}`;
export const dayOf = (ts: string): string => day.format(moment(ts));

/** A date as Slack writes it for `<!date^…>`; the fallback for a form that is not known. */
export function slackDate(timestamp: string, format: string, fallback: string): string {
  const at = moment(timestamp);
  if (Number.isNaN(at.getTime())) return fallback;
  const parts: Record<string, () => string> = {
    date_num: () => at.toISOString().slice(0, 10),
    date: () => short.format(at),
    date_short: () => short.format(at),
    date_long: () => day.format(at),
    date_pretty: () => short.format(at),
    date_short_pretty: () => short.format(at),
    date_long_pretty: () => day.format(at),
    time: () => clock.format(at),
    time_secs: () => exact.format(at),
    ago: () => ago(at),
  };
  return format.replace(/\{(\w+)\}/g, (whole, name: string) => parts[name]?.() ?? whole) || fallback;
}

function ago(at: Date): string {
  const seconds = Math.max(0, Math.round((Date.now() - at.getTime()) / 1000));
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86_400)} d ago`;
}

export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A message's words without marks, for announcements. */
export function plainly(message: Message | PrivateAnswer): string {
  return message.text.replace(/<[@#!][^>]*>/g, "").replace(/[*_`~]/g, "").replace(/:[\w+-]+:/g, "").trim();
}
