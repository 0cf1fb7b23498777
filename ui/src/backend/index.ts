import { inShell, tauriBackend } from "./tauri";
import type { Backend } from "./types";

export * from "./types";

declare const __FAKE_BACKEND__: boolean;

/** The backend of this page: the desktop shell, or outside of it (never in a production build) the simulated room. */
export async function openBackend(): Promise<Backend> {
  if (__FAKE_BACKEND__ && !inShell()) {
    const { fakeBackendFromAddress } = await import("./fake");
    return fakeBackendFromAddress(location.search);
  }
  return tauriBackend;
}
