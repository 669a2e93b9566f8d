import { useSession } from "./context";

const COLOURS = ["#7a3e8e", "#1f6f8b", "#8a4b1f", "#3f6b2f", "#8b2f4f", "#43539a"];

/** A person's initial, or the app's sign. */
export function Avatar({ user }: { user: string }) {
  const { workspace } = useSession();
  if (user === workspace.app.id) return <img className="avatar" src="/icon.svg" alt="" />;
  const place = workspace.people.findIndex((each) => each.id === user);
  const name = workspace.people[place]?.real_name ?? "?";
  return (
    <span className="avatar" aria-hidden="true" style={{ background: COLOURS[Math.max(0, place) % COLOURS.length] }}>
      {name.slice(0, 1)}
    </span>
  );
}
