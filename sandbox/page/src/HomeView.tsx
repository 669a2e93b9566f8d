// The app's Home tab, as the app fills it for whoever looks.
import { useEffect, useState } from "react";
import { Blocks } from "./Blocks";
import { useSession } from "./context";
import type { View } from "./types";

export function HomeView({ home }: { home: View | null }) {
  const { act, me, go, channels, workspace } = useSession();
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    setAsked(false);
    void act("home", {}).then(() => setAsked(true));
  }, [me]);
  return (
    <div className="messages home" tabIndex={0} role="region" aria-label={`Home of ${workspace.app.name}`}>
      {home ? (
        <Blocks blocks={home.blocks} where={{ view: home.id }} />
      ) : (
        <div className="welcome">
          <h2>{workspace.app.name}</h2>
          <p>{asked ? "dnsmedic shows nothing here yet." : "Looking ..."}</p>
          <button type="button" className="button" onClick={() => go(channels[0]?.id ?? "")}>
            Go to #{channels[0]?.name}
          </button>
        </div>
      )}
    </div>
  );
}
