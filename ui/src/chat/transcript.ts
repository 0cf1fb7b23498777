import type { ChatEntry } from "../bindings/contract";
import { dayAndTime } from "../shared/format";
import { t } from "../shared/i18n/index.svelte";
import { noticeKey } from "./notice";

/**
 * A conversation as a text file, a line for each entry: its time, who, and what. The further lines of a message are indented, so
 * that none of them can be taken for an entry of its own.
 */
export function transcript(room: string, entries: ChatEntry[]): string {
  const lines = entries.map((entry) => {
    const words =
      entry.body.kind === "text"
        ? `${oneLine(entry.name)}: ${indented(entry.body.text)}`
        : t(noticeKey(entry.body), { name: oneLine(entry.name) });
    return `${dayAndTime(entry.atMs)} ${words}`;
  });
  return `${[oneLine(room), "", ...lines].join("\n")}\n`;
}

function oneLine(text: string): string {
  return text.split(LINE_ENDS).join(" ");
}

function indented(text: string): string {
  return text.split(LINE_ENDS).join("\n    ");
}

/** What programs that show text take for the end of a line. */
const LINE_ENDS = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/;
