// The modal on top: filled in, sent, and shown anew as the app answers.
import { useRef, useState, type FormEvent } from "react";
import { Blocks } from "./Blocks";
import { useSession } from "./context";
import { Dialog } from "./Dialog";
import { FormContext } from "./InputBlock";
import type { View } from "./types";

export function Modal({ view }: { view: View }) {
  const { act } = useSession();
  const values = useRef<Record<string, unknown>>({});
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const title = view.title?.text ?? "";

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const { body } = await act("submit", { view: view.id, values: values.current });
    setBusy(false);
    setErrors(body?.response_action === "errors" ? body.errors : {});
  };
  const close = () => void act("close", { view: view.id });

  return (
    <Dialog label={title} onClose={close}>
      <form onSubmit={submit} noValidate={false}>
        <h2>{title}</h2>
        <FormContext value={(action, value) => (values.current[action] = value)}>
          <Blocks blocks={view.blocks} where={{ view: view.id }} errors={errors} />
        </FormContext>
        <div className="dialog-foot">
          <button type="button" className="button" onClick={close}>
            {view.close?.text ?? "Close"}
          </button>
          {view.submit && (
            <button type="submit" className="button primary" disabled={busy}>
              {view.submit.text}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
