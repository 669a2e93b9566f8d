import { Dialog } from "./Dialog";

interface Props {
  about: any;
  onYes: () => void;
  onNo: () => void;
}

/** Slack's question before something is done. */
export function Confirm({ about, onYes, onNo }: Props) {
  const title: string = about.title?.text ?? "Are you sure?";
  return (
    <Dialog label={title} onClose={onNo}>
      <h2>{title}</h2>
      <p className="plain">{about.text?.text}</p>
      <div className="dialog-foot">
        <button type="button" className="button" onClick={onNo}>
          {about.deny?.text ?? "Cancel"}
        </button>
        <button type="button" className={`button ${about.style === "danger" ? "danger" : "primary"}`} onClick={onYes}>
          {about.confirm?.text ?? "Yes"}
        </button>
      </div>
    </Dialog>
  );
}
