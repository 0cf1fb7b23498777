import type { Language } from "../../bindings/contract";
import { en } from "./en";
import { fill, parts, type Params, type Part } from "./template";
import { zh } from "./zh";

export type { Params, Part } from "./template";
/** The name of a message; each stands in every language. */
export type Key = keyof typeof en;

const MESSAGES: Record<Language, Record<Key, string>> = { en, zh };

let language = $state<Language>("en");

/** The language in force. Everything that asks {@link t} follows it at once. */
export function currentLanguage(): Language {
  return language;
}

/** Changes the language of the whole window. */
export function setLanguage(next: Language): void {
  language = next;
  if (typeof document === "undefined") return;
  document.documentElement.lang = next === "zh" ? "zh-CN" : "en";
  document.documentElement.dataset.lang = next;
}

/** The message in the language in force. */
export function t(key: Key, params?: Params): string {
  return fill(MESSAGES[language][key], params);
}

/** As {@link t}, in pieces: for the component that sets people's words apart from the sentence. */
export function tParts(key: Key, params?: Params): Part[] {
  return parts(MESSAGES[language][key], params);
}

/** Whether there is a message of this name: for codes that come from outside. */
export function hasMessage(key: string): key is Key {
  return Object.hasOwn(en, key);
}
