import { expect, it } from "vitest";

const SHEETS = import.meta.glob<string>(["../../**/*.svelte", "../../**/*.css"], {
  query: "?raw",
  import: "default",
  eager: true,
});

/** The rules of a style sheet, or of a component's, without those around them. */
function rulesOf(source: string): string[] {
  const style = /<style>([\s\S]*)<\/style>/.exec(source)?.[1] ?? (source.includes("<script") ? "" : source);
  return [...style.matchAll(/([^{}]*)\{([^{}]*)\}/g)].map((rule) => `${rule[1]?.trim()} { ${rule[2]?.trim()} }`);
}

// A column that nobody gave a size, and one of `1fr`, is as wide as the longest word in it: one long line of a log widens a page.
it("every column of a grid may be narrower than what stands in it", () => {
  const wrong: string[] = [];
  for (const [file, source] of Object.entries(SHEETS)) {
    for (const rule of rulesOf(source)) {
      const name = `${file}: ${rule.split("{")[0]}`;
      const sized = /grid-template-columns:|grid-template:/.test(rule);
      // A sign in the middle of its box needs no columns.
      if (/display: grid/.test(rule) && !sized && !/place-items: center/.test(rule))
        wrong.push(`${name} has no columns`);
      const columns =
        /grid-template-columns:([^;]*)/.exec(rule)?.[1] ?? /grid-template:[^;/]*\/([^;]*)/.exec(rule)?.[1] ?? "";
      if (/fr/.test(columns.replace(/minmax\(0, [\d.]+fr\)/g, ""))) wrong.push(`${name} has a bare fr`);
    }
  }
  expect(wrong).toEqual([]);
});
