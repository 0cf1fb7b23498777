import { setLanguage } from "../shared/i18n/index.svelte";
import { applyTheme } from "../shared/theme";

/**
 * Begins in the language and theme that the shell wrote on the page's root before anything was drawn: until it answers
 * nobody knows them better, and a window that opens light and in English for another person flashes.
 */
export function firstLook({ lang, theme }: DOMStringMap): void {
  setLanguage(lang === "zh" ? "zh" : "en");
  applyTheme(theme === "light" || theme === "dark" ? theme : "auto");
}
