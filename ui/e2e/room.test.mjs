import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, openBrowser } from "./browser.mjs";

let browser, using;
before(async () => void ({ using } = browser = await openBrowser()));
after(() => browser.close());

/** The colours in the middle of the seven bars of the test pattern, as the canvas holds them. */
const barsOf = (page) =>
  page.locator(`${at("stage")} article.large canvas`).evaluate((canvas) => {
    const context = canvas.getContext("2d");
    return Array.from({ length: 7 }, (_, i) => [
      ...context
        .getImageData(Math.floor(((i + 0.5) * canvas.width) / 7), Math.floor(canvas.height * 0.15), 1, 1)
        .data.slice(0, 3),
    ]);
  });

const BARS = [
  [191, 191, 191],
  [191, 191, 0],
  [0, 191, 191],
  [0, 191, 0],
  [191, 0, 191],
  [191, 0, 0],
  [0, 0, 191],
];

test("host a room, go live, see the pattern, switch to TCP while live, stop, and again", async () => {
  await using("scene=start", async (page) => {
    await page.click(at("host-room"));
    await page.waitForSelector(at("room"));
    for (let round = 0; round < 2; round += 1) {
      await page.click(at("start-video"));
      await page.waitForSelector('canvas[data-drawn="true"]');
      const bars = await barsOf(page);
      bars.forEach((bar, i) =>
        bar.forEach((value, c) => assert.ok(Math.abs(value - BARS[i][c]) < 24, `bar ${i}: ${bar}`)),
      );
      await page.click(at(`transport-${round === 0 ? "tcp" : "udp"}`));
      await page.waitForSelector(`article.large .proto.${round === 0 ? "tcp" : "udp"}`);
      await page.keyboard.press("Escape");
      await page.waitForSelector(at("start-video"));
      assert.equal(await page.locator("canvas[data-testid^=tile-]").count(), 0);
    }
  });
});

test("the pictures go on", async () => {
  await using("scene=busy", async (page) => {
    await page.waitForSelector('article.large canvas[data-drawn="true"]');
    const picture = () => page.locator("article.tile-me canvas").evaluate((canvas) => canvas.toDataURL());
    const first = await picture();
    await page.waitForTimeout(400);
    assert.notEqual(await picture(), first);
  });
});

test("a click on the chart of delay shows the trip of a frame of that second", async () => {
  await using("scene=busy", async (page) => {
    await page.click(at("open-wire"));
    await page.waitForSelector(`${at("trip-drawn")}[data-known=true]`);
    const box = await page.locator(`${at("wire")} ${at("chart-delay")}`).boundingBox();
    await page.mouse.click(box.x + box.width - 14, box.y + box.height / 2);
    await page
      .locator(at("trip-frame"))
      .filter({ hasText: /^frame [\d,]+$/ })
      .waitFor();
    // Its segments end where the frame's trip ends: the last bar is at the number that the head says.
    const whole = await page.locator(at("trip-whole")).textContent();
    const drawn = await page.locator(`${at("trip-drawn")} .at`).textContent();
    assert.ok(whole.includes(Number(drawn).toFixed(2)), `${whole} is not ${drawn}`);
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await page.getByText("no longer stored").waitFor();
    assert.match(await page.locator(at("trip-frame")).textContent(), /^medians of/);
  });
});

test("a tile becomes the large one and keeps its picture", async () => {
  await using("scene=busy", async (page) => {
    const mine = page.locator("article.tile-me");
    await mine.locator('canvas[data-drawn="true"]').waitFor();
    await mine.locator("button.pick").click();
    await page.waitForSelector("article.tile-me.large");
    assert.equal(await mine.locator("canvas").getAttribute("data-drawn"), "true");
    await page.click(`article.tile-me ${at("full-screen")}`);
    const box = await mine.boundingBox();
    assert.deepEqual([box.width, box.height], [1280, 800]);
    await page.keyboard.press("Escape");
    await page.waitForSelector("article.tile-me:not(.full)");
    assert.equal(await page.locator(at("stop-video")).count(), 1, "Esc closed the full screen and not my video");
  });
});

test("the charts move, and a switch to TCP begins a line of its own", async () => {
  await using("scene=empty", async (page) => {
    await page.click(at("start-video"));
    const lines = () => page.locator(at("chart-rate")).getAttribute("data-lines").then(Number);
    const points = () => page.locator(at("chart-rate")).getAttribute("data-points").then(Number);
    assert.equal(await lines(), 0);
    await using("scene=busy", async (busy) => {
      const chart = busy.locator(at("chart-delay"));
      const before = await chart.locator("canvas").evaluate((canvas) => canvas.toDataURL());
      const had = Number(await chart.getAttribute("data-lines"));
      await busy.click(at("transport-tcp"));
      await busy.waitForFunction(
        ([s, n]) => Number(document.querySelector(s).dataset.lines) > n,
        [at("chart-delay"), had],
      );
      assert.notEqual(await chart.locator("canvas").evaluate((canvas) => canvas.toDataURL()), before);
    });
    assert.equal(await points(), 0);
  });
});

test("a file let go of over the window is offered, and the target is gone", async () => {
  await using("scene=busy&alive=0", async (page) => {
    const drag = (type) =>
      page.evaluate((type) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(["words"], "capture.txt"));
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
      }, type);
    await page.waitForSelector(at("room"));
    await drag("dragenter");
    await page.waitForSelector(at("drop-target"));
    await drag("dragleave");
    await page.waitForSelector(at("drop-target"), { state: "detached" });
    await drag("dragenter");
    await drag("drop");
    await page.waitForSelector(`${at("feed")} article[aria-label="capture.txt"]`);
    assert.equal(await page.locator(at("drop-target")).count(), 0);
  });
});

test("words are found in ten thousand messages", async () => {
  await using("scene=long&alive=0", async (page) => {
    await page.click(at("search"));
    await page.fill(at("chat-query"), "message 123");
    await page.waitForFunction((s) => document.querySelector(s).textContent === "11 found", at("chat-found"));
    assert.equal(await page.locator("mark").count(), 11);
    await page.keyboard.press("Escape");
    await page.waitForSelector("text=message 9999");
    assert.equal(await page.locator(at("chat-search")).count(), 0);
  });
});

test("ten thousand messages: few are in the page, and reading back stays in place", async () => {
  await using("scene=long&alive=0", async (page) => {
    const feed = page.locator(at("feed"));
    await page.waitForSelector("text=message 9999");
    const count = () => feed.locator("li").count();
    assert.ok((await count()) < 300, `${await count()} in the page`);
    for (let i = 0; i < 30; i += 1) {
      await feed.evaluate((element) => element.scrollTo({ top: 40 }));
      await page.waitForTimeout(30);
    }
    assert.ok((await count()) < 300, `${await count()} in the page`);
    const top = Number((await feed.locator(at("text")).first().textContent()).match(/message (\d+)/)[1]);
    assert.ok(top < 9000, `read back to ${top}`);
    // One more step back: what is read does not jump.
    const seen = await feed.evaluate((element) => {
      element.scrollTo({ top: 100 });
      const top = element.getBoundingClientRect().top;
      const child = [...element.children].find((c) => c.getBoundingClientRect().bottom > top);
      child.dataset.seen = "yes";
      return child.getBoundingClientRect().top;
    });
    await page.waitForTimeout(150);
    const now = await feed.locator("[data-seen=yes]").evaluate((child) => child.getBoundingClientRect().top);
    assert.ok(Math.abs(now - seen) < 3, `moved by ${now - seen}`);
    await page.click(at("to-newest"));
    await page.waitForSelector("text=message 9999");
  });
});

test("a long message is folded, opens whole and folds again", async () => {
  await using("scene=empty", async (page) => {
    const long = `begin ${"line after line\n".repeat(400)}end`;
    await page.fill(at("composer"), long);
    await page.click(at("send"));
    const message = page.locator(at("message"));
    assert.ok(!(await message.locator(at("text")).textContent()).includes("end"));
    await message.getByText("Show all").click();
    assert.ok((await message.locator(at("text")).textContent()).endsWith("end"));
    await message.getByText("Show less").click();
  });
});

test("words are words: nothing that is said is markup", async () => {
  await using("scene=empty", async (page) => {
    await page.fill(at("composer"), "<img src=x onerror=alert(1)> <b>b</b> ‮evil");
    await page.keyboard.press("Enter");
    const text = page.locator(at("message")).locator(at("text"));
    assert.equal(await text.textContent(), "<img src=x onerror=alert(1)> <b>b</b> ‮evil");
    assert.equal(await text.locator("*").count(), 0);
  });
});

test("everything that leads to a live video is reached by keyboard alone", async () => {
  await using("scene=start", async (page) => {
    const focus = () => page.evaluate(() => document.activeElement?.dataset.testid ?? "");
    const tabTo = async (testid) => {
      for (let i = 0; i < 60; i += 1) {
        if ((await focus()) === testid) return;
        await page.keyboard.press("Tab");
      }
      assert.fail(`${testid} is not reached by Tab`);
    };
    await tabTo("host-room");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, "solid");
    await page.keyboard.press("Enter");
    await page.waitForSelector(at("room"));
    await tabTo("transport-udp");
    await page.keyboard.press("ArrowRight");
    assert.equal(await focus(), "transport-tcp");
    await tabTo("start-video");
    await page.keyboard.press("Enter");
    await page.waitForSelector("article.large .proto.tcp");
    await page.keyboard.press("Escape");
    await page.waitForSelector(at("start-video"));
  });
});

test("a window half a screen wide has the people, the pictures, the chat and the wire within reach", async () => {
  await using(
    "scene=busy&role=host",
    async (page) => {
      await page.waitForSelector(at("people"));
      for (const testid of ["person-0", "stage", "composer", "stop-video", "transport-tcp", "copy-address", "leave"])
        assert.ok(await page.locator(at(testid)).isVisible(), testid);
      assert.equal(await page.locator(at("wire-dock")).count(), 0);
      const [people, stage, chat] = await Promise.all(
        ["people", "stage", "chat"].map((testid) => page.locator(at(testid)).boundingBox()),
      );
      assert.ok(
        people.y + people.height <= stage.y && stage.x + stage.width <= chat.x,
        "one beside and above the other",
      );
      await page.click(at("toggle-wire"));
      await page.waitForSelector(at("wire"));
      await page.locator(at("compare-start")).scrollIntoViewIfNeeded();
      assert.ok(await page.locator(at("compare-start")).isVisible());
      await page.click(at("wire-back"));
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.waitForSelector(at("wire-dock"));
    },
    { width: 640, height: 640 },
  );
});
