//! Looks at a display as a person would: at what it shows, not at what anybody says of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use media::pattern;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat, Window};
use x11rb::rust_connection::RustConnection;

use crate::Outcome;

/// Between two looks. A frame is seen so much too late at most, never too early.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);
/// A window that has shown no picture by then shows none.
const PATIENCE: Duration = Duration::from_secs(15);

/// The line of a display on which the frame code stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) x: i16,
    pub(super) y: i16,
    pub(super) width: u16,
}

pub(super) struct Eye {
    connection: RustConnection,
    root: Window,
}

/// Looks until it is stopped.
pub(super) struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<(u32, Instant)>>,
}

impl Eye {
    pub(super) fn open(display: &str) -> Outcome<Eye> {
        let (connection, screen) = RustConnection::connect(Some(display))?;
        let root = connection
            .setup()
            .roots
            .get(screen)
            .ok_or("the display has no screen")?
            .root;
        Ok(Eye { connection, root })
    }

    /// The number of the frame that is shown now; `None` when there is none to be read.
    fn look(&self, line: Line) -> Outcome<Option<u32>> {
        let Line { x, y, width } = line;
        let asked = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.root, x, y, width, 1, u32::MAX)?;
        let pixels = asked.reply()?.data;
        // Four bytes a pixel on the display, three in what reads the code; the order of the colours of grey does not matter.
        let grey: Vec<u8> = pixels
            .chunks_exact(4)
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect();
        Ok(pattern::read_code(&grey, width, 1))
    }

    /// Waits until a frame can be read.
    pub(super) fn wait(&self, line: Line) -> Outcome<()> {
        let began = Instant::now();
        while self.look(line)?.is_none() {
            if began.elapsed() > PATIENCE {
                return Err(format!("no frame is to be seen at {line:?}").into());
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        Ok(())
    }

    /// Notes from now on when each frame is seen first.
    pub(super) fn watch(self, line: Line) -> Watch {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut seen = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                // What cannot be read is being drawn this very moment.
                let Ok(number) = self.look(line) else { break };
                if let Some(number) = number
                    && seen.last().is_none_or(|(last, _)| *last != number)
                {
                    seen.push((number, Instant::now()));
                }
                std::thread::sleep(BETWEEN_LOOKS);
            }
            seen
        });
        Watch { stop, thread }
    }
}

impl Watch {
    /// The frames that were seen, and when.
    pub(super) fn end(self) -> Outcome<Vec<(u32, Instant)>> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_| "who watches the display has failed".into())
    }
}
