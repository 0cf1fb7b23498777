//! Everything that is shown, to people or to machines, goes through here.

mod bar;
mod clock;
mod line;
mod report;
mod table;
mod text;
mod words;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use console::Term;
use parking_lot::Mutex;
use rustyline::ExternalPrinter;
use tokio::sync::watch;

pub(crate) use self::report::*;
use crate::exit::{Failure, Result};
pub(crate) use bar::Bar;
pub(crate) use clock::local_now;
use line::{Line, Look};
pub(crate) use text::Text;
pub(crate) use words::bytes;

/// Prints above the line that is being typed.
type Printer = Box<dyn ExternalPrinter + Send>;

/// Where things are shown. All handles are one.
#[derive(Clone)]
pub(crate) struct Screen(Arc<Inner>);

struct Inner {
    json: bool,
    /// Whether standard output was a terminal at the start: one that is closed later is nobody's loss.
    is_terminal: bool,
    printer: Mutex<Option<Printer>>,
    /// Printers whose line is no longer in use.
    retired: Mutex<Vec<Printer>>,
    bars: indicatif::MultiProgress,
    /// Why standard output takes no more.
    unwritable: watch::Sender<Option<String>>,
}

impl Screen {
    /// For people, or as JSON for machines.
    pub(crate) fn new(json: bool) -> Screen {
        Screen(Arc::new(Inner {
            json,
            is_terminal: io::stdout().is_terminal(),
            printer: Mutex::new(None),
            retired: Mutex::default(),
            bars: indicatif::MultiProgress::new(),
            unwritable: watch::Sender::new(None),
        }))
    }

    /// Whether machines read this.
    pub(crate) fn is_json(&self) -> bool {
        self.0.json
    }

    /// Shows what happened: in words, or as one JSON object.
    pub(crate) fn show(&self, report: &Report) {
        if self.0.json {
            match serde_json::to_string(report) {
                Ok(json) => self.out(&line::escaped(&json)),
                Err(error) => tracing::error!(%error, "a report that is no JSON"),
            }
        } else {
            self.show_lines(&words::of(report));
        }
    }

    /// A remark for a person beside the result. Programs do not get it.
    pub(crate) fn note(&self, words: &str) {
        self.notes([words]);
    }

    /// Several lines of a remark.
    pub(crate) fn notes<'a>(&self, lines: impl IntoIterator<Item = &'a str>) {
        if self.0.json {
            return;
        }
        let lines: Vec<Line> = lines
            .into_iter()
            .map(|line| words::dim(&Text::from(line).to_string()).into())
            .collect();
        if self.0.printer.lock().is_some() {
            self.show_lines(&lines);
        } else {
            self.show_aside(&lines);
        }
    }

    /// A command in a room could not be carried out; the room goes on.
    pub(crate) fn failure(&self, failure: &Failure) {
        let report = Report::Error(Error {
            code: failure.code.word(),
            message: failure.message.as_str().into(),
        });
        let is_read = self.0.unwritable.borrow().is_none();
        if is_read && (self.0.json || self.0.printer.lock().is_some()) {
            self.show(&report);
        } else {
            self.show_aside(&words::of(&report));
        }
    }

    /// A progress bar of so many bytes; hidden where nobody watches.
    pub(crate) fn bar(&self, label: &str, bytes: u64) -> Bar {
        let is_watched = !self.0.json && self.0.printer.lock().is_none() && io::stderr().is_terminal();
        Bar::new(is_watched.then_some(&self.0.bars), label, bytes)
    }

    /// From now on a line is being typed at the bottom, and what is shown appears above it.
    pub(crate) fn set_printer(&self, printer: Printer) {
        *self.0.printer.lock() = Some(printer);
    }

    /// No line is being typed any more. The printer is kept all the same: without it an editor in the middle of a line
    /// believes its terminal gone, and draws once more.
    pub(crate) fn retire_printer(&self) {
        let printer = self.0.printer.lock().take();
        self.0.retired.lock().extend(printer);
    }

    /// Whether everything reached standard output.
    ///
    /// # Errors
    /// When it took no more, as on a full disk. A reader that went away is none.
    pub(crate) fn check(&self) -> Result<()> {
        match &*self.0.unwritable.borrow() {
            Some(why) => Err(Failure::unwritten(why)),
            None => Ok(()),
        }
    }

    /// Waits until standard output takes no more.
    pub(crate) async fn unwritable(&self) -> Failure {
        let mut reason = self.0.unwritable.subscribe();
        loop {
            if let Err(failure) = self.check() {
                return failure;
            }
            // The sender lives as long as this screen.
            let _ = reason.changed().await;
        }
    }

    /// Shows lines to a person.
    fn show_lines(&self, lines: &[Line]) {
        if !lines.is_empty() {
            self.out(&line::render(
                lines,
                look(&Term::stdout(), console::colors_enabled()),
            ));
        }
    }

    /// Shows lines to a person on standard error, which is no place to lose anything.
    fn show_aside(&self, lines: &[Line]) {
        let text = line::render(lines, look(&Term::stderr(), console::colors_enabled_stderr()));
        self.0
            .bars
            .suspend(|| drop(writeln!(io::stderr().lock(), "{text}")));
    }

    /// Text that has passed the last gate.
    fn out(&self, text: &str) {
        if let Some(printer) = self.0.printer.lock().as_mut()
            && printer.print(format!("{text}\n")).is_ok()
        {
            return;
        }
        let write = || write_line(text);
        match self.0.bars.suspend(write) {
            // A reader that went away is no reason to fall over: the room goes on.
            Err(error) if !self.is_reader_gone(&error) => {
                self.0.unwritable.send_if_modified(|why| {
                    let is_first = why.is_none();
                    why.get_or_insert_with(|| error.to_string());
                    is_first
                });
            }
            _ => {}
        }
    }

    /// A closed pipe, or a terminal that was closed: its descriptor answers with EIO.
    fn is_reader_gone(&self, error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::BrokenPipe || self.0.is_terminal
    }
}

fn write_line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// What is behind `term`.
fn look(term: &Term, colours: bool) -> Look {
    let size = term.is_term().then(|| term.size_checked()).flatten();
    Look {
        columns: size
            .map(|(_, columns)| columns.into())
            .filter(|columns| *columns > 0),
        colours,
    }
}
