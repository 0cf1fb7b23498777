/** A room in which everything is as long as it may be and has no place to break: what the interface must hold all the same. */
import type { MetricsHistory, RecentRoom, RoomView, SourceView } from "../../bindings/contract";

/** A name of 64 of the widest letters, each its own. */
export const longName = (n: number): string => (n % 2 === 0 ? "W" : "蠹").repeat(62) + String(n).padStart(2, "0");
const LONG_ADDRESS = "[fe80:1234:5678:9abc:def0:1234:5678:9abc%enx00112233]:65535";
const LONG_WORDS = "W".repeat(900);

/** Makes all of a room long. */
export function lengthen(room: RoomView): void {
  room.name = longName(0);
  room.address = LONG_ADDRESS;
  room.reachableAt = room.reachableAt.map((at, i) => ({ ...at, address: LONG_ADDRESS + i, network: longName(i) }));
  for (const person of room.people) {
    person.profile = {
      ...person.profile,
      name: longName(person.id),
      about: LONG_WORDS.slice(0, 500),
      device: longName(person.id + 1),
    };
    person.address = LONG_ADDRESS;
  }
  const nameOf = (id: number) => room.people.find((person) => person.id === id)?.profile.name ?? longName(99);
  for (const entry of room.chat) {
    Object.assign(entry, { name: nameOf(entry.from), address: LONG_ADDRESS });
    if (entry.body.kind === "text") entry.body = { kind: "text", text: LONG_WORDS };
  }
  for (const file of room.files) {
    Object.assign(file, {
      name: `${longName(file.id).repeat(4).slice(0, 245)}.pcapng`,
      ownerName: file.mine ? "" : nameOf(file.owner),
      size: 9.99e14,
    });
    if (file.state.kind === "transferring")
      file.state = { kind: "transferring", done: 9.98e14, rate: 9.99e11, secondsLeft: 359_999 };
  }
  for (const stream of room.streams)
    Object.assign(stream, { ownerName: nameOf(stream.owner), title: longName(stream.id) });
}

export const lengthenSources = (sources: SourceView[]): SourceView[] =>
  sources.map((source, i) => ({ ...source, name: longName(i) }));

export const lengthenRecent = (rooms: RecentRoom[]): RecentRoom[] =>
  rooms.map((room, i) => ({ ...room, name: longName(i), address: LONG_ADDRESS }));

/** Log entries as long as the longest that the shell writes, and one without a place to break. */
export function lengthenLog(log: MetricsHistory["log"]): MetricsHistory["log"] {
  const long =
    "the network is made worse on purpose: 8.00 ms in each direction, up to 25.00 ms more by chance, 5.0 % lost, 1.0 % reordered, 1.0 % twice, at most 10 Mbit/s, seed 1234567890123456789";
  return log.map((entry, i) => ({ ...entry, code: "long", text: i % 2 === 0 ? long : LONG_WORDS.slice(0, 300) }));
}
