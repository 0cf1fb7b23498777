import type { ChatEntry, FileView, Person, RecentRoom, ReachableAt, SourceView } from "../../bindings/contract";

const MINUTE = 60_000;

const hex = (seed: number) =>
  Array.from({ length: 64 }, (_, i) => ((seed * 31 + i * 7 + ((i * seed) % 11)) % 16).toString(16)).join("");

type Sketch = [name: string, colour: string, device: string, address: string, about: string];
const OTHERS: Sketch[] = [
  ["陈伟 Chen Wei", "#2f6f5e", "lab-pc-03", "192.168.1.10:27182", "网络实验课助教，二楼 214。"],
  ["李娜", "#a3415f", "MacBook Air", "192.168.1.31:53412", ""],
  ["Priya", "#8a5a2b", "lab-pc-07 #1", "192.168.1.57:50120", "Second year, bench 7"],
  ["Tomás", "#4a5f8a", "lab-pc-07 #2", "192.168.1.57:50124", ""],
  ["Jonas Kühn", "#5b6b2a", "jk-tablet", "192.168.1.42:41877", ""],
];

export const MY_DEVICE = "mara-thinkpad";
export const MY_ADDRESS = "192.168.1.24";

/** The people of a busy room; number 0 is the host, `me` is mine. */
export function busyRoom(me: number, myName: string, myColour: string): Person[] {
  const others = me === 0 ? OTHERS.slice(1) : OTHERS;
  const ids = [0, 1, 2, 3, 4, 5].filter((id) => id !== me);
  const people = others.map((sketch, i): Person => person(ids[i] ?? i, sketch, i === others.length - 1));
  return [...people, self(me, myName, myColour)];
}

export function self(id: number, name: string, colour: string): Person {
  return {
    id,
    profile: { name, about: "", colour, device: MY_DEVICE },
    address: `${MY_ADDRESS}:${id === 0 ? 27182 : 49822}`,
    fingerprint: hex(3),
    isHost: id === 0,
    isMe: true,
    presence: "here",
  };
}

function person(id: number, [name, colour, device, address, about]: Sketch, away: boolean): Person {
  return {
    id,
    profile: { name, about, colour, device },
    address,
    fingerprint: hex(id + 7),
    isHost: id === 0,
    isMe: false,
    presence: away ? "reconnecting" : "here",
  };
}

/** Someone who comes later. */
export function newcomer(id: number): Person {
  return person(id, ["سارة", "#a3415f", "sara-phone", "192.168.1.77:40112", ""], false);
}

export function conversation(people: Person[], now: number): ChatEntry[] {
  const lines: [who: string, text: string, minutesAgo: number][] = [
    ["陈伟", "大家好，先用 UDP 跑一遍，再切到 TCP 对比延迟曲线。", 9],
    ["Priya", "Which p95 did you get with 2% loss?", 7],
    ["", "7.7 ms on UDP, 38 on TCP. The head-of-line stalls are easy to see in the delay chart.", 7],
    ["李娜", "抓包数据在我这里，马上发。", 4],
    ["", "收到，正在下载。", 2],
  ];
  const mine = people.find((p) => p.isMe);
  const host = people.find((p) => p.isHost);
  const entries: ChatEntry[] = [];
  const add = (who: Person | undefined, body: ChatEntry["body"], minutesAgo: number) => {
    if (who) entries.push(line(who, body, entries.length + 1, now - minutesAgo * MINUTE));
  };
  add(host, { kind: "opened" }, 12);
  for (const [who, text, ago] of lines) {
    add(who === "" ? mine : (people.find((p) => p.profile.name.startsWith(who)) ?? host), { kind: "text", text }, ago);
    if (ago === 7 && who === "")
      add(
        people.find((p) => p.profile.name === "Tomás"),
        { kind: "joined" },
        5,
      );
  }
  return entries;
}

/** Ten thousand messages, every fiftieth of them long. */
export function longConversation(people: Person[], now: number): ChatEntry[] {
  return Array.from({ length: 10_000 }, (_, i) => {
    const text = i % 50 === 0 ? `message ${i}\n${"a long one, line after line\n".repeat(40)}` : `message ${i}`;
    return line(people[i % people.length] as Person, { kind: "text", text }, i + 1, now - (10_000 - i) * 30_000);
  });
}

function line(who: Person, body: ChatEntry["body"], seq: number, atMs: number): ChatEntry {
  const { name, colour } = who.profile;
  return {
    key: seq,
    era: 0,
    seq,
    body,
    from: who.id,
    name,
    colour,
    address: who.address,
    mine: who.isMe,
    atMs,
    state: "delivered",
    error: null,
  };
}

/** A small drawn picture for a file's preview. */
const PREVIEW =
  "data:image/svg+xml;base64," +
  btoa(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180"><path fill="#3c4247" d="M0 0h320v180H0z"/><path fill="#121518" d="M70 0h180v180H70z"/><path fill="#4a5258" d="M84 32h152v36H84zM84 86h152v36H84zM84 136h152v20H84z"/><g fill="none" stroke-width="4"><path d="M100 62c-10 30 14 40-6 52" stroke="#d8a531"/><path d="M122 62c-13 30 9 40 3 52" stroke="#4f87c7"/><path d="M144 62c-16 30 4 40 12 52" stroke="#c4573b"/></g></svg>',
  );

export function filesOf(people: Person[], me: number, now: number): FileView[] {
  const owner = people.find((p) => p.profile.name === "李娜") ?? people[0];
  const host = people.find((p) => !p.isMe) ?? people[0];
  const base = { to: [], receivedBy: [], blake3: null, preview: null, mine: false };
  const from = (who: Person | undefined) => ({ owner: who?.id ?? 0, ownerName: who?.profile.name ?? "" });
  const files: FileView[] = [
    {
      ...base,
      ...from(owner),
      id: 1,
      name: "rack-photo.jpg",
      size: 1_812_004,
      mime: "image/jpeg",
      atMs: now - 11 * MINUTE,
      state: { kind: "done", path: "/home/mara/Downloads/Roomwire/rack-photo.jpg", checked: true },
      preview: PREVIEW,
    },
    {
      ...base,
      ...from(host),
      id: 2,
      name: "lab2-report-template.docx",
      size: 2_412_331,
      mime: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      atMs: now - 10 * MINUTE,
      state: {
        kind: "failed",
        done: 2_120_000,
        error: { code: "disk_full", message: "no space", context: { need: "0.3 MB" } },
      },
    },
    {
      ...base,
      owner: me,
      ownerName: "",
      mine: true,
      id: 3,
      name: "capture-2026-11-22-very-long-name-from-bench-07-run-03.csv",
      size: 38_000_000,
      mime: "text/csv",
      atMs: now - 6 * MINUTE,
      state: { kind: "done", path: null, checked: true },
      receivedBy: people
        .filter((p) => !p.isMe)
        .slice(0, 3)
        .map((p) => p.id),
    },
    {
      ...base,
      ...from(owner),
      id: 4,
      name: "实验二_抓包数据.pcapng.zip",
      size: 184_200_000,
      mime: "application/zip",
      atMs: now - 3 * MINUTE,
      state: { kind: "transferring", done: 114_300_000, rate: 11_600_000, secondsLeft: 6 },
    },
    {
      ...base,
      ...from(people.find((p) => p.profile.name === "Priya") ?? host),
      id: 5,
      name: "notes.txt",
      size: 4_096,
      mime: "text/plain",
      atMs: now - MINUTE,
      state: { kind: "offered" },
    },
  ];
  return files;
}

export function addresses(port: number): ReachableAt[] {
  return [
    { address: `${MY_ADDRESS}:${port}`, network: "wlan0", loopback: false },
    { address: `10.0.0.5:${port}`, network: "eth0", loopback: false },
    { address: `127.0.0.1:${port}`, network: "lo", loopback: true },
  ];
}

export function recentRooms(now: number): RecentRoom[] {
  return [
    {
      name: "Networks lab 2",
      address: "192.168.1.10:27182",
      fingerprint: hex(9),
      alsoAt: [],
      lastSeenMs: now - 26 * 60 * MINUTE,
    },
    {
      name: "现场三组",
      address: "192.168.1.31:27182",
      fingerprint: hex(11),
      alsoAt: [],
      lastSeenMs: now - 3 * 24 * 60 * MINUTE,
    },
    {
      name: "Lecture hall 3",
      address: "172.16.4.2:27182",
      fingerprint: hex(13),
      alsoAt: [],
      lastSeenMs: now - 9 * 24 * 60 * MINUTE,
    },
  ];
}

export const SOURCES: SourceView[] = [
  {
    id: "camera:/dev/video0",
    kind: "camera",
    name: "HD Webcam C270",
    formats: [
      { width: 640, height: 480, rate: 30 },
      { width: 1280, height: 720, rate: 30 },
      { width: 1280, height: 720, rate: 15 },
    ],
  },
  {
    id: "pattern",
    kind: "pattern",
    name: "Test pattern",
    formats: [
      { width: 320, height: 240, rate: 30 },
      { width: 640, height: 480, rate: 30 },
      { width: 1280, height: 720, rate: 30 },
      { width: 1280, height: 720, rate: 60 },
    ],
  },
  { id: "screen:1", kind: "screen", name: "Screen 1 (eDP-1)", formats: [{ width: 1920, height: 1080, rate: 30 }] },
  {
    id: "screen:Lab notes",
    kind: "screen",
    name: "Lab notes — Editor",
    formats: [{ width: 1180, height: 760, rate: 30 }],
  },
];
