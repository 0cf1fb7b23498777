//! What became of every frame: shown now and then, written in full, summed up at the end.

use std::collections::HashMap;
use std::fs::File;
use std::io::{LineWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use netcore::proto::metrics::{csv_header, csv_line, json_line};
use netcore::proto::session::Person;
use netcore::proto::{MemberId, StreamId};
use netcore::{LinkKey, LinkResult, Role, Room};
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::args::ResultArgs;
use crate::exit::{Code, Failure, Result};
use crate::output::{FrameLine, Report, Screen, SummaryRow, Text};

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
    async fn peer_name(&self, peer: MemberId) -> Option<Text> {
        if self.room.info().role == Role::Member {
            return None;
        }
        let people = self.room.snapshot().await.people;
        people
            .into_iter()
            .find(|person| person.id == peer)
            .map(|person| person.profile.name.into())
    }
}

/// A person's name, or their number when nobody of that number is among `people`.
pub(crate) fn name_of(people: &[Person], id: MemberId) -> String {
    let person = people.iter().find(|person| person.id == id);
    person.map_or_else(|| format!("#{id}"), |person| person.profile.name.clone())
}

/// What was measured on the links that `wanted` picks, a row for each transport.
pub(crate) async fn summary(room: &Room, wanted: impl Fn(&LinkKey) -> bool) -> Vec<SummaryRow> {
    let people = room.snapshot().await.people;
    let mut rows = Vec::new();
    for (key, summaries) in room.summaries() {
        if key.outbound && wanted(&key) {
            rows.extend(
                summaries
                    .iter()
                    .map(|summary| SummaryRow::new(&key, name_of(&people, key.peer), summary)),
            );
        }
    }
    rows.sort_by_key(|row| (row.stream, row.peer, row.transport));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use netcore::proto::video::{FrameOutcome, FrameResult};
    use netcore::proto::{FrameNumber, Span, Time, Transport};

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
