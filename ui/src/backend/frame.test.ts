import { describe, expect, it } from "vitest";
import { buildAnswer, HEADER_BYTES, parseAnswer, type Frame } from "./frame";

const FRAME: Frame = {
  stream: 7,
  frame: 0xfffffffe,
  width: 1280,
  height: 720,
  carrier: "udp",
  capturedUs: 1_700_000_000_123_456n,
  receivedUs: 9n,
  drops: 3,
  jpeg: new Uint8Array([0xff, 0xd8, 1, 2, 3]),
};

describe("a frame", () => {
  it("is read as it was written", () => {
    expect(parseAnswer(buildAnswer(FRAME))).toEqual(FRAME);
  });

  it("has its numbers in network byte order at the places agreed on", () => {
    const bytes = new Uint8Array(buildAnswer(FRAME));
    expect([...bytes.slice(0, 16)]).toEqual([0, 0, 0, 7, 255, 255, 255, 254, 5, 0, 2, 208, 1, 0, 0, 0]);
    expect([...bytes.slice(32, 40)]).toEqual([0, 0, 0, 5, 0, 0, 0, 3]);
    expect(bytes.length).toBe(HEADER_BYTES + 5);
  });

  it("can be none yet, or none ever", () => {
    expect(parseAnswer(new ArrayBuffer(1))).toBe("nothing yet");
    expect(parseAnswer(new ArrayBuffer(0))).toBe("over");
  });

  it("is not believed when it does not add up", () => {
    expect(() => parseAnswer(new ArrayBuffer(39))).toThrow(RangeError);
    const short = buildAnswer(FRAME).slice(0, HEADER_BYTES + 4);
    expect(() => parseAnswer(short)).toThrow(/says 5 bytes and has 4/);
    const strange = buildAnswer(FRAME);
    new DataView(strange).setUint8(12, 9);
    expect(() => parseAnswer(strange)).toThrow(/no transport/);
  });
});
