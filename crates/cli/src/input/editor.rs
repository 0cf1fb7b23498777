#[cfg(not(windows))]
use std::io::{self, Write};
use std::sync::mpsc as permits;
use std::thread;

use console::{Term, measure_text_width};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{
    Cmd, ConditionalEventHandler, Config, Editor, Event, EventContext, EventHandler, ExternalPrinter,
    KeyCode, KeyEvent, Modifiers, RepeatCount,
};
use tokio::sync::mpsc;

use super::event::{ESC, Input};

/// After Esc, so long is waited for the rest of a longer sequence (arrow keys begin with Esc), in milliseconds.
const ESC_TIMEOUT_MS: u16 = 50;

/// What must be put back when the program ends while a line is being typed.
pub(super) struct Session {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

type Printer = Box<dyn ExternalPrinter + Send>;
type LineEditor = Editor<(), MemHistory>;

/// Begins to edit lines, one for each permit.
pub(super) fn start(
    prompt: &'static str,
    keys: &'static [char],
    sender: &mpsc::Sender<Input>,
    permitted: permits::Receiver<()>,
) -> rustyline::Result<(Session, Printer)> {
    let session = Session::save();
    let config = Config::builder()
        .keyseq_timeout(Some(ESC_TIMEOUT_MS))
        .auto_add_history(true)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor = LineEditor::with_history(config, history)?;
    let printer = Box::new(editor.create_external_printer()?);
    let bind = |editor: &mut LineEditor, code, key| {
        let handler = EventHandler::Conditional(Box::new(Handler {
            key,
            sender: sender.clone(),
        }));
        editor.bind_sequence(Event::from(KeyEvent(code, Modifiers::NONE)), handler);
    };
    bind(&mut editor, KeyCode::Esc, ESC);
    for &key in keys {
        bind(&mut editor, KeyCode::Char(key), key);
    }
    let sender = sender.clone();
    thread::Builder::new()
        .name("input".into())
        .spawn(move || run(&mut editor, prompt, &sender, &permitted))?;
    Ok((session, printer))
}

fn run(
    editor: &mut LineEditor,
    prompt: &str,
    sender: &mpsc::Sender<Input>,
    permitted: &permits::Receiver<()>,
) {
    while permitted.recv().is_ok() {
        let input = loop {
            match editor.readline(prompt) {
                Ok(line) => {
                    erase(prompt, &line);
                    break Input::Line(line);
                }
                Err(ReadlineError::Interrupted) => break Input::Interrupt,
                #[cfg(unix)]
                Err(ReadlineError::Signal(rustyline::error::Signal::Interrupt)) => break Input::Interrupt,
                // The window has another size now: the line is drawn anew.
                Err(ReadlineError::Signal(_)) => {}
                Err(_) => break Input::End,
            }
        };
        let is_end = input == Input::End;
        if sender.blocking_send(input).is_err() || is_end {
            return;
        }
    }
}

/// Takes the typed line off the screen: it is shown again as the room has it.
fn erase(prompt: &str, line: &str) {
    let columns = usize::from(Term::stdout().size().1).max(1);
    let rows_of = |text: &str| measure_text_width(text) / columns + 1;
    let rows: usize = format!("{prompt}{line}").split('\n').map(rows_of).sum();
    clear_last(rows);
}

#[cfg(not(windows))]
fn clear_last(rows: usize) {
    let mut out = io::stdout().lock();
    let _ = write!(out, "\x1b[{rows}A\r\x1b[J").and_then(|()| out.flush());
}

/// Once a line is typed the editor has put the console's modes back, and it may show escape sequences instead of obeying them.
#[cfg(windows)]
fn clear_last(rows: usize) {
    let _ = Term::stdout().clear_last_lines(rows);
}

/// Hands a key on at once when it is pressed on an empty line; Esc always.
struct Handler {
    key: char,
    sender: mpsc::Sender<Input>,
}

impl ConditionalEventHandler for Handler {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        if self.key != ESC && !context.line().is_empty() {
            return None;
        }
        // A full channel means that the room is busy with earlier keys: this one is let go.
        let _ = self.sender.try_send(Input::Key(self.key));
        Some(Cmd::Noop)
    }
}

impl Session {
    #[cfg(unix)]
    fn save() -> Session {
        Session {
            before: rustix::termios::tcgetattr(io::stdin()).ok(),
        }
    }

    #[cfg(not(unix))]
    fn save() -> Session {
        Session {}
    }

    /// Ends the line that is being typed, and puts the terminal back as it was before.
    #[cfg(unix)]
    pub(super) fn restore(&self) {
        use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
        let Some(before) = &self.before else { return };
        // In the middle of a line the editor has taken over: bracketed paste is on, and the prompt stands there.
        let is_typing = tcgetattr(io::stdin()).is_ok_and(|now| now.local_modes != before.local_modes);
        if is_typing {
            let mut out = io::stdout().lock();
            let _ = write!(out, "\r\x1b[J\x1b[?2004l").and_then(|()| out.flush());
        }
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
    }

    /// The console host puts its modes back by itself.
    #[cfg(not(unix))]
    pub(super) fn restore(&self) {}
}
