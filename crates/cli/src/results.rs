//! What became of every frame: shown now and then, written in full, summed up at the end.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, LineWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use app::metrics::formats::{ResultFormat, ResultWriter};
use netcore::proto::session::Person;
use netcore::proto::{MemberId, StreamId};
use netcore::{LinkKey, LinkResult, Role, Room};
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::args::ResultArgs;
use crate::exit::{Failure, Result};
use crate::output::{FrameLine, Report, Screen, SummaryRow, Text};
use crate::output_file::{OutputFile, unwritable};

/// Every so many results one is shown, as in the classic lab.
const SHOWN_EVERY: u64 = 20;

/// Writes every result to the files asked for, and shows every 20th of our own stream. Dropping it ends it.
pub(crate) struct ResultLog {
    task: JoinHandle<Files>,
    enough: Arc<Notify>,
    own: OwnStream,
}

/// Which stream is ours, shared with the code that goes live.
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

impl ResultLog {
    /// Begins to write down what happens in `room`.
    pub(crate) fn start(room: &Room, files: Files, screen: &Screen) -> ResultLog {
        let own = OwnStream(Arc::new(AtomicU64::new(NO_STREAM)));
        let writer = Writer {
            room: room.clone(),
            files,
            screen: screen.clone(),
            own: own.clone(),
            counts: HashMap::new(),
        };
        let results = room.results();
        let enough = Arc::new(Notify::new());
        ResultLog {
            task: tokio::spawn(writer.run(results, enough.clone())),
            enough,
            own,
        }
    }

    /// Takes in what is known by now, and hands the files back.
    pub(crate) async fn finish(mut self) -> Files {
        self.enough.notify_one();
        (&mut self.task).await.unwrap_or_default()
    }

    /// To be set here: which stream is ours.
    pub(crate) fn own(&self) -> &OwnStream {
        &self.own
    }
}

impl Drop for ResultLog {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The files that results are written to, line by line, so that a reader sees each as it comes.
#[derive(Default)]
pub(crate) struct Files {
    all: Vec<ResultFile>,
    /// What went wrong with them first; after that nothing more is written.
    failed: Option<Failure>,
}

/// One of them. It is begun with the first result.
struct ResultFile {
    path: PathBuf,
    format: ResultFormat,
    place: Place,
}

enum Place {
    Claimed(OutputFile),
    Begun(ResultWriter<LineWriter<Growing>>),
    /// It could not be begun.
    Lost,
}

/// The longest line of a result, and of the heading: a file grows by whole lines as long as they are shorter.
const LONGEST_LINE: usize = 8 * 1024;

/// A file that grows by whole lines.
struct Growing {
    file: File,
    bytes: u64,
}

impl Write for Growing {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let written = self.file.write_all(lines);
        match written {
            Ok(()) => self.bytes += lines.len() as u64,
            // Half a line would be read as a result. What is no regular file has no end to move.
            Err(_) => drop(self.file.set_len(self.bytes)),
        }
        written.map(|()| lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl ResultFile {
    fn claim(path: &Path, format: ResultFormat, overwrite: bool) -> Result<ResultFile> {
        Ok(ResultFile {
            path: path.to_owned(),
            format,
            place: Place::Claimed(OutputFile::claim(path, overwrite)?),
        })
    }

    fn write(&mut self, result: &LinkResult) -> Result<()> {
        self.try_write(result)
            .map_err(|error| unwritable(&self.path, &error))
    }

    fn try_write(&mut self, result: &LinkResult) -> std::io::Result<()> {
        if let Place::Claimed(_) = self.place
            && let Place::Claimed(file) = std::mem::replace(&mut self.place, Place::Lost)
        {
            let growing = Growing {
                file: file.begin()?,
                bytes: 0,
            };
            let out = LineWriter::with_capacity(LONGEST_LINE, growing);
            self.place = Place::Begun(ResultWriter::new(out, self.format));
        }
        match &mut self.place {
            Place::Begun(out) => out.write(result),
            Place::Claimed(_) | Place::Lost => Ok(()),
        }
    }
}

impl Files {
    /// Looks whether the files asked for may be written, before anything else is done.
    ///
    /// # Errors
    /// When one of them may not.
    pub(crate) fn claim(args: &ResultArgs) -> Result<Files> {
        let asked = [
            (&args.csv, ResultFormat::Csv),
            (&args.results_json, ResultFormat::JsonLines),
        ];
        let claim = |(path, format): (&Option<PathBuf>, _)| {
            let path = path.as_deref()?;
            Some(ResultFile::claim(path, format, args.replace.overwrite))
        };
        Ok(Files {
            all: asked.into_iter().filter_map(claim).collect::<Result<_>>()?,
            failed: None,
        })
    }

    /// Whether all results that there were are in the files.
    ///
    /// # Errors
    /// What went wrong first.
    pub(crate) fn check(&self) -> Result<()> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn write(&mut self, result: &LinkResult) -> Result<()> {
        if self.failed.is_some() {
            return Ok(());
        }
        // One that fails takes nothing from the others.
        let written: Vec<Result<()>> = self.all.iter_mut().map(|file| file.write(result)).collect();
        let written = written.into_iter().collect::<Result<()>>();
        self.failed = written.clone().err();
        written
    }
}

struct Writer {
    room: Room,
    files: Files,
    screen: Screen,
    own: OwnStream,
    counts: HashMap<(StreamId, MemberId), u64>,
}

impl Writer {
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
        if let Err(failure) = self.files.write(result) {
            self.screen.failure(&failure);
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
        self.screen.show(&Report::Result(line));
    }

    /// A member's only peer is the host, and goes without saying.
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
            ..ResultArgs::default()
        };
        let mut files = Files::claim(&args).unwrap();
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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_reported_once_and_not_forgotten() {
        let args = ResultArgs {
            csv: Some("/dev/full".into()),
            ..ResultArgs::default()
        };
        let mut files = Files::claim(&args).unwrap();
        files.check().unwrap();
        let result = LinkResult {
            stream: StreamId(1),
            peer: MemberId(0),
            result: acked(7, 100),
        };
        assert!(files.write(&result).unwrap_err().message.starts_with("/dev/full"));
        files.write(&result).unwrap();
        assert!(files.check().is_err());
    }
}
