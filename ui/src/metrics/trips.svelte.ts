import type { IpcError, TripView } from "../bindings/contract";
import { asIpcError } from "../backend/types";
import type { MetricsApi } from "./api";
import { slowestOf, type Place } from "./trip";

/** One frame that is looked at, among those that were known when it was chosen. */
export type Pinned = { trips: TripView[]; index: number };

/** The trips of the latest frames of one place, and the frame among them that is looked at. */
export class TripStore {
  /** What was chosen; null lets the view choose. */
  chosen = $state.raw<Place | null>(null);
  trips = $state.raw<TripView[]>([]);
  pinned = $state.raw<Pinned | null>(null);
  /** A second was clicked whose frames are no longer stored. */
  tooOld = $state(false);
  error = $state.raw<IpcError | null>(null);

  /** The frame that is looked at. */
  frame = $derived(this.pinned?.trips[this.pinned.index] ?? null);
  private asked: Place | null = null;

  constructor(private readonly api: MetricsApi) {}

  clear(): void {
    this.choose(null);
    this.asked = null;
    this.error = null;
  }

  choose(place: Place | null): void {
    this.chosen = place;
    this.trips = [];
    this.release();
  }

  /** Looks at all frames again, by their medians. */
  release(): void {
    this.pinned = null;
    this.tooOld = false;
  }

  /** Takes the frames as they are known now. An answer about a place that is no longer looked at is of no use. */
  async refresh(place: Place): Promise<void> {
    this.asked = place;
    try {
      const trips = await this.api.trips(place.stream, place.to);
      if (this.asked !== place) return;
      this.trips = trips;
      this.error = null;
    } catch (thrown) {
      if (this.asked === place) this.error = asIpcError(thrown);
    }
  }

  /** Looks at the slowest frame of the second that ended at `atMs`. */
  async pinAt(place: Place, atMs: number): Promise<void> {
    this.chosen = place;
    await this.refresh(place);
    const index = slowestOf(this.trips, atMs);
    this.pinned = index < 0 ? null : { trips: this.trips, index };
    this.tooOld = index < 0;
  }

  /** Looks at an earlier or a later frame; from the medians, at the newest one. */
  step(by: -1 | 1): void {
    this.tooOld = false;
    if (!this.pinned) {
      if (this.trips.length > 0) this.pinned = { trips: this.trips, index: this.trips.length - 1 };
      return;
    }
    const index = this.pinned.index + by;
    if (index >= 0 && index < this.pinned.trips.length) this.pinned = { ...this.pinned, index };
  }
}
