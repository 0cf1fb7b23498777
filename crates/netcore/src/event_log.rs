//! The event log: what the program does, in plain words, for people to follow.
//!
//! What is logged to the target [`TARGET`] is an entry of it. An entry bears a `code`, which a program can translate by, and the
//! values its words are made of.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::broadcast;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::fmt::MakeWriter as _;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt as lines};

use crate::clock;
use crate::store::folders::Folders;

/// The target that makes a log line an entry.
pub const TARGET: &str = "roomwire::step";
/// The most entries remembered, the latest ones.
const MAX_RECENT: usize = 500;
/// Log files kept, one a day.
const LOG_FILES: usize = 7;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When, in milliseconds since 1970.
    pub at_unix_ms: u64,
    /// What kind of entry.
    pub code: String,
    /// Whether it is a warning.
    pub is_warning: bool,
    /// The words, in English.
    pub words: String,
    /// The values in the words.
    pub fields: BTreeMap<String, String>,
}

/// The event log of this process: the latest entries, and those to come.
#[derive(Clone, Debug)]
pub struct EventLog {
    recent: Arc<Mutex<VecDeque<LogEntry>>>,
    coming: broadcast::Sender<LogEntry>,
}

impl EventLog {
    fn new() -> EventLog {
        EventLog {
            recent: Arc::default(),
            coming: broadcast::Sender::new(MAX_RECENT),
        }
    }

    /// The latest entries, oldest first.
    pub fn recent(&self) -> Vec<LogEntry> {
        self.recent.lock().iter().cloned().collect()
    }

    /// Entries from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<LogEntry> {
        self.coming.subscribe()
    }
}

/// A layer that collects entries.
pub struct LogLayer(EventLog);

/// A layer, and the log that it fills.
pub fn layer() -> (LogLayer, EventLog) {
    let event_log = EventLog::new();
    (LogLayer(event_log.clone()), event_log)
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if event.metadata().target() != TARGET {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let entry = LogEntry {
            at_unix_ms: clock::unix_ms(),
            code: fields.values.remove("code").unwrap_or_default(),
            is_warning: *event.metadata().level() <= Level::WARN,
            words: fields.message,
            fields: fields.values,
        };
        let mut recent = self.0.recent.lock();
        if recent.len() >= MAX_RECENT {
            recent.pop_front();
        }
        recent.push_back(entry.clone());
        drop(recent);
        // Nobody need be listening.
        let _ = self.0.coming.send(entry);
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    values: BTreeMap<String, String>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

impl Fields {
    fn put(&mut self, field: &Field, value: String) {
        if field.name() == "message" {
            self.message = value;
        } else {
            self.values.insert(field.name().to_owned(), value);
        }
    }
}

/// Logging of this process. Lines that still wait are written when it is dropped.
pub struct LogGuard {
    event_log: EventLog,
    _file: Option<WorkerGuard>,
}

impl LogGuard {
    /// The event log.
    pub fn event_log(&self) -> &EventLog {
        &self.event_log
    }
}

/// A log file of each day that only its owner may read: it has others' addresses and file names.
struct Private<W> {
    file: W,
    folder: PathBuf,
    /// The day since 1970, by the calendar that the files go by, whose file has been seen to.
    day: Option<u64>,
}

impl<W: io::Write> io::Write for Private<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        let day = Some(clock::unix_ms() / (24 * 60 * 60 * 1_000));
        if self.day != day {
            self.day = day;
            make_private(&self.folder);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(unix)]
fn make_private(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            // A disk without modes is as good as it is.
            let _ = std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(0o600));
        }
    }
}

#[cfg(not(unix))]
fn make_private(_folder: &Path) {}

/// Begins to log: to a file a day in the profile's folder, as entries of the event log, and with `terminal` to standard error as well. What is
/// logged beside entries and warnings can be chosen by the environment variable `ROOMWIRE_LOG`. Later calls in the same
/// process only return an event log of their own, which stays empty.
pub fn init_logging(folders: &Folders, terminal: bool) -> LogGuard {
    let (log_layer, event_log) = layer();
    let filter = || {
        let chosen = EnvFilter::builder()
            .with_env_var("ROOMWIRE_LOG")
            .with_default_directive(LevelFilter::WARN.into());
        let filter = chosen.from_env_lossy();
        // A constant that is known to be a directive.
        match "roomwire::step=info".parse() {
            Ok(event_log) => filter.add_directive(event_log),
            Err(_) => filter,
        }
    };
    let rolling = tracing_appender::rolling::Builder::new()
        .rotation(tracing_appender::rolling::Rotation::DAILY)
        .filename_prefix("roomwire")
        .filename_suffix("log")
        .max_log_files(LOG_FILES)
        .build(folders.logs());
    // A log that cannot be written is no reason not to work.
    let file = rolling.ok().map(|file| Private {
        file,
        folder: folders.logs().to_owned(),
        day: None,
    });
    let (file, guard) = file.map(tracing_appender::non_blocking).unzip();
    let file = file.map(|file| {
        lines::layer()
            .with_ansi(false)
            .with_writer(move || OneLine(file.make_writer()))
            .with_filter(filter())
    });
    let terminal = terminal.then(|| {
        lines::layer()
            .with_ansi(false)
            .with_writer(|| OneLine(std::io::stderr()))
            .with_target(false)
            .without_time()
            .with_filter(filter())
    });
    let is_first = tracing_subscriber::registry()
        .with(log_layer)
        .with(file)
        .with(terminal)
        .try_init()
        .is_ok();
    if is_first {
        log_panics();
    }
    LogGuard {
        event_log,
        _file: guard,
    }
}

/// Logs each panic as an error with its place, beside what is done about panics otherwise.
fn log_panics() {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let why = panic.payload_as_str().unwrap_or("no words");
        tracing::error!(target: "roomwire::step", code = "fault", place, why, "a fault in this program at {place}: {why}");
        others(panic);
    }));
}

/// Writes an event as the one line it is: what others wrote in it ends no line, and gives a terminal no orders.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // The formatter hands over each event whole.
        let text = String::from_utf8_lossy(event);
        let line: String = text.trim_end_matches('\n').chars().map(shown).collect();
        self.0.write_all(format!("{line}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// What stands for a character in the log: a space for those that control a terminal, end a line or turn text round.
fn shown(c: char) -> char {
    let is_order = c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if is_order { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_log_is_read_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roomwire.log");
        let mut log = Private {
            file: std::fs::File::create(&path).unwrap(),
            folder: folder.path().to_owned(),
            day: None,
        };
        io::Write::write_all(&mut log, b"a line").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_event_is_one_line_whatever_others_wrote_in_it() {
        let written = Arc::<Mutex<Vec<u8>>>::default();
        struct Into(Arc<Mutex<Vec<u8>>>);
        impl Write for Into {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.lock().extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let out = written.clone();
        let layer = lines::layer()
            .with_ansi(false)
            .without_time()
            .with_writer(move || OneLine(Into(out.clone())));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::warn!(
                why = "a\nWARN forged\u{2028}b",
                "no\n WARN \u{1b}]52;c;eA==\u{7}\u{9b}2J word"
            );
            tracing::warn!("second");
        });
        let text = String::from_utf8(written.lock().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text:?}");
        assert!(
            !text.trim_end().chars().any(|c| c.is_control() && c != '\n'),
            "{text:?}"
        );
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{2028}']), "{text:?}");
    }

    #[test]
    fn only_entries_become_entries_and_their_values_stay() {
        let (layer, event_log) = layer();
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("something else");
            tracing::info!(target: "roomwire::step", code = "listening", port = 27182, "listening on port {}", 27182);
            tracing::warn!(target: "roomwire::step", code = "trouble", "oh");
        });
        let recent = event_log.recent();
        assert_eq!(recent.len(), 2);
        assert_eq!(recent[0].words, "listening on port 27182");
        assert_eq!(
            (recent[0].code.as_str(), recent[0].fields["port"].as_str()),
            ("listening", "27182")
        );
        assert!(!recent[0].is_warning && recent[1].is_warning);
    }
}
