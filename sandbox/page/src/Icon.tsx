// The few signs that the page draws itself.
const PATHS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  back: "M15 5l-7 7 7 7",
  send: "M5 12h13M12 5l7 7-7 7",
  tools: "M4 7h10M18 7h2M4 12h2M10 12h10M4 17h8M16 17h4M14 5v4M6 10v4M12 15v4",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  lock: "M7 11V8a5 5 0 0110 0v3M6 11h12v9H6z",
  sun: "M12 4V2M12 22v-2M4 12H2M22 12h-2M6 6L4.600 4.600M19.400 19.400L18 18M6 18l-1.400 1.400M19.400 4.600L18 6M16 12a4 4 0 11-8 0 4 4 0 018 0z",
  moon: "M20 14.500A8 8 0 119.500 4a6.500 6.500 0 0010.500 10.500z",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM15 12a3 3 0 11-6 0 3 3 0 016 0z",
  home: "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
  down: "M6 9l6 6 6-6",
} as const;

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
