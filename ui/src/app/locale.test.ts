import { expect, it } from "vitest";
import { repairLanguage } from "./locale";

it("gives a web view without a locale a language that formatters take", () => {
  const none = { language: "C" };
  repairLanguage(none);
  expect(() => new Intl.NumberFormat(none.language)).not.toThrow();
  const german = { language: "de-AT" };
  repairLanguage(german);
  expect(german.language).toBe("de-AT");
});
