// The page as a whole: who one is, where one is, and what stands beside it.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { act } from "./api";
import { ChannelView } from "./ChannelView";
import { SessionContext, type Session } from "./context";
import { HomeView } from "./HomeView";
import { Icon } from "./Icon";
import { Modal } from "./Modal";
import { PanelView } from "./PanelView";
import { go, usePlace } from "./places";
import { Sidebar } from "./Sidebar";
import { lookAs, useSeen } from "./store";
import { plainly } from "./texts";
import { useDark } from "./theme";
import { ThreadView } from "./ThreadView";
import { TopBar } from "./TopBar";

const WIDE = 1500;
const REQUESTER = "U0ALICE";

export function App() {
  const seen = useSeen();
  const place = usePlace();
  const [me, setMe] = useState(sessionStorage.getItem("me") ?? REQUESTER);
  const [dark, flipDark] = useDark();
  const [panelIsOpen, setPanelOpen] = useState(innerWidth >= WIDE);
  const [menuIsOpen, setMenuOpen] = useState(false);
  const [toast, setToast] = useState("");

  useEffect(() => {
    sessionStorage.setItem("me", me);
    lookAs(me);
  }, [me]);

  const done = useCallback(
    async (what: string, given: object) => {
      setToast("");
      const outcome = await act(what, { as: me, ...given });
      if (outcome.error) setToast(outcome.error);
      return outcome;
    },
    [me],
  );
  const { workspace, channels, messages, panel } = seen;
  const clusters = useMemo(() => panel?.clusters.map((each) => each.name) ?? [], [panel?.clusters.length]);
  const session = useMemo<Session | null>(
    () => workspace && { me, dark, workspace, channels, clusters, messages, act: done, say: setToast, go },
    [me, dark, workspace, channels, clusters, messages, done],
  );
  const here = place.channel || (channels[0]?.id ?? "");
  const fresh = useFresh(me, here, seen.messages, seen.complete);
  const news = useNews(here, seen.messages);

  if (!session || !panel) {
    return <main className="starting">{seen.connected ? "Opening the workspace ..." : <Lost />}</main>;
  }
  const channel = channels.find((each) => each.id === here) ?? channels[0];
  const atHome = place.channel === "home";
  const modal = seen.modals.at(-1);
  const thread = !atHome && channel && place.thread ? place.thread : "";
  const isBroken = panel.clusters.some((each) => each.broken) || panel.troubles.some((each) => each.on) || !panel.redis.on;
  const togglePanel = () => setPanelOpen(!panelIsOpen);

  return (
    <SessionContext value={session}>
      <div className={`app${thread ? " with-thread" : ""}${panelIsOpen ? " with-panel" : ""}${menuIsOpen ? " with-menu" : ""}`}>
        <TopBar
          onMenu={() => setMenuOpen(!menuIsOpen)}
          onPerson={setMe}
          onTheme={flipDark}
          onPanel={togglePanel}
          panelIsOpen={panelIsOpen}
          isBroken={isBroken}
        />
        <Sidebar here={atHome ? "home" : (channel?.id ?? "")} fresh={fresh} onGo={() => setMenuOpen(false)} />
        <main className="main" aria-label={atHome ? "Home" : `#${channel?.name}`}>
          {!seen.connected && <Lost />}
          {seen.connected && !panel.connected && (
            <p className="banner" role="status">
              The bot is not connected to Slack at this moment. Commands fail until it is.
            </p>
          )}
          {!atHome && channel && (
            <header className="channel-head">
              <h2>{channel.direct ? workspace!.app.name : `# ${channel.name}`}</h2>
              <p className="quiet">{channel.topic}</p>
            </header>
          )}
          {atHome ? <HomeView key={me} home={seen.home} /> : channel && <ChannelView key={`${me} ${channel.id}`} channel={channel} />}
        </main>
        {thread && channel && <ThreadView channel={channel} ts={thread} />}
        {panelIsOpen && <PanelView panel={panel} asked={seen.asked} onClose={togglePanel} />}
        {modal && <Modal key={modal.id} view={modal} />}
        {menuIsOpen && <button type="button" className="shade" aria-label="Close the list of channels" onClick={() => setMenuOpen(false)} />}
        <div className="unseen" aria-live="polite">
          {news}
        </div>
        <div className="toasts" role="alert">
          {toast && (
            <p className="toast">
              {toast}
              <button type="button" className="button square ghost" aria-label="Close this message" onClick={() => setToast("")}>
                <Icon name="close" />
              </button>
            </p>
          )}
        </div>
      </div>
    </SessionContext>
  );
}

function Lost() {
  return (
    <p className="banner" role="alert">
      The demo cannot be reached. Start it again with <kbd>make demo</kbd>: this page then comes back by itself.
    </p>
  );
}

type Messages = ReturnType<typeof useSeen>["messages"];

/** How many messages came into the channels that one does not look at. What was there at first counts as seen. */
function useFresh(me: string, here: string, messages: Messages, complete: boolean): Map<string, number> {
  const known = useRef<{ me: string; last: Map<string, string> }>({ me: "", last: new Map() });
  return useMemo(() => {
    const found = new Map<string, number>();
    if (!complete) return found;
    const isNew = known.current.me !== me;
    if (isNew) known.current = { me, last: new Map() };
    const { last } = known.current;
    for (const [channel, list] of messages) {
      const newest = list.at(-1)?.ts ?? "";
      if (isNew || channel === here) last.set(channel, newest);
      const count = list.filter((each) => each.ts > (last.get(channel) ?? "") && !each.thread).length;
      if (count) found.set(channel, count);
    }
    return found;
  }, [me, here, messages, complete]);
}

/** What came in last where one looks, for those who hear the page. */
function useNews(here: string, messages: Messages): string {
  const last = useRef("");
  const newest = messages.get(here)?.at(-1);
  const [news, setNews] = useState("");
  useEffect(() => {
    if (!newest) return;
    if (last.current && newest.ts > last.current) setNews(plainly(newest));
    last.current = newest.ts;
  }, [newest?.ts]);
  return news;
}
