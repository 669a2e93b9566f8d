// A button that opens a list of things to do.
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

interface Props {
  label: string;
  items: { name: string; value: string }[];
  onChoose: (value: string) => void;
  children: ReactNode;
}

export function Menu({ label, items, onChoose, children }: Props) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!isOpen) return;
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const outside = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, [isOpen]);

  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  const pressed = (event: KeyboardEvent) => {
    const every = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") close();
    if (!step) return;
    event.preventDefault();
    const place = every.indexOf(document.activeElement as HTMLElement);
    every[(place + step + every.length) % every.length]?.focus();
  };

  return (
    <div className="menu" ref={box}>
      <button
        type="button"
        className="button square"
        ref={opener}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {children}
      </button>
      {isOpen && (
        <div className="popup" role="menu" aria-label={label} onKeyDown={pressed}>
          {items.map((item) => (
            <button
              key={item.value}
              type="button"
              role="menuitem"
              onClick={() => {
                close();
                onChoose(item.value);
              }}
            >
              {item.name}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
