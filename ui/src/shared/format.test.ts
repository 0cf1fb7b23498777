import { describe, expect, it } from "vitest";
import {
  binary,
  bytes,
  byteRate,
  clock,
  clockMillis,
  clockSeconds,
  date,
  elapsed,
  figure,
  hostPart,
  initials,
  isoTime,
  mbit,
  msFixed,
  msFromUs,
  sameDay,
  span,
  splitName,
  UNKNOWN,
  utf8Length,
  whole,
} from "./format";

describe("figures", () => {
  it("are never made up", () => {
    for (const text of [
      bytes(null),
      byteRate(null),
      msFromUs(null),
      mbit(null),
      figure(null),
      whole(null),
      figure(NaN),
    ]) {
      expect(text).toBe(UNKNOWN);
    }
  });

  it("have digits that say something", () => {
    expect([msFromUs(182), msFromUs(4900), msFromUs(112_400)]).toEqual(["0.18", "4.9", "112"]);
    expect([mbit(13_600_000), mbit(250_000), mbit(940e6)]).toEqual(["13.6", "0.25", "940"]);
    expect([bytes(0), bytes(999), bytes(184_200_000), bytes(999_999)]).toEqual(["0 B", "999 B", "184.2 MB", "1.0 MB"]);
    expect(byteRate(11_600_000)).toBe("11.6 MB/s");
  });

  it("of a frame's trip keep their places", () => {
    expect([60, 999.4, 3840, 28_230, 112_400, null].map(span)).toEqual([
      "60 µs",
      "999 µs",
      "3.84 ms",
      "28.23 ms",
      "112.4 ms",
      UNKNOWN,
    ]);
    expect([0, 60, 3840, 13_650, 112_400, null].map(msFixed)).toEqual([
      "0.000",
      "0.060",
      "3.840",
      "13.65",
      "112.4",
      UNKNOWN,
    ]);
  });

  it("of memory go by powers of 1,024", () => {
    const said = [0, 1023, 1024, 212_992, 8_388_608, 1_572_864, null].map((n) =>
      Object.values(binary(n)).join(" ").trim(),
    );
    expect(said).toEqual(["0 B", "1023 B", "1 KiB", "208 KiB", "8 MiB", "1.5 MiB", UNKNOWN]);
    expect(
      [binary(35_840, "KiB"), binary(512, "KiB"), binary(null, "KiB")].map((size) => `${size.value} ${size.unit}`),
    ).toEqual(["35 KiB", "0.5 KiB", "— KiB"]);
  });

  it("count time", () => {
    expect([elapsed(252_000), elapsed(3_852_000), elapsed(-5)]).toEqual(["04:12", "1:04:12", "00:00"]);
  });
});

describe("times", () => {
  const BEYOND = [-1, -8.64e15, 8.64e15 + 1, 253_402_300_799_000, 1.8e19, Infinity, -Infinity, NaN];

  it("that no calendar has are unknown, and throw nothing", () => {
    for (const at of BEYOND) {
      expect([clock(at), clockSeconds(at), clockMillis(at), date(at, "en"), date(at, "zh")]).toEqual(
        Array(5).fill(UNKNOWN),
      );
      expect(isoTime(at)).toBeUndefined();
      expect(() => sameDay(at, Date.now())).not.toThrow();
    }
    expect([NaN, Infinity].map(elapsed)).toEqual([UNKNOWN, UNKNOWN]);
  });

  it("from 1970 to 9999 are written", () => {
    for (const at of [0, Date.UTC(2026, 10, 22), Date.UTC(9999, 11, 30)]) {
      expect(clockMillis(at)).toMatch(/^\d\d:\d\d:\d\d\.\d{3}$/);
      expect(isoTime(at)).toBe(new Date(at).toISOString());
      expect(date(at, "en")).not.toBe(UNKNOWN);
    }
  });
});

describe("names", () => {
  it("become one or two signs", () => {
    expect(["Mara Okafor", "陈伟 Chen Wei", "Priya", "三", "lab2", "", "👩‍🔬 x"].map(initials)).toEqual([
      "MO",
      "陈",
      "PR",
      "三",
      "LA",
      "?",
      "👩",
    ]);
  });

  it("of files keep their ending", () => {
    expect(splitName("a.pcapng.zip")).toEqual(["a.pcapng", ".zip"]);
    expect(splitName(".profile")).toEqual([".profile", ""]);
    expect(splitName("no.ending-that-long")).toEqual(["no.ending-that-long", ""]);
  });

  it("of computers lose their port", () => {
    expect([hostPart("192.168.1.31:53412"), hostPart("[::1]:27182"), hostPart("lab")]).toEqual([
      "192.168.1.31",
      "::1",
      "lab",
    ]);
  });

  it("and words are measured in the bytes that travel", () => {
    expect([utf8Length("abc"), utf8Length("网络"), utf8Length("👩")]).toEqual([3, 6, 4]);
  });
});
