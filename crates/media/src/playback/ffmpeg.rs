//! Everything that our own readers do not play: an `ffmpeg` on the machine reads it and pipes Y4M to us.
//!
//! `ffmpeg` never gets further ahead than its pipe: it waits until we read, so playback keeps our time.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::aspect::MAX_ASPECT;
use super::kind::DEMUXERS;
use super::reader::{Header, MAX_SIDE, PlaybackError, Take, VideoReader};
use super::y4m::Y4m;
use crate::planes::Planes;

/// The longest time from one picture to the next, and from the start to the first, before a file is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long one call waits for a picture. Between two calls a capture may be stopped.
const TURN: Duration = Duration::from_millis(100);

/// More of its complaints than this are read and thrown away.
const MAX_COMPLAINT: usize = 2_048;

/// Pictures of a short video are remembered when they take no more bytes than this, two seconds of 720p: then one `ffmpeg` serves
/// every repetition.
const MAX_LOOP_BYTES: usize = 64 << 20;

/// A single picture is given so many times a second.
const STILL_RATE: f32 = 5.0;

pub(super) struct Ffmpeg {
    order: Order,
    header: Header,
    /// `None` once all its pictures are remembered.
    run: Option<Run>,
    /// Pictures that came while it was opened.
    waiting: VecDeque<Planes>,
    short_loop: ShortLoop,
    quiet_turns: u32,
}

/// What is played, and how.
struct Order {
    program: String,
    path: PathBuf,
    /// What kind of file it is, when `ffmpeg` is not to guess.
    kind: Option<&'static str>,
    /// No side of the pictures is longer; 0 is any length.
    wanted: (u16, u16),
}

impl Ffmpeg {
    /// Starts `program` on `path` as a file of this `kind` (`None`: as it guesses), with pictures no larger than `wanted`, where 0 is
    /// any size.
    pub(super) fn open(
        path: &Path,
        kind: Option<&'static str>,
        wanted: (u16, u16),
        program: &str,
    ) -> Result<Ffmpeg, PlaybackError> {
        let order = Order {
            program: program.to_owned(),
            path: path.to_owned(),
            kind,
            wanted,
        };
        let mut run = Run::start(&order)?;
        let Some(Message::Header(mut header)) = run.next_message()? else {
            return Err(PlaybackError::Foreign(run.last_complaint()));
        };
        let mut waiting = VecDeque::new();
        while waiting.len() < 2
            && let Some(Message::Picture(picture)) = run.next_message()?
        {
            waiting.push_back(picture);
        }
        match waiting.len() {
            0 => return Err(PlaybackError::Foreign(run.last_complaint())),
            1 => (header.rate, header.steps_per_s) = (STILL_RATE, STILL_RATE),
            _ => {}
        }
        Ok(Ffmpeg {
            order,
            header,
            run: Some(run),
            waiting,
            short_loop: ShortLoop::default(),
            quiet_turns: 0,
        })
    }

    /// A picture as it comes from `ffmpeg`.
    fn came(&mut self, picture: Planes, planes: &mut Planes) -> Take {
        self.short_loop.add(&picture);
        *planes = picture;
        self.quiet_turns = 0;
        Take::Planes
    }
}

impl VideoReader for Ffmpeg {
    fn header(&self) -> Header {
        self.header
    }

    fn next(&mut self, planes: &mut Planes) -> Result<Take, PlaybackError> {
        if let Some(picture) = self.waiting.pop_front() {
            return Ok(self.came(picture, planes));
        }
        let Some(run) = &self.run else {
            return Ok(self.short_loop.next_into(planes));
        };
        match run.messages().recv_timeout(TURN) {
            Ok(Message::Picture(picture)) => Ok(self.came(picture, planes)),
            Ok(Message::Header(_)) => Ok(Take::Nothing),
            Ok(Message::Failed(error)) => Err(error),
            Err(RecvTimeoutError::Disconnected) => Ok(Take::End),
            Err(RecvTimeoutError::Timeout) if TURN.saturating_mul(self.quiet_turns) < PATIENCE => {
                self.quiet_turns = self.quiet_turns.saturating_add(1);
                Ok(Take::Nothing)
            }
            Err(RecvTimeoutError::Timeout) => Err(too_slow()),
        }
    }

    fn rewind(&mut self) -> Result<(), PlaybackError> {
        self.quiet_turns = 0;
        self.run = if self.short_loop.is_complete() {
            self.short_loop.next = 0;
            None
        } else {
            // Of a file that is gone ffmpeg gives no picture, and no error either.
            self.order.path.metadata()?;
            Some(Run::start(&self.order)?)
        };
        Ok(())
    }
}

/// The pictures of a short video, all of which are there once it has been played.
#[derive(Default)]
struct ShortLoop {
    pictures: Vec<Planes>,
    bytes: usize,
    is_too_long: bool,
    /// Which of them comes next.
    next: usize,
}

impl ShortLoop {
    fn add(&mut self, picture: &Planes) {
        if self.is_too_long {
            return;
        }
        self.bytes = self.bytes.saturating_add(picture.bytes().len());
        if self.bytes <= MAX_LOOP_BYTES {
            self.pictures.push(picture.clone());
        } else {
            self.is_too_long = true;
            self.pictures = Vec::new();
        }
    }

    /// Whether it has every picture, of a video that has been played to its end.
    fn is_complete(&self) -> bool {
        !self.is_too_long && !self.pictures.is_empty()
    }

    fn next_into(&mut self, planes: &mut Planes) -> Take {
        let Some(picture) = self.pictures.get(self.next) else {
            return Take::End;
        };
        planes.clone_from(picture);
        self.next = self.next.saturating_add(1);
        Take::Planes
    }
}

enum Message {
    Header(Header),
    Picture(Planes),
    Failed(PlaybackError),
}

/// One `ffmpeg` and the threads that read from it; dropping it ends all three.
struct Run {
    child: Child,
    messages: Option<Receiver<Message>>,
    reader: Option<JoinHandle<()>>,
    complaints: Option<JoinHandle<String>>,
}

impl Run {
    fn start(order: &Order) -> Result<Run, PlaybackError> {
        let mut command = Command::new(&order.program);
        command.args(arguments(order)?);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        without_window(&mut command);
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => PlaybackError::FfmpegMissing,
            _ => PlaybackError::Io(error),
        })?;
        let (tx, rx) = mpsc::sync_channel(1);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut run = Run {
            child,
            messages: Some(rx),
            reader: None,
            complaints: None,
        };
        if let (Some(stdout), Some(stderr)) = (stdout, stderr) {
            run.reader = Some(spawn("ffmpeg pictures", move || read_pictures(stdout, &tx))?);
            run.complaints = Some(spawn("ffmpeg complaints", move || read_complaints(stderr))?);
        }
        Ok(run)
    }

    fn messages(&self) -> &Receiver<Message> {
        self.messages.as_ref().expect("it is taken only when dropped")
    }

    /// Waits for what comes next; `None` when it has ended.
    fn next_message(&self) -> Result<Option<Message>, PlaybackError> {
        match self.messages().recv_timeout(PATIENCE) {
            Ok(Message::Failed(error)) => Err(error),
            Ok(message) => Ok(Some(message)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(too_slow()),
        }
    }

    /// What it said last, once it has ended or been ended.
    fn last_complaint(&mut self) -> String {
        self.end();
        let said = self
            .complaints
            .take()
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default();
        in_words(&said)
    }

    fn end(&mut self) {
        // The reader may wait for room in the channel, so that goes first; then its pipe ends with the program.
        self.messages = None;
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            tracing::warn!(%error, "ffmpeg does not end");
        }
        if let Some(reader) = self.reader.take()
            && reader.join().is_err()
        {
            tracing::error!("the thread that reads from ffmpeg panicked");
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.end();
        if let Some(complaints) = self.complaints.take() {
            drop(complaints.join());
        }
    }
}

/// What it means that `ffmpeg` ended with these complaints and without a picture.
fn in_words(said: &str) -> String {
    if said.contains("not on whitelist") {
        return "it is a list of files, or of a kind that is not played".to_owned();
    }
    match said.lines().rfind(|line| !line.trim().is_empty()) {
        Some(line) if !said.contains("matches no streams") => format!("ffmpeg says: {}", line.trim()),
        _ => "ffmpeg finds no video in it".to_owned(),
    }
}

fn arguments(order: &Order) -> Result<Vec<OsString>, PlaybackError> {
    // A name like "-y" or "https://…" is a file here and nothing else; and the file leads neither to the network nor to other files.
    let mut url = OsString::from("file:");
    url.push(std::path::absolute(&order.path)?);
    let mut arguments: Vec<OsString> = ["-nostdin", "-hide_banner", "-loglevel", "error"]
        .map(OsString::from)
        .to_vec();
    arguments.extend(["-protocol_whitelist", "file", "-format_whitelist", DEMUXERS].map(OsString::from));
    if let Some(kind) = order.kind {
        arguments.extend(["-f", kind].map(OsString::from));
    }
    arguments.extend([OsString::from("-i"), url]);
    // "V": a song's cover is no video.
    arguments.extend(["-map", "0:V:0", "-fpsmax", "120", "-vf"].map(OsString::from));
    arguments.push(scale_to(order.wanted).into());
    arguments.extend(["-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe", "pipe:1"].map(OsString::from));
    Ok(arguments)
}

/// The filter that makes pixels square and the picture no larger than `wanted`, with its proportions, and even in both directions.
fn scale_to((width, height): (u16, u16)) -> String {
    let side = |wanted: u16| match wanted {
        0 => MAX_SIDE,
        wanted => wanted.min(MAX_SIDE),
    };
    let (width, height) = (side(width), side(height));
    let least = 1.0 / MAX_ASPECT;
    // Variable 0 is a pixel's width in heights; 1 is by how much the picture becomes smaller.
    let common = format!(
        "st(0,if(between(sar,{least},{MAX_ASPECT}),sar,1));st(1,min(1,min({width}/(iw*ld(0)),{height}/ih)))"
    );
    let even = |side: &str| format!("{common};max(2,2*trunc({side}*ld(1)/2+0.001))");
    format!("scale=w='{}':h='{}',setsar=1", even("iw*ld(0)"), even("ih"))
}

/// Windows otherwise opens a console window for it beside a program that has none.
#[cfg(windows)]
fn without_window(command: &mut Command) {
    use std::os::windows::process::CommandExt;
    // CREATE_NO_WINDOW of "Process Creation Flags".
    command.creation_flags(0x0800_0000);
}

#[cfg(not(windows))]
fn without_window(_command: &mut Command) {}

fn too_slow() -> PlaybackError {
    PlaybackError::Foreign(format!("ffmpeg gave no picture for {} s", PATIENCE.as_secs()))
}

fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, PlaybackError> {
    Ok(thread::Builder::new().name(name.to_owned()).spawn(body)?)
}

fn read_pictures(stdout: ChildStdout, to: &SyncSender<Message>) {
    // When it ends without a word here, why is among its complaints.
    let Ok(mut y4m) = Y4m::open(BufReader::new(stdout)) else {
        return;
    };
    let mut message = Message::Header(y4m.header());
    while to.send(message).is_ok() {
        let mut planes = Planes::default();
        message = match y4m.next_into(&mut planes) {
            Ok(true) => Message::Picture(planes),
            Ok(false) => return,
            Err(error) => Message::Failed(error),
        };
    }
}

fn read_complaints(mut stderr: ChildStderr) -> String {
    let (mut last, mut piece) = (Vec::new(), [0; 512]);
    while let Ok(len @ 1..) = stderr.read(&mut piece) {
        last.extend_from_slice(piece.get(..len).unwrap_or_default());
        // The last words are the ones that say why it ended.
        last.drain(..last.len().saturating_sub(MAX_COMPLAINT));
    }
    String::from_utf8_lossy(&last).into_owned()
}
