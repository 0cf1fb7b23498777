import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, openBrowser } from "./browser.mjs";

let browser, using;
before(async () => void ({ using } = browser = await openBrowser()));
after(() => browser.close());

const TWO_LINES = "a message that is long enough to take two lines in the field, ";

/** How far the feed is from its end, in pixels. */
const left = (page) =>
  page.locator(at("feed")).evaluate((feed) => feed.scrollHeight - feed.scrollTop - feed.clientHeight);

const settled = (page) =>
  page.waitForFunction((s) => {
    const feed = document.querySelector(s);
    return feed.scrollHeight - feed.scrollTop - feed.clientHeight < 8;
  }, at("feed"));

test("a message of two lines keeps the conversation at its end, for itself and for what comes after it", async () => {
  await using("scene=long&alive=0&talk=60", async (page) => {
    await page.waitForSelector("text=message 9999");
    await page.click(at("composer"));
    await page.keyboard.type(TWO_LINES.repeat(2));
    const height = (await page.locator(at("composer")).boundingBox()).height;
    assert.ok(height > 40, `the field has become ${height} high`);
    assert.equal(await page.locator(at("to-newest")).count(), 0, "while it is typed");
    await page.keyboard.press("Enter");
    await page.locator(at("message")).filter({ hasText: TWO_LINES }).waitFor();
    const now = Number(
      (
        await page
          .locator(at("feed"))
          .getByText(/^talk \d+$/)
          .last()
          .textContent()
      ).slice(5),
    );
    await page
      .locator(at("feed"))
      .getByText(`talk ${now + 40}`, { exact: true })
      .waitFor();
    await settled(page);
    assert.equal(await page.locator(at("to-newest")).count(), 0, "after it was sent");
  });
});

test("a window that becomes lower, a search and a longer field are nobody's scrolling", async () => {
  await using("scene=long&alive=0", async (page) => {
    await page.waitForSelector("text=message 9999");
    for (const [width, height] of [
      [1280, 700],
      [1280, 640],
      [1024, 640],
      [1400, 900],
      [1280, 660],
      [1280, 800],
    ]) {
      await page.setViewportSize({ width, height });
      await page.waitForTimeout(60);
    }
    await page.fill(at("composer"), "one\n".repeat(9));
    await page.waitForTimeout(60);
    await settled(page);
    await page.fill(at("composer"), "");
    await page.waitForTimeout(60);
    await page.click(at("search"));
    await settled(page);
    assert.equal(await page.locator(at("to-newest")).count(), 0);
  });
});

test("away from the end nothing moves, what is new is counted, and one's own message leads back", async () => {
  await using("scene=long&alive=0&talk=150", async (page) => {
    await page.waitForSelector("text=message 9999");
    await page.locator(at("feed")).hover();
    await page.mouse.wheel(0, -600);
    await page.waitForSelector(at("to-newest"));
    const away = await page.locator(at("feed")).evaluate((feed) => feed.scrollTop);
    await page.waitForFunction(
      (s) => /^\d+ new$/.test(document.querySelector(s)?.textContent.trim() ?? ""),
      at("to-newest"),
    );
    assert.equal(await page.locator(at("feed")).evaluate((feed) => feed.scrollTop), away);
    await page.fill(at("composer"), "back again");
    await page.keyboard.press("Enter");
    await page.waitForSelector(at("to-newest"), { state: "detached" });
    await page.locator(at("message")).filter({ hasText: "back again" }).waitFor();
    await settled(page);
    assert.ok((await left(page)) < 8);
  });
});
