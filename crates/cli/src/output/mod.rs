//! Everything that is shown, to people or to machines, goes through here.

mod bar;
mod report;
mod table;
mod words;

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustyline::ExternalPrinter;
use time::UtcOffset;

pub(crate) use self::report::*;
use crate::exit::Failure;
pub(crate) use bar::Bar;
pub(crate) use table::Table;
pub(crate) use words::{bytes, safe};

/// Prints above the line that is being typed.
type Printer = Box<dyn ExternalPrinter + Send>;

/// Where things are shown. All handles are one.
#[derive(Clone)]
pub(crate) struct Screen(Arc<Inner>);

struct Inner {
    json: bool,
    printer: Mutex<Option<Printer>>,
    /// Printers whose line is no longer in use.
    retired: Mutex<Vec<Printer>>,
    bars: indicatif::MultiProgress,
}

impl Screen {
    /// For people, or as JSON for machines.
    pub(crate) fn new(json: bool) -> Screen {
        Screen(Arc::new(Inner {
            json,
            printer: Mutex::new(None),
            retired: Mutex::default(),
            bars: indicatif::MultiProgress::new(),
        }))
    }

    /// Whether machines read this.
    pub(crate) fn is_json(&self) -> bool {
        self.0.json
    }

    /// Shows what happened: in words, or as one JSON object.
    pub(crate) fn tell(&self, report: &Report) {
        if self.0.json {
            match serde_json::to_string(report) {
                Ok(line) => self.line(&line),
                Err(error) => tracing::error!(%error, "a report that is no JSON"),
            }
        } else if let Some(words) = words::of(report) {
            self.line(&words);
        }
    }

    /// A remark for a person beside the result. Machines are not told.
    pub(crate) fn note(&self, words: &str) {
        if self.0.json {
            return;
        }
        if self.lock_printer().is_some() {
            self.line(&words::dim(words));
        } else {
            let write = || drop(writeln!(io::stderr().lock(), "{}", words::dim(words)));
            self.0.bars.suspend(write);
        }
    }

    /// A command in a room could not be carried out; the room goes on.
    pub(crate) fn failure(&self, failure: &Failure) {
        let report = Report::Error(Error {
            code: failure.code.word(),
            message: safe(&failure.message),
        });
        if self.0.json || self.lock_printer().is_some() {
            self.tell(&report);
        } else if let Some(words) = words::of(&report) {
            self.0
                .bars
                .suspend(|| drop(writeln!(io::stderr().lock(), "{words}")));
        }
    }

    /// A progress bar of so many bytes; hidden where nobody watches.
    pub(crate) fn bar(&self, label: &str, bytes: u64) -> Bar {
        let is_watched = !self.0.json && self.lock_printer().is_none() && io::stderr().is_terminal();
        Bar::new(is_watched.then_some(&self.0.bars), label, bytes)
    }

    /// From now on a line is being typed at the bottom, and what is shown appears above it.
    pub(crate) fn set_printer(&self, printer: Printer) {
        *self.lock_printer() = Some(printer);
    }

    /// No line is being typed any more. The printer is kept all the same: without it an editor in the middle of a line
    /// believes its terminal gone, and draws once more.
    pub(crate) fn retire_printer(&self) {
        let printer = self.lock_printer().take();
        self.0
            .retired
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(printer);
    }

    /// A finished line, as it is.
    fn line(&self, line: &str) {
        let mut printer = self.lock_printer();
        if let Some(printer) = printer.as_mut()
            && printer.print(format!("{line}\n")).is_ok()
        {
            return;
        }
        // A reader that went away (a closed pipe) is no reason to fall over: the room goes on.
        let write = || {
            let mut out = io::stdout().lock();
            let _ = writeln!(out, "{line}").and_then(|()| out.flush());
        };
        self.0.bars.suspend(write);
    }

    fn lock_printer(&self) -> std::sync::MutexGuard<'_, Option<Printer>> {
        self.0.printer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

static OFFSET: OnceLock<UtcOffset> = OnceLock::new();

/// Asks the system for the local time's offset. It only tells while the program has one thread.
pub(crate) fn learn_local_time() {
    let _ = OFFSET.set(UtcOffset::current_local_offset().unwrap_or(UtcOffset::UTC));
}

fn offset() -> UtcOffset {
    OFFSET.get().copied().unwrap_or(UtcOffset::UTC)
}

/// The date and time here.
pub(crate) fn local_now() -> time::OffsetDateTime {
    time::OffsetDateTime::now_utc().to_offset(offset())
}

/// Local time of the day, `hh:mm`.
fn clock_time(unix_ms: u64) -> String {
    let offset = offset();
    let moment = i64::try_from(unix_ms / 1_000)
        .ok()
        .and_then(|seconds| time::OffsetDateTime::from_unix_timestamp(seconds).ok());
    moment.map_or_else(
        || "--:--".to_owned(),
        |moment| {
            let moment = moment.to_offset(offset);
            format!("{:02}:{:02}", moment.hour(), moment.minute())
        },
    )
}
