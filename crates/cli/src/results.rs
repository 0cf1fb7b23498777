//! What became of every frame: shown now and then, written in full, summed up at the end.

use std::collections::HashMap;
use std::fs::File;
use std::io::{LineWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use netcore::proto::metrics::{TransportSummary, csv_header, csv_line, json_line};
use netcore::proto::{Bitrate, MemberId, Span, StreamId};
use netcore::{LinkKey, LinkResult, Role, Room};
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::args::ResultArgs;
use crate::exit::{Code, Failure, Result};
use crate::output::{FrameLine, Report, Screen, SummaryRow};

/// Every so many results one is shown, as in the classic lab.
const SHOWN_EVERY: u64 = 20;

/// Writes every result to the files asked for, and shows every 20th of our own stream. Dropping it ends it.
pub(crate) struct Recording {
    task: JoinHandle<Files>,
    enough: Arc<Notify>,
    own: OwnStream,
}

/// Which stream is ours, shared with whoever goes live.
#[derive(Clone)]
pub(crate) struct OwnStream(Arc<AtomicU64>);

/// No stream has a number above 32 bits.
const NO_STREAM: u64 = u64::MAX;

impl OwnStream {
    /// This stream from now on.
    pub(crate) fn set(&self, stream: Option<StreamId>) {
        self.0.store(
            stream.map_or(NO_STREAM, |stream| u64::from(stream.0)),
            Ordering::Relaxed,
        );
    }

    fn is(&self, stream: StreamId) -> bool {
        self.0.load(Ordering::Relaxed) == u64::from(stream.0)
    }
}

impl Recording {
    /// Begins to record what happens in `room`.
    pub(crate) fn start(room: &Room, files: Files, screen: &Screen) -> Recording {
        let own = OwnStream(Arc::new(AtomicU64::new(NO_STREAM)));
        let recorder = Recorder {
            room: room.clone(),
            files,
            screen: screen.clone(),
            own: own.clone(),
            counts: HashMap::new(),
        };
        let results = room.results();
        let enough = Arc::new(Notify::new());
        Recording {
            task: tokio::spawn(recorder.run(results, enough.clone())),
            enough,
            own,
        }
    }

    /// Takes in what is known by now, and hands the files back.
    pub(crate) async fn finish(mut self) -> Files {
        self.enough.notify_one();
        (&mut self.task).await.unwrap_or_default()
    }

    /// Tell it here which stream is ours.
    pub(crate) fn own(&self) -> &OwnStream {
        &self.own
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The files that results are written to, line by line, so that a reader sees each as it comes.
#[derive(Default)]
pub(crate) struct Files {
    csv: Option<LineWriter<File>>,
    json: Option<LineWriter<File>>,
}

impl Files {
    /// Makes the files asked for.
    pub(crate) fn create(args: &ResultArgs) -> Result<Files> {
        let mut files = Files {
            csv: args.csv.as_deref().map(create).transpose()?,
            json: args.results_json.as_deref().map(create).transpose()?,
        };
        if let (Some(csv), Some(path)) = (&mut files.csv, &args.csv) {
            writeln!(csv, "{}", csv_header()).map_err(|error| unwritable(path, &error))?;
        }
        Ok(files)
    }

    fn write(&mut self, result: &LinkResult) -> std::io::Result<()> {
        let (stream, peer) = (result.stream.0, result.peer.0);
        if let Some(csv) = &mut self.csv {
            writeln!(csv, "{}", csv_line(stream, peer, &result.result))?;
        }
        if let Some(json) = &mut self.json {
            writeln!(json, "{}", json_line(stream, peer, &result.result))?;
        }
        Ok(())
    }
}

fn create(path: &Path) -> Result<LineWriter<File>> {
    File::create(path)
        .map(LineWriter::new)
        .map_err(|error| unwritable(path, &error))
}

/// A file of results that cannot be written.
pub(crate) fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        Code::File,
        format!("{} cannot be written: {error}", path.display()),
    )
}

struct Recorder {
    room: Room,
    files: Files,
    screen: Screen,
    own: OwnStream,
    counts: HashMap<(StreamId, MemberId), u64>,
}

impl Recorder {
    async fn run(mut self, mut results: Receiver<LinkResult>, enough: Arc<Notify>) -> Files {
        loop {
            let received = tokio::select! {
                biased;
                received = results.recv() => received,
                () = enough.notified() => return self.files,
            };
            match received {
                Ok(result) => self.take(&result).await,
                Err(RecvError::Lagged(missed)) => {
                    self.screen
                        .note(&format!("{missed} results came too fast to be written."));
                }
                Err(RecvError::Closed) => return self.files,
            }
        }
    }

    async fn take(&mut self, result: &LinkResult) {
        if let Err(error) = self.files.write(result) {
            self.files = Files::default();
            let words = format!("the results cannot be written any more: {error}");
            self.screen.failure(&Failure::new(Code::File, words));
        }
        let Some(delay) = result.result.delay().filter(|_| self.own.is(result.stream)) else {
            return;
        };
        let count = self.counts.entry((result.stream, result.peer)).or_default();
        *count += 1;
        if !count.is_multiple_of(SHOWN_EVERY) {
            return;
        }
        let line = FrameLine {
            stream: result.stream.0,
            peer: result.peer.0,
            peer_name: self.peer_name(result.peer).await,
            frame: result.result.frame.0,
            bytes: result.result.bytes,
            delay_us: delay.as_micros(),
            classic_rate_bps: result.result.classic_rate().map(|rate| rate.0),
            transport: result.result.transport,
        };
        self.screen.tell(&Report::Result(line));
    }

    /// A member's only neighbour is the host, and goes without saying.
    async fn peer_name(&self, peer: MemberId) -> Option<String> {
        if self.room.info().role == Role::Member {
            return None;
        }
        let people = self.room.snapshot().await.people;
        people
            .into_iter()
            .find(|person| person.id == peer)
            .map(|person| person.profile.name)
    }
}

/// What was measured on the links that `wanted` picks, a row for each transport.
pub(crate) async fn summary(room: &Room, wanted: impl Fn(&LinkKey) -> bool) -> Vec<SummaryRow> {
    let people = room.snapshot().await.people;
    let name_of = |id: MemberId| {
        let person = people.iter().find(|person| person.id == id);
        person.map_or_else(|| format!("#{id}"), |person| person.profile.name.clone())
    };
    let mut rows = Vec::new();
    for (key, summaries) in room.summaries() {
        if key.outbound && wanted(&key) {
            rows.extend(
                summaries
                    .iter()
                    .map(|summary| row(&key, name_of(key.peer), summary)),
            );
        }
    }
    rows.sort_by_key(|row| (row.stream, row.peer, row.transport));
    rows
}

fn row(key: &LinkKey, peer_name: String, summary: &TransportSummary) -> SummaryRow {
    let TransportSummary {
        counters,
        delay_us: delay,
        ..
    } = summary;
    let seconds = summary.lasted.as_secs_f64();
    let arrived = counters.arrived();
    let average = summary.bytes.checked_div(arrived);
    let classic = average
        .zip(delay.as_ref())
        .and_then(|(bytes, delay)| Bitrate::of(bytes, Span::from_micros(delay.p50)));
    SummaryRow {
        trial: None,
        stream: key.stream.0,
        peer: key.peer.0,
        peer_name,
        transport: summary.transport,
        frames: arrived,
        lost: counters.lost(),
        dropped: counters.dropped(),
        retransmits: counters.resent(),
        bytes: summary.bytes,
        seconds,
        frames_per_s: (seconds > 0.0).then(|| arrived as f64 / seconds),
        goodput_bps: Bitrate::of(summary.bytes, summary.lasted).map(|rate| rate.0),
        ack_p50_us: delay.map(|delay| delay.p50),
        ack_p90_us: delay.map(|delay| delay.p90),
        ack_p95_us: delay.map(|delay| delay.p95),
        ack_p99_us: delay.map(|delay| delay.p99),
        ack_p999_us: delay.map(|delay| delay.p999),
        ack_max_us: delay.map(|delay| delay.max),
        jitter_p95_us: summary.jitter_us.map(|jitter| jitter.p95),
        gap_p95_us: summary.gap_us.map(|gap| gap.p95),
        classic_rate_bps: classic.map(|rate| rate.0),
        counts: counters
            .known()
            .map(|(count, value)| (count.word(), value))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netcore::proto::video::{FrameOutcome, FrameResult};
    use netcore::proto::{FrameNumber, Time, Transport};

    /// What a meter makes of so many frames of 12,500 bytes, each acknowledged after `delay`.
    fn summed(frames: u64, delay: Span, lasted: Span) -> Option<SummaryRow> {
        use netcore::proto::metrics::LinkMeter;
        let mut meter = LinkMeter::new(Transport::Tcp);
        for frame in 1..=frames {
            let finished = Time::from_micros(lasted.as_micros() * frame / frames);
            meter.record(FrameResult {
                offered: Time::ZERO,
                finished,
                outcome: FrameOutcome::Acked {
                    delay,
                    hold: Span::ZERO,
                },
                ..acked(frame as u32, 12_500)
            });
        }
        let key = LinkKey {
            stream: StreamId(1),
            peer: MemberId(0),
            outbound: true,
        };
        meter
            .summaries()
            .first()
            .map(|summary| row(&key, "Ada".into(), summary))
    }

    fn acked(frame: u32, bytes: u32) -> FrameResult {
        FrameResult {
            frame: FrameNumber(frame),
            bytes,
            transport: Transport::Tcp,
            captured: Time::ZERO,
            encode_us: 0,
            offered: Time::ZERO,
            first_out: None,
            last_out: None,
            received_whole: None,
            spread_us: None,
            finished: Time::ZERO,
            retransmits: 0,
            outcome: FrameOutcome::Acked {
                delay: Span::from_millis(2),
                hold: Span::ZERO,
            },
        }
    }

    #[test]
    fn rates_are_computed_from_what_arrived() {
        let row = summed(60, Span::from_millis(1), Span::from_secs(2)).unwrap();
        assert_eq!((row.frames_per_s, row.goodput_bps), (Some(30.0), Some(3_000_000)));
        assert_eq!(
            row.classic_rate_bps,
            Some(100_000_000),
            "12,500 bytes in a millisecond"
        );
        assert_eq!((row.counts["acked"], row.counts["lost-unanswered"]), (60, 0));
        assert_eq!((row.ack_max_us, row.jitter_p95_us), (Some(1_000), None));
    }

    #[test]
    fn results_are_in_the_files_as_soon_as_they_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let args = ResultArgs {
            csv: Some(folder.path().join("a.csv")),
            results_json: Some(folder.path().join("a.jsonl")),
        };
        let mut files = Files::create(&args).unwrap();
        let result = acked(7, 100);
        files
            .write(&LinkResult {
                stream: StreamId(1),
                peer: MemberId(0),
                result,
            })
            .unwrap();
        let csv = std::fs::read_to_string(args.csv.unwrap()).unwrap();
        assert_eq!(csv.lines().count(), 2);
        assert!(csv.starts_with("stream,peer,frame"));
        let json = std::fs::read_to_string(args.results_json.unwrap()).unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&json).unwrap()["delay_us"],
            2_000
        );
    }
}
