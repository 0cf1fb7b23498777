//! Files that are dragged from another program and dropped on the app's window, as X11 desktops do it: XDND, version 5
//! (freedesktop.org, "Drag-and-Drop Protocol for the X Window System"). The other program is this one; only the pointer is missing,
//! which the protocol does not look at.

use std::path::Path;
use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, MapState, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::{Display, PATIENCE, Result, Trouble};

const VERSION: u32 = 5;
/// How often the pointer is said to have moved: no desktop sends fewer positions.
const BETWEEN_MOVES: Duration = Duration::from_millis(50);
/// What a file manager says the dragged things are.
const URI_LIST: &[u8] = b"text/uri-list";

/// Files that are being dragged over the app's window.
pub struct Drag {
    connection: RustConnection,
    /// Of the program that they come from.
    source: Window,
    /// The app's window.
    target: Window,
    atoms: Atoms,
    at: (u16, u16),
    /// As `text/uri-list` has it (RFC 2483, section 5).
    content: String,
    /// Whether the window says that they may be dropped.
    is_accepted: bool,
    is_finished: bool,
}

struct Atoms {
    aware: Atom,
    selection: Atom,
    enter: Atom,
    position: Atom,
    status: Atom,
    drop: Atom,
    finished: Atom,
    copy: Atom,
    targets: Atom,
    uri_list: Atom,
}

impl Drag {
    /// Begins to drag `paths` over the window on `display`, at this pixel of the screen.
    ///
    /// # Errors
    /// When there is no window there that takes anything.
    pub fn begin(display: &Display, paths: &[&Path], at: (u16, u16)) -> Result<Drag> {
        let (connection, screen) = RustConnection::connect(Some(display.name())).map_err(in_words)?;
        let root = connection
            .setup()
            .roots
            .get(screen)
            .map(|screen| screen.root)
            .ok_or_else(|| Trouble("the display has no screen".to_owned()))?;
        let atoms = Atoms::of(&connection)?;
        let target = aware_window(&connection, root, atoms.aware)?;
        let source = connection.generate_id().map_err(in_words)?;
        let class = WindowClass::INPUT_ONLY;
        connection
            .create_window(0, source, root, 0, 0, 1, 1, 0, class, 0, &CreateWindowAux::new())
            .map_err(in_words)?;
        connection
            .set_selection_owner(source, atoms.selection, 0u32)
            .map_err(in_words)?;
        let drag = Drag {
            content: paths.iter().map(|path| uri(path) + "\r\n").collect(),
            connection,
            source,
            target,
            atoms,
            at,
            is_accepted: false,
            is_finished: false,
        };
        let uri_list = drag.atoms.uri_list;
        drag.send(drag.atoms.enter, [drag.source, VERSION << 24, uri_list, 0, 0])?;
        Ok(drag)
    }

    /// Moves over the window until it accepts what is dragged and `is_seen`.
    ///
    /// # Errors
    /// When that does not become so in time.
    pub fn hover(&mut self, mut is_seen: impl FnMut() -> bool) -> Result<()> {
        let began = Instant::now();
        while !(self.is_accepted && is_seen()) {
            let (x, y) = self.at;
            self.at.0 = x ^ 1;
            let place = (u32::from(x) << 16) | u32::from(y);
            self.send(self.atoms.position, [self.source, 0, place, 0, self.atoms.copy])?;
            self.answer_for(BETWEEN_MOVES)?;
            if began.elapsed() > PATIENCE {
                let accepted = self.is_accepted;
                return Err(Trouble(format!(
                    "the window does not take it (accepted: {accepted})"
                )));
            }
        }
        Ok(())
    }

    /// Lets go of them, and waits until the window says that it has them.
    ///
    /// # Errors
    /// When it does not.
    pub fn release(mut self) -> Result<()> {
        let began = Instant::now();
        self.send(self.atoms.drop, [self.source, 0, 0, 0, 0])?;
        while !self.is_finished {
            self.answer_for(BETWEEN_MOVES)?;
            if began.elapsed() > PATIENCE {
                return Err(Trouble("the window does not say that it has it".to_owned()));
            }
        }
        Ok(())
    }

    fn send(&self, kind: Atom, data: [u32; 5]) -> Result<()> {
        let message = ClientMessageEvent::new(32, self.target, kind, data);
        self.connection
            .send_event(false, self.target, EventMask::NO_EVENT, message)
            .map_err(in_words)?;
        self.connection.flush().map_err(in_words)
    }

    /// Answers what the window asks for so long.
    fn answer_for(&mut self, span: Duration) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < span {
            match self.connection.poll_for_event().map_err(in_words)? {
                Some(Event::SelectionRequest(asked)) => self.hand_over(&asked)?,
                Some(Event::ClientMessage(message)) if message.type_ == self.atoms.status => {
                    self.is_accepted = message.data.as_data32()[1] & 1 == 1;
                }
                Some(Event::ClientMessage(message)) if message.type_ == self.atoms.finished => {
                    self.is_finished = true;
                    return Ok(());
                }
                Some(_) => {}
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        }
        Ok(())
    }

    /// Gives what is dragged in the form that is asked for, where there is one (ICCCM 2.0, section 2.2).
    fn hand_over(&self, asked: &SelectionRequestEvent) -> Result<()> {
        let Atoms {
            targets, uri_list, ..
        } = self.atoms;
        let (window, property) = (asked.requestor, asked.property);
        let is_given = asked.target == uri_list || asked.target == targets;
        if asked.target == uri_list {
            let content = self.content.as_bytes();
            self.connection
                .change_property8(PropMode::REPLACE, window, property, uri_list, content)
                .map_err(in_words)?;
        } else if asked.target == targets {
            self.connection
                .change_property32(PropMode::REPLACE, window, property, AtomEnum::ATOM, &[uri_list])
                .map_err(in_words)?;
        }
        let answer = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: asked.time,
            requestor: window,
            selection: asked.selection,
            target: asked.target,
            property: if is_given { property } else { 0 },
        };
        self.connection
            .send_event(false, window, EventMask::NO_EVENT, answer)
            .map_err(in_words)?;
        self.connection.flush().map_err(in_words)
    }
}

impl Atoms {
    fn of(connection: &RustConnection) -> Result<Atoms> {
        let atom = |name: &[u8]| -> Result<Atom> {
            let asked = connection.intern_atom(false, name).map_err(in_words)?;
            Ok(asked.reply().map_err(in_words)?.atom)
        };
        Ok(Atoms {
            aware: atom(b"XdndAware")?,
            selection: atom(b"XdndSelection")?,
            enter: atom(b"XdndEnter")?,
            position: atom(b"XdndPosition")?,
            status: atom(b"XdndStatus")?,
            drop: atom(b"XdndDrop")?,
            finished: atom(b"XdndFinished")?,
            copy: atom(b"XdndActionCopy")?,
            targets: atom(b"TARGETS")?,
            uri_list: atom(URI_LIST)?,
        })
    }
}

/// The window on the screen that says it takes what is dragged.
fn aware_window(connection: &RustConnection, root: Window, aware: Atom) -> Result<Window> {
    let tree = connection.query_tree(root).map_err(in_words)?;
    for window in tree.reply().map_err(in_words)?.children {
        let attributes = connection.get_window_attributes(window).map_err(in_words)?;
        let property = connection.get_property(false, window, aware, AtomEnum::ANY, 0, 1);
        let property = property.map_err(in_words)?.reply().map_err(in_words)?;
        let is_visible = attributes
            .reply()
            .is_ok_and(|attributes| attributes.map_state == MapState::VIEWABLE);
        if is_visible && property.value_len > 0 {
            return Ok(window);
        }
    }
    Err(Trouble("no window takes what is dragged".to_owned()))
}

/// A file's address (RFC 8089).
fn uri(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let escaped = bytes.map(|&byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    format!("file://{}", escaped.collect::<String>())
}

fn in_words(error: impl std::fmt::Display) -> Trouble {
    Trouble(format!("the display: {error}"))
}
