//! What comes from standard input: lines typed by a person, or lines from a pipe. It is read on a thread of its own, so that
//! nothing in the room ever waits for the keyboard.

mod editor;
mod event;
mod pipe;

use std::io::{self, IsTerminal};
use std::sync::mpsc as permits;

use tokio::sync::mpsc;

use crate::output::Screen;
pub(crate) use event::{ESC, Input};

/// The lines from standard input, as they come.
pub(crate) struct Inputs {
    receiver: mpsc::Receiver<Input>,
    permit: permits::Sender<()>,
    owes_permit: bool,
    editor: Option<editor::Session>,
    screen: Screen,
}

impl Inputs {
    /// Begins to read: with a line to type on where a person sits at a terminal, plainly otherwise.
    /// `keys` are handed on at once when they are pressed on an empty line.
    pub(crate) fn start(screen: &Screen, prompt: &'static str, keys: &'static [char]) -> Inputs {
        let (sender, receiver) = mpsc::channel(16);
        let (permit, permitted) = permits::channel();
        let is_person = !screen.is_json() && io::stdin().is_terminal() && io::stdout().is_terminal();
        let editor = is_person
            .then(|| editor::start(prompt, keys, &sender, permitted))
            .and_then(Result::ok);
        let editor = editor.map(|(session, printer)| {
            screen.set_printer(printer);
            session
        });
        if editor.is_none() {
            pipe::start(sender);
        }
        Inputs {
            receiver,
            permit,
            owes_permit: true,
            editor,
            screen: screen.clone(),
        }
    }

    /// Whether a person types here.
    pub(crate) fn is_person(&self) -> bool {
        self.editor.is_some()
    }

    /// Nothing more is read. The terminal is given back as it was, also in the middle of a line, and what is shown from now
    /// on stands where that line was.
    pub(crate) fn finish(&mut self) {
        self.screen.retire_printer();
        if let Some(editor) = self.editor.take() {
            editor.restore();
        }
    }

    /// The next input. A line is only asked for once the one before has been dealt with, so that answers stand above the next
    /// prompt.
    pub(crate) async fn next(&mut self) -> Input {
        if std::mem::take(&mut self.owes_permit) {
            let _ = self.permit.send(());
        }
        match self.receiver.recv().await {
            Some(Input::Key(key)) => Input::Key(key),
            Some(input) => {
                self.owes_permit = true;
                input
            }
            None => std::future::pending().await,
        }
    }
}

impl Drop for Inputs {
    fn drop(&mut self) {
        self.finish();
    }
}
