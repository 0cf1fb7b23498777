import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse, type AST } from "svelte/compiler";
import { describe, expect, it } from "vitest";
import { en } from "./en";
import { zh } from "./zh";

const SRC = join(process.cwd(), "src");

function files(folder: string, ending: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return files(path, ending);
    return path.endsWith(ending) ? [path] : [];
  });
}

const places = (template: string) => [...template.matchAll(/\{(\w+)/g)].map((m) => m[1]).sort();

describe("messages", () => {
  it("stand in both languages", () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en));
  });

  it("are nowhere empty", () => {
    for (const [key, text] of [...Object.entries(en), ...Object.entries(zh)]) expect(text.trim(), key).not.toBe("");
  });

  it("take the same values in both languages", () => {
    for (const key of Object.keys(en) as (keyof typeof en)[]) expect(places(zh[key]), key).toEqual(places(en[key]));
  });

  it("are translated, but for names and units", () => {
    const same = (Object.keys(en) as (keyof typeof en)[]).filter((key) => en[key] === zh[key]);
    expect(same).toEqual([
      "video.qualityOf",
      "unit.ms",
      "unit.fps",
      "unit.mbit",
      "unit.percent",
      "unit.kib",
      "settings.version",
    ]);
  });

  it("are all used", () => {
    const source = [...files(SRC, ".svelte"), ...files(SRC, ".ts")]
      .filter((path) => !path.includes("i18n") && !path.endsWith(".test.ts"))
      .map((path) => readFileSync(path, "utf8"))
      .join("\n");
    // Names that are put together from a code that comes from the backend.
    const built = /^(error|log|chat\.left|files\.kind|count)\./;
    const unused = Object.keys(en).filter((key) => !built.test(key) && !source.includes(`"${key}"`));
    expect(unused).toEqual([]);
  });
});

/** Words that are the same in every language: names, protocols, units and signs. */
const NEUTRAL =
  /^(Roomwire|TCP|UDP|TLS 1\.3|ACK|CSV|JSON|HTML|Esc|ms|fps|Mbit\/s|English|简体中文|[\s\d·×±→/%…–—().,:+-]*)$/;
const SPOKEN = new Set(["aria-label", "title", "placeholder", "alt", "label", "caption", "hint"]);

/** The words in a component's markup that do not come from the messages. */
function literals(path: string): string[] {
  const found: string[] = [];
  const check = (text: string) => {
    for (const word of text.split(/\s+/)) {
      if (!NEUTRAL.test(word) && !NEUTRAL.test(text.trim())) found.push(`${path.slice(SRC.length)}: ${text.trim()}`);
    }
  };
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(walk);
    if (typeof node !== "object" || node === null || !("type" in node)) return;
    const typed = node as AST.TemplateNode;
    if (typed.type === "Text") check(typed.data);
    if (typed.type === "StyleDirective" || typed.type === "ClassDirective") return;
    if (typed.type === "Attribute") {
      if (SPOKEN.has(typed.name) && Array.isArray(typed.value))
        typed.value.forEach((v) => v.type === "Text" && check(v.data));
      if (typed.name === "style")
        found.push(`${path.slice(SRC.length)}: a style attribute, which the page's policy refuses`);
      return;
    }
    for (const [name, value] of Object.entries(typed)) if (name !== "parent" && typeof value === "object") walk(value);
  };
  walk(parse(readFileSync(path, "utf8"), { modern: true }).fragment);
  return found;
}

describe("markup", () => {
  it("has no words of its own", () => {
    expect(files(SRC, ".svelte").flatMap(literals)).toEqual([]);
  });

  it("is looked through for words at all", () => {
    expect(files(SRC, ".svelte").length).toBeGreaterThan(25);
  });
});
