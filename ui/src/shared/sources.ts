import { t } from "./i18n/index.svelte";

/** A screen's name in the language in force; a window's is its own title. */
export function screenName(name: string): string {
  // A system that does not know its screen's name calls it a screen once more.
  return name.replace(/ \(screen\)$/i, "").replace(/^Screen(?= \d+\b|$)/, t("video.screen"));
}

/** A source of one's own in the language in force: its id, and the name it has. */
export function sourceName(id: string, name: string): string {
  if (id === "pattern") return t("video.pattern");
  if (/^screen(:\d+)?$/.test(id)) return screenName(name);
  return id.startsWith("screen:") ? t("video.window", { title: name }) : name;
}
