// Where on the page one is, kept in the address, so that back and forward work.
import { useEffect, useState } from "react";

export interface Place {
  /** A channel's id, or "home". */
  channel: string;
  /** The ts of the open thread's parent, or "". */
  thread: string;
}

function read(): Place {
  const [channel = "", thread = ""] = location.hash.replace(/^#\/?/, "").split("/");
  return { channel, thread };
}

export function go(channel: string, thread = ""): void {
  location.hash = thread ? `#/${channel}/${thread}` : `#/${channel}`;
}

export function usePlace(): Place {
  const [place, setPlace] = useState(read);
  useEffect(() => {
    const changed = () => setPlace(read());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return place;
}

/** The channel and ts that a link of Slack leads to, or null for any other address. */
export function permalink(address: string): Place | null {
  const found = /^https:\/\/[\w-]+\.slack\.com\/archives\/(\w+)\/p(\d{10})(\d{6})(?:\?thread_ts=([\d.]+))?/.exec(address);
  return found ? { channel: found[1]!, thread: found[4] ?? `${found[2]}.${found[3]}` } : null;
}
