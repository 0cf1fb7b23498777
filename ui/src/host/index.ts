import { inShell, tauriHost } from "./tauri";
import type { Host } from "./types";

export * from "./types";

declare const __FAKE_HOST__: boolean;

/** The host this page talks to: the desktop shell, or outside of it (never in a production build) the simulated room. */
export async function openHost(): Promise<Host> {
  if (__FAKE_HOST__ && !inShell()) {
    const { fakeHostFromAddress } = await import("./fake");
    return fakeHostFromAddress(location.search);
  }
  return tauriHost;
}
