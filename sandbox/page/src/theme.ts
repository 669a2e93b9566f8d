// Dark or light: as the system is, until somebody says otherwise.
import { useEffect, useState } from "react";

const system = matchMedia("(prefers-color-scheme: dark)");

/** Whether it is dark, and the way to the other. */
export function useDark(): [boolean, () => void] {
  const [chosen, setChosen] = useState(localStorage.getItem("theme"));
  const [dark, setDark] = useState(system.matches);
  useEffect(() => {
    const changed = () => setDark(system.matches);
    system.addEventListener("change", changed);
    return () => system.removeEventListener("change", changed);
  }, []);
  const isDark = chosen ? chosen === "dark" : dark;
  useEffect(() => {
    document.documentElement.dataset.colours = isDark ? "dark" : "light";
  }, [isDark]);
  const flip = () => {
    const next = isDark ? "light" : "dark";
    localStorage.setItem("theme", next);
    setChosen(next);
  };
  return [isDark, flip];
}
