// The blocks of a message or view: what only shows something goes to the renderer, what is pressed or filled in is ours.
import { memo, useMemo, type ReactNode } from "react";
import { Drawn } from "./Drawn";
import { Element } from "./Element";
import { InputBlock } from "./InputBlock";
import type { Block, BlockElement, Where } from "./types";

const PRESSED = new Set(["actions", "input", "context_actions"]);

function needsPeople(block: Block): boolean {
  if (PRESSED.has(block.type)) return true;
  if (block.accessory && block.accessory.type !== "image") return true;
  if (block.type === "card" && block.actions) return true;
  return (block.child_blocks ?? []).some(needsPeople);
}

interface Props {
  blocks: Block[];
  where: Where;
  /** Of a modal: what is wrong with the inputs, by block. */
  errors?: Record<string, string> | undefined;
}

export const Blocks = memo(function Blocks({ blocks, where, errors }: Props) {
  const groups = useMemo(() => grouped(blocks), [blocks]);
  return (
    <div className="blocks">
      {groups.map((group, place) =>
        Array.isArray(group) ? (
          <Drawn key={place} blocks={group} />
        ) : (
          <PressedBlock key={group.block_id ?? place} block={group} where={where} errors={errors} />
        ),
      )}
    </div>
  );
});

/** Neighbours that only show something stay together. */
function grouped(blocks: Block[]): (Block[] | Block)[] {
  const groups: (Block[] | Block)[] = [];
  for (const block of blocks) {
    const last = groups.at(-1);
    if (needsPeople(block)) groups.push(block);
    else if (Array.isArray(last)) last.push(block);
    else groups.push([block]);
  }
  return groups;
}

function PressedBlock({ block, where, errors }: { block: Block; where: Where; errors: Props["errors"] }): ReactNode {
  if (block.type === "input") return <InputBlock block={block} where={where} error={errors?.[block.block_id ?? ""]} />;
  if (block.type === "container") return <Container block={block} where={where} errors={errors} />;
  if (block.accessory) {
    const { accessory, ...rest } = block;
    return (
      <div className="with-accessory">
        <Drawn blocks={[rest]} />
        <Element element={accessory} where={where} />
      </div>
    );
  }
  const { actions, ...rest } = block;
  const elements: BlockElement[] = block.elements ?? actions ?? [];
  return (
    <>
      {actions && <Drawn blocks={[rest as Block]} />}
      <div className="actions">
        {elements.map((element) => (
          <Element key={element.action_id} element={element} where={where} />
        ))}
      </div>
    </>
  );
}

function Container({ block, where, errors }: { block: Block; where: Where; errors: Props["errors"] }) {
  const title = block.title?.text ?? "Details";
  const inside = <Blocks blocks={block.child_blocks} where={where} errors={errors} />;
  if (!block.is_collapsible) {
    return (
      <section className="container" aria-label={title}>
        <strong>{title}</strong>
        {inside}
      </section>
    );
  }
  return (
    <details className="container" open={!block.default_collapsed}>
      <summary>{title}</summary>
      {inside}
    </details>
  );
}
