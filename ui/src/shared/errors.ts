import type { IpcError } from "../bindings/contract";
import { hasMessage, t, type Key } from "./i18n/index.svelte";

/** An error as a person reads it: what happened, and what was kept and can be done. */
export type Explained = { what: string; next: string };

/** The words for an error, in the language in force. Every code has a sentence; its values are filled in where known. */
export function explain(error: IpcError): Explained {
  const what = `error.${error.code}.what`;
  const next = `error.${error.code}.next`;
  // An unknown code can only come from a shell that is newer than this page; its own English is better than nothing.
  if (!hasMessage(what)) return { what: error.message, next: "" };
  const params = { ...error.context, message: error.message };
  return { what: t(what as Key, params), next: hasMessage(next) ? t(next as Key, params) : "" };
}
