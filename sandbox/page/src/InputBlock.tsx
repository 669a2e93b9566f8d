// A labelled input of a modal. What is put in goes to the form around it.
import { createContext, useContext, useId } from "react";
import { Choice } from "./Choice";
import type { Block, Where } from "./types";

/** Takes the value of an input by its action_id. */
export const FormContext = createContext<(action: string, value: unknown) => void>(() => undefined);

export function InputBlock({ block, where, error }: { block: Block; where: Where; error: string | undefined }) {
  const put = useContext(FormContext);
  const id = useId();
  const label: string = block.label.text;
  const told = [block.hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className="input">
      <label htmlFor={id}>
        {label} {block.optional && <span className="quiet">(optional)</span>}
      </label>
      <Choice
        id={id}
        element={block.element}
        where={where}
        label={label}
        describedBy={told || undefined}
        invalid={Boolean(error)}
        required={!block.optional}
        onChange={(value) => put(block.element.action_id, value)}
      />
      {error && (
        <p className="wrong" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
      {block.hint && (
        <p className="quiet" id={`${id}-hint`}>
          {block.hint.text}
        </p>
      )}
    </div>
  );
}
