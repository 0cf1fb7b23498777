/**
 * A web view whose system has no locale (`LANG=C`, as in a container) calls its language "C", which is no language tag:
 * every formatter that is asked for it throws, and the chart library asks for it while it is loaded. This is imported
 * before anything else.
 */
export function repairLanguage(from: Pick<Navigator, "language">): void {
  try {
    new Intl.NumberFormat(from.language);
  } catch {
    Object.defineProperty(from, "language", { value: "en", configurable: true });
  }
}

repairLanguage(navigator);
