import { expect, it } from "vitest";
import { currentLanguage, t } from "../shared/i18n/index.svelte";
import { firstLook } from "./firstLook";

it("the window begins as the shell wrote on its root", () => {
  const root = document.documentElement;
  Object.assign(root.dataset, { lang: "zh", theme: "dark" });
  firstLook(root.dataset);
  expect([root.lang, root.dataset.theme, t("common.close")]).toEqual(["zh-CN", "dark", "关闭"]);
});

it("a root that says nothing, or what is none, is English and follows the system", () => {
  for (const given of [{}, { lang: "xx", theme: "pink" }]) {
    firstLook(given);
    expect(currentLanguage()).toBe("en");
    expect(document.documentElement.dataset.theme).toBe("light");
  }
});
