import { t } from "../shared/i18n/index.svelte";

/** A screen's name in the language in force; a window's is its own title. */
export function screenName(name: string): string {
  return name.replace(/^Screen(?= \d+\b|$)/, t("video.screen"));
}
