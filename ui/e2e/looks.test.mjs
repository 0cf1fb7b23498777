// Every screen at both sizes, in both themes and languages: nothing sticks out, nothing is too faint to read. The
// pictures are left in out/ to be looked at.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, openBrowser, OUT } from "./browser.mjs";

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser.close());

const SCREENS = {
  start: { query: "scene=start" },
  first: { query: "scene=first" },
  refused: {
    query: "refuse=session|join_room:unreachable,session|host_room:port_in_use",
    async go(page) {
      await page.click(at("host-room"));
      await page.waitForSelector(at("host-error"));
      await page.fill(at("address"), "192.168.1.99:27182");
      await page.click(at("join-room"));
      await page.waitForSelector(at("join-error"));
    },
  },
  changed: {
    query: "refuse=session|join_room:identity_changed",
    async go(page) {
      await page.fill(at("address"), "192.168.1.10:27182");
      await page.click(at("join-room"));
      await page.waitForSelector(at("join-confirmed"));
    },
  },
  empty: { query: "scene=empty" },
  busy: { query: "scene=busy", go: (page) => page.waitForSelector('article.large canvas[data-drawn="true"]') },
  hosting: {
    query: "scene=busy&role=host",
    go: (page) => page.waitForSelector('article.large canvas[data-drawn="true"]'),
  },
  closing: { query: "scene=busy&role=host", go: (page) => page.click(at("leave")) },
  past: { query: "scene=busy&close=500", go: (page) => page.waitForSelector(at("past")) },
  dropping: {
    query: "scene=busy",
    async go(page) {
      await page.evaluate(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(["words"], "capture.txt"));
        document.body.dispatchEvent(new DragEvent("dragenter", { dataTransfer, bubbles: true, cancelable: true }));
      });
      await page.waitForSelector(at("drop-target"));
    },
  },
  searching: {
    query: "scene=busy",
    async go(page) {
      await page.click(at("search"));
      await page.fill(at("chat-query"), "UDP");
      await page.waitForSelector("mark");
    },
  },
  lost: {
    query: "scene=lost",
    async go(page) {
      await page.waitForSelector(at("lost-banner"));
      await page.waitForFunction(() => document.querySelectorAll('.tile .dim[data-drawn="true"]').length === 3);
    },
  },
  camera: {
    query: "scene=empty&refuse=video|start_video:camera_busy",
    async go(page) {
      await page.click(at("start-video"));
      await page.waitForSelector(at("video-error"));
    },
  },
  files: { query: "scene=busy&alive=0", go: (page) => page.click(at("tab-files")) },
  settings: { query: "scene=busy", go: (page) => page.click(at("settings")) },
  person: { query: "scene=busy", go: (page) => page.click(at("person-0")) },
  wire: { query: "scene=busy", go: (page) => page.click(at("open-wire")) },
  trip: {
    query: "scene=busy",
    async go(page) {
      await page.click(at("open-wire"));
      await page.waitForSelector(`${at("trip-drawn")}[data-known=true]`);
      await page.click(at("trip-earlier"));
    },
  },
  worse: {
    query: "scene=busy&second=10",
    async go(page) {
      await page.click(at("open-wire"));
      await page.click(at("cond.badWifi"));
      await page.click(at("compare-start"));
      await page.waitForSelector(at("compare-done"));
      await page.locator(at("compare")).scrollIntoViewIfNeeded();
      await page.locator("details summary").click();
      await page.waitForSelector(at("count-acked"));
    },
  },
  recording: {
    query: "scene=busy",
    async go(page) {
      await page.waitForSelector('article.large canvas[data-drawn="true"]');
      await page.click(at("record"));
      await page.waitForSelector(".recmark");
    },
  },
  conditioner: {
    query: "scene=busy",
    size: { width: 1024, height: 640 },
    async go(page) {
      await page.click(at("open-wire"));
      await page.click(at("open-conditioner"));
      await page.waitForSelector(at("conditioner-dialog"));
    },
  },
  unwatched: {
    query: "scene=empty&alive=0",
    async go(page) {
      await page.click(at("start-video"));
      await page.waitForSelector(at("stop-video"));
      await page.click(at("open-wire"));
    },
  },
  switched: {
    query: "scene=busy",
    async go(page) {
      await page.click(at("transport-tcp"));
      await page.click(at("open-wire"));
      await page.getByRole("button", { name: /^(You|我)/ }).click();
      await page.waitForSelector(at("num.frames"));
    },
  },
};

for (const [name, screen] of Object.entries(SCREENS)) {
  for (const lang of ["en", "zh"]) {
    test(`${name} ${lang}`, async () => {
      const { page, errors, close } = await browser.page(`${screen.query}&theme=light&lang=${lang}`, screen.size);
      try {
        await page.waitForSelector(`${at("start")}, ${at("room")}`);
        await screen.go?.(page);
        for (const [width, height] of [
          [1280, 800],
          [1024, 640],
        ]) {
          await page.setViewportSize({ width, height });
          for (const theme of ["light", "dark"]) {
            await page.evaluate((next) => (document.documentElement.dataset.theme = next), theme);
            await page.waitForTimeout(250);
            const where = `${width}×${height} ${theme}`;
            await page.screenshot({ path: `${OUT}${name}-${theme}-${lang}-${width}.png` });
            assert.deepEqual(await page.evaluate(outside), [], where);
            assert.deepEqual(await page.evaluate(faint), [], where);
          }
        }
        assert.deepEqual(await page.evaluate(nameless), []);
        assert.deepEqual(errors, []);
      } finally {
        await close();
      }
    });
  }
}

/** In the page: what sticks out of the window, or is cut by a region that does not scroll. */
function outside() {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth)
    found.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const top = document.querySelector("dialog[open]") ?? document.body;
  for (const control of top.querySelectorAll("button, input, textarea, select, .key, .badge")) {
    const box = control.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) continue;
    let left = 0,
      right = innerWidth,
      up = 0,
      down = innerHeight,
      scrolls = false;
    for (let parent = control.parentElement; parent; parent = parent.parentElement) {
      const style = getComputedStyle(parent);
      if (/(auto|scroll)/.test(style.overflowX + style.overflowY)) scrolls = true;
      if (/(hidden|clip)/.test(style.overflowX) && !scrolls) {
        const clip = parent.getBoundingClientRect();
        left = Math.max(left, clip.left);
        right = Math.min(right, clip.right);
        up = Math.max(up, clip.top);
        down = Math.min(down, clip.bottom);
      }
    }
    if (!scrolls && (box.left < left - 1 || box.right > right + 1 || box.top < up - 1 || box.bottom > down + 1)) {
      found.push(
        `${control.outerHTML.slice(0, 90)} at ${Math.round(box.left)}–${Math.round(box.right)}, ${Math.round(box.top)}–${Math.round(box.bottom)}`,
      );
    }
  }
  // A figure is one line, however wide it becomes.
  for (const figure of document.querySelectorAll(".stats dt, .stats dd, .tbl td, .tbl th")) {
    const line = parseFloat(getComputedStyle(figure).lineHeight);
    const text = document.createRange();
    text.selectNodeContents(figure);
    if (text.getBoundingClientRect().height > line * 1.6)
      found.push(`"${figure.textContent.trim()}" is more than one line`);
    if (figure.scrollWidth > figure.clientWidth + 1 && !figure.matches(".of, .tbl th"))
      found.push(`"${figure.textContent.trim()}" is wider than its place`);
  }
  // Two neighbours in a bar do not lie on each other.
  for (const bar of top.querySelectorAll(".bar, .head, .mine")) {
    const boxes = [...bar.children].map((child) => child.getBoundingClientRect()).filter((box) => box.width > 0);
    boxes.forEach((box, i) => {
      if (i > 0 && box.left < boxes[i - 1].right - 1)
        found.push(`${bar.className} overlaps at ${Math.round(box.left)}`);
      if (box.right > bar.getBoundingClientRect().right + 1)
        found.push(`${bar.className} overflows to ${Math.round(box.right)}`);
    });
  }
  return found;
}

/** In the page: text with less contrast than 4.5 to 1 against what is behind it. Text on pictures is left out. */
function faint() {
  // A canvas turns any colour the style can have into numbers.
  const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", {
    willReadFrequently: true,
  });
  const rgba = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      layers.push(colour);
      if (colour[3] > 0.99) break;
    }
    return layers.reverse().reduce((under, colour) => over(colour, under), [255, 255, 255]);
  };
  const found = new Set();
  const top = document.querySelector("dialog[open]") ?? document.body;
  for (const element of top.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
    if (!own || element.closest(".tile, [disabled], option, script, style") || element.getClientRects().length === 0)
      continue;
    const back = behind(element);
    const [a, b] = [light(over(rgba(getComputedStyle(element).color), back)), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.add(`${ratio.toFixed(2)} ${element.className} "${element.textContent.trim().slice(0, 30)}"`);
  }
  return [...found];
}

/** In the page: controls without a name. */
function nameless() {
  return [
    ...document.querySelectorAll("button, input, textarea, select, [role=radiogroup], [role=progressbar], [role=img]"),
  ]
    .filter((e) => !e.closest("[hidden]"))
    .filter(
      (e) =>
        !(
          e.getAttribute("aria-label") ||
          e.getAttribute("aria-labelledby") ||
          e.labels?.length ||
          e.textContent.trim()
        ),
    )
    .map((e) => e.outerHTML.slice(0, 100));
}
