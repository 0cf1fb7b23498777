import type { Theme } from "../bindings/contract";

const dark = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : null;
let chosen: Theme = "auto";

dark?.addEventListener("change", () => applyTheme(chosen));

/** Puts a theme in force; `auto` follows the system from then on. */
export function applyTheme(theme: Theme): void {
  chosen = theme;
  const resolved = theme === "auto" ? (dark?.matches ? "dark" : "light") : theme;
  document.documentElement.dataset.theme = resolved;
}
