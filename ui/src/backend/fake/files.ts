import type { FileState, FileView } from "../../bindings/contract";
import { noise } from "./measured";
import type { FakePicks } from "./picks";
import type { HandlersOf, RoomState } from "./state";
import { refused } from "./views";

/** What is offered. */
export class FakeFiles {
  private nextFile = 100;

  constructor(
    private readonly state: RoomState,
    private readonly picks: FakePicks,
  ) {}

  readonly commands: HandlersOf<"files"> = {
    "files|choose_files": () => [this.picks.pick("capture-07.pcapng")],
    "files|offer_files": ({ picks, to }) => this.picks.offered(picks, (name) => this.offer(name, to)),
    "files|accept_file": ({ id }) => this.move(id, { kind: "transferring", done: 0, rate: null, secondsLeft: null }),
    "files|decline_file": ({ id }) => this.move(id, { kind: "declined" }),
    "files|cancel_file": ({ id }) => this.move(id, { kind: "cancelled" }),
    "files|pause_file": ({ id }) =>
      this.move(id, { kind: "paused", done: doneOf(this.file(id)), isInterrupted: false }),
    "files|resume_file": ({ id }) =>
      this.move(id, { kind: "transferring", done: doneOf(this.file(id)), rate: null, secondsLeft: null }),
    "files|open_file": ({ id }) => (/\.(jpg|png|pdf|txt)$/i.test(this.file(id).name) ? "opened" : "shown"),
    "files|show_file": () => null,
  };

  /** Transfers go on by a quarter of a second, unless the connection is lost. */
  quarterSecond(): void {
    if (!this.state.open || !this.state.isConnected) return;
    for (const file of this.state.open.files) {
      if (file.state.kind !== "transferring") continue;
      const rate = 10.5e6 + noise(Date.now() / 1000 + file.id) * 2e6;
      const done = file.state.done + rate / 4;
      const left = (file.size - done) / rate;
      if (left > 0) this.move(file.id, { kind: "transferring", done, rate, secondsLeft: Math.ceil(left) });
      else
        this.move(file.id, {
          kind: "done",
          path: file.mine ? null : `${this.state.settings.downloads}/${file.name}`,
          checked: true,
        });
    }
  }

  private offer(name: string, to: number[]): FileView {
    const { room } = this.state;
    const id = this.nextFile++;
    const file: FileView = {
      id,
      name,
      size: 24_000_000,
      mime: "application/vnd.tcpdump.pcap",
      owner: room.me,
      ownerName: this.state.profile.name,
      mine: true,
      to,
      receivedBy: [],
      blake3: null,
      atMs: Date.now(),
      state: { kind: "transferring", done: 0, rate: null, secondsLeft: null },
      preview: null,
    };
    room.files.push(file);
    return file;
  }

  private file(id: number): FileView {
    const file = this.state.open?.files.find((other) => other.id === id);
    if (!file) throw refused("file_gone");
    return file;
  }

  private move(id: number, state: FileState): null {
    const file = this.file(id);
    file.state = state;
    this.state.emit("files:event", { kind: "file", file: structuredClone(file) });
    return null;
  }
}

function doneOf(file: FileView): number {
  return "done" in file.state ? file.state.done : 0;
}
