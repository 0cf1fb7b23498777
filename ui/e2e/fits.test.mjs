// Names of 64 wide letters, files of 255 bytes, lines without a place to break: on every page and at every size each thing stays
// in its place.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, openBrowser, OUT } from "./browser.mjs";

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser.close());

const SIZES = [
  // The smallest window, enlarged to four thirds.
  [480, 480],
  [640, 480],
  [640, 640],
  [640, 770],
  [1024, 640],
  [1024, 664],
  [1280, 800],
  [1400, 900],
];

async function wire(page) {
  await page.click(at("open-wire"));
  await page.waitForSelector(at("wire"));
}

const PAGES = {
  start: { query: "scene=start" },
  refused: {
    query: "scene=start&refuse=session|join_room:unreachable,session|host_room:port_in_use",
    async go(page) {
      await page.click(at("host-room"));
      await page.waitForSelector(at("host-error"));
    },
  },
  room: { query: "scene=busy", go: (page) => page.waitForSelector('article.large canvas[data-drawn="true"]') },
  past: { query: "scene=busy&close=500", go: (page) => page.waitForSelector(at("past")) },
  hosting: { query: "scene=busy&role=host", go: (page) => page.click(at("leave")) },
  empty: { query: "scene=empty" },
  lost: { query: "scene=lost" },
  files: { query: "scene=busy&alive=0", go: (page) => page.click(at("tab-files")) },
  person: { query: "scene=busy", go: (page) => page.click(at("person-0")) },
  settings: { query: "scene=busy", go: (page) => page.click(at("settings")) },
  wire: { query: "scene=busy", go: wire },
  conditioner: {
    query: "scene=busy",
    async go(page) {
      // A wide window has the panel in the page.
      await page.setViewportSize({ width: 1024, height: 640 });
      await wire(page);
      await page.click(at("open-conditioner"));
    },
  },
  worse: {
    query: "scene=busy&second=10",
    async go(page) {
      await wire(page);
      await page.click(at("cond.badWifi"));
      await page.waitForSelector(at("worse"));
      await page.click(at("compare-start"));
      await page.waitForSelector(at("compare-done"));
    },
  },
};

for (const [lengthy, kind] of [
  [1, "long"],
  [0, "usual"],
]) {
  for (const [name, screen] of Object.entries(PAGES)) {
    for (const lang of ["en", "zh"]) {
      test(`${name}, ${kind} ${lang}`, async () => {
        await browser.using(`${screen.query}&theme=light&lang=${lang}&lengthy=${lengthy}`, async (page) => {
          await page.waitForSelector(`${at("start")}, ${at("room")}`);
          await screen.go?.(page);
          const found = {};
          for (const [width, height] of SIZES) {
            await page.setViewportSize({ width, height });
            await page.waitForTimeout(250);
            if (lengthy) await page.screenshot({ path: `${OUT}fits-${name}-${lang}-${width}x${height}.png` });
            const out = await page.evaluate(outOfPlace);
            if (out.length > 0) found[`${width}×${height}`] = out;
          }
          assert.deepEqual(found, {});
        });
      });
    }
  }
}

test("the charts of the dock end with it, however high its table is", async () => {
  await browser.using("scene=busy&alive=0", async (page) => {
    await page.waitForSelector(at("wire-dock"));
    await page.evaluate(() => document.styleSheets[0].insertRule(".tbl td { height: 30px !important; }"));
    for (const [width, height] of SIZES.filter(([width]) => width >= 1024)) {
      await page.setViewportSize({ width, height });
      await page.waitForTimeout(100);
      const figures = await page
        .locator(`${at("wire-dock")} figure, ${at("wire-dock")} canvas`)
        .evaluateAll((all) => all.map((figure) => figure.getBoundingClientRect().bottom));
      assert.equal(figures.length, 4);
      for (const bottom of figures) assert.ok(bottom <= height, `${bottom} of ${height}`);
    }
  });
});

/** In the page: what is larger than the place it has, and what a place cuts without saying so. */
function outOfPlace() {
  const SLACK = 1.5;
  const found = [];
  const top = document.querySelector("dialog[open]") ?? document.body;
  const say = (element) =>
    `${element.tagName.toLowerCase()}.${String(element.getAttribute("class") ?? "")
      .replace(/svelte-\w+/g, "")
      .trim()
      .replace(/\s+/g, ".")}`;
  for (const place of top.querySelectorAll("*")) {
    // A chart's own boxes, and what only a screen reader meets.
    if (place.closest("svg, canvas, .uplot, .vh, option, select, textarea, input")) continue;
    const style = getComputedStyle(place);
    const box = place.getBoundingClientRect();
    if (
      !place.checkVisibility() ||
      box.width === 0 ||
      box.height === 0 ||
      style.visibility === "hidden" ||
      /^(inline|contents|none|table-(row|column|header|footer).*)$/.test(style.display)
    )
      continue;
    const open = { x: style.overflowX === "visible", y: style.overflowY === "visible" };
    const isBeside = (inner) => inner.right > box.right + SLACK || inner.left < box.left - SLACK;
    const isAbove = (inner) => inner.bottom > box.bottom + SLACK || inner.top < box.top - SLACK;
    const wide = (what, inner) =>
      found.push(`${what} is ${Math.round(inner.width)} wide in ${say(place)} of ${Math.round(box.width)}`);
    for (const { what, inner } of open.x ? lines(place) : []) if (isBeside(inner)) wide(what, inner);
    for (const child of place.children) {
      const inner = child.getBoundingClientRect();
      if (inner.width === 0 || inner.height === 0 || !child.checkVisibility()) continue;
      const own = getComputedStyle(child);
      if (
        /absolute|fixed/.test(own.position) ||
        own.display === "inline" ||
        parseFloat(own.marginTop) < 0 ||
        parseFloat(own.marginBottom) < 0 ||
        parseFloat(own.marginRight) < 0
      )
        continue;
      if (open.x && isBeside(inner)) wide(say(child), inner);
      if (open.y && isAbove(inner))
        found.push(`${say(child)} is ${Math.round(inner.height)} high in ${say(place)} of ${Math.round(box.height)}`);
    }
    if (
      /hidden|clip/.test(style.overflowX) &&
      style.textOverflow !== "ellipsis" &&
      place.scrollWidth > place.clientWidth + SLACK &&
      !place.matches(".host, .tile")
    )
      found.push(`${say(place)} cuts ${place.scrollWidth - place.clientWidth} at its side`);
    if (
      /hidden|clip/.test(style.overflowY) &&
      style.textOverflow !== "ellipsis" &&
      place.scrollHeight > place.clientHeight + SLACK &&
      !place.matches(".host, .tile")
    )
      found.push(`${say(place)} cuts ${place.scrollHeight - place.clientHeight} at its bottom`);
  }
  return [...new Set(found)];

  /** The text that runs in a place's own lines, also within what is inline there: a box for each line. */
  function lines(parent) {
    return [...parent.childNodes].flatMap((child) => {
      if (child.nodeType === Node.ELEMENT_NODE) {
        const { display, position } = getComputedStyle(child);
        const isRunning = display === "inline" && !/absolute|fixed/.test(position) && child.checkVisibility();
        return isRunning && !child.matches("svg, canvas, .vh") ? lines(child) : [];
      }
      if (child.nodeType !== Node.TEXT_NODE || child.data.trim() === "") return [];
      const range = document.createRange();
      range.selectNodeContents(child);
      const boxes = [...range.getClientRects()].filter((inner) => inner.width > 0 && inner.height > 0);
      return boxes.map((inner) => ({ what: `"${child.data.trim().slice(0, 24)}"`, inner }));
    });
  }
}
