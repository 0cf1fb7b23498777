//! Everything that our own readers do not play, by way of an `ffmpeg` on the machine that pipes Y4M to us.
//!
//! `ffmpeg` never gets further ahead than its pipe: it waits until we read, so the film keeps our time.

use std::ffi::OsString;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::y4m::Y4m;
use super::{Film, FilmError, Header, MAX_SIDE, Take};
use crate::planes::Planes;

/// How long a film may take from one picture to the next before it is given up; also from the start to the first.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait for a picture before whoever waits may look up.
const TURN: Duration = Duration::from_millis(100);

/// More of its complaints than this are read and thrown away.
const MAX_COMPLAINT: usize = 2_048;

pub(super) struct Ffmpeg {
    program: String,
    path: PathBuf,
    wanted: (u16, u16),
    header: Header,
    run: Run,
    quiet_turns: u32,
}

impl Ffmpeg {
    /// Starts `program` on `path`, with pictures no larger than `wanted`, where 0 is any size.
    pub(super) fn open(path: &Path, wanted: (u16, u16), program: &str) -> Result<Ffmpeg, FilmError> {
        let mut run = Run::start(program, path, wanted)?;
        let header = match run.messages().recv_timeout(PATIENCE) {
            Ok(Message::Header(header)) => header,
            Ok(Message::Failed(error)) => return Err(error),
            Ok(Message::Picture(_)) => return Err(FilmError::Damaged("a picture comes before its size")),
            Err(RecvTimeoutError::Disconnected) => return Err(FilmError::Foreign(run.last_complaint())),
            Err(RecvTimeoutError::Timeout) => return Err(too_slow()),
        };
        Ok(Ffmpeg {
            program: program.to_owned(),
            path: path.to_owned(),
            wanted,
            header,
            run,
            quiet_turns: 0,
        })
    }
}

impl Film for Ffmpeg {
    fn header(&self) -> Header {
        self.header
    }

    fn next(&mut self, planes: &mut Planes) -> Result<Take, FilmError> {
        match self.run.messages().recv_timeout(TURN) {
            Ok(Message::Picture(picture)) => {
                *planes = picture;
                self.quiet_turns = 0;
                Ok(Take::Planes)
            }
            Ok(Message::Header(_)) => Ok(Take::Nothing),
            Ok(Message::Failed(error)) => Err(error),
            Err(RecvTimeoutError::Disconnected) => Ok(Take::End),
            Err(RecvTimeoutError::Timeout) if TURN * self.quiet_turns < PATIENCE => {
                self.quiet_turns += 1;
                Ok(Take::Nothing)
            }
            Err(RecvTimeoutError::Timeout) => Err(too_slow()),
        }
    }

    fn rewind(&mut self) -> Result<(), FilmError> {
        self.quiet_turns = 0;
        self.run = Run::start(&self.program, &self.path, self.wanted)?;
        Ok(())
    }
}

enum Message {
    Header(Header),
    Picture(Planes),
    Failed(FilmError),
}

/// One `ffmpeg` and the threads that read from it; dropping it ends all three.
struct Run {
    child: Child,
    messages: Option<Receiver<Message>>,
    reader: Option<JoinHandle<()>>,
    complaints: Option<JoinHandle<String>>,
}

impl Run {
    fn start(program: &str, path: &Path, wanted: (u16, u16)) -> Result<Run, FilmError> {
        let mut command = Command::new(program);
        command.args(arguments(path, wanted)?);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => FilmError::FfmpegMissing,
            _ => FilmError::Io(error),
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

    /// What it said last, once it has ended or been ended.
    fn last_complaint(&mut self) -> String {
        self.end();
        let said = self
            .complaints
            .take()
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default();
        match said.lines().rfind(|line| !line.trim().is_empty()) {
            Some(line) => format!("ffmpeg says: {}", line.trim()),
            None => "ffmpeg finds no video in it".to_owned(),
        }
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

fn arguments(path: &Path, (width, height): (u16, u16)) -> Result<Vec<OsString>, FilmError> {
    let side = |wanted: u16| {
        if wanted == 0 {
            MAX_SIDE
        } else {
            wanted.min(MAX_SIDE)
        }
    };
    let (width, height) = (side(width), side(height));
    // A name like "-y" or "https://…" is a file here and nothing else, and a playlist may not lead to the network.
    let mut url = OsString::from("file:");
    url.push(std::path::absolute(path)?);
    let scale = format!(
        "scale=w='min(iw,{width})':h='min(ih,{height})':force_original_aspect_ratio=decrease:force_divisible_by=2"
    );
    let before = [
        "-nostdin",
        "-hide_banner",
        "-loglevel",
        "error",
        "-protocol_whitelist",
        "file",
        "-i",
    ];
    let after = [
        "-map",
        "0:v:0",
        "-fpsmax",
        "120",
        "-vf",
        &scale,
        "-pix_fmt",
        "yuv420p",
        "-f",
        "yuv4mpegpipe",
    ];
    let before = before.into_iter().map(OsString::from);
    let after = after.into_iter().chain(["pipe:1"]).map(OsString::from);
    Ok(before.chain([url]).chain(after).collect())
}

fn too_slow() -> FilmError {
    FilmError::Foreign(format!("ffmpeg gave no picture for {} s", PATIENCE.as_secs()))
}

fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, FilmError> {
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
    let (mut kept, mut piece) = (Vec::new(), [0; 512]);
    while let Ok(len @ 1..) = stderr.read(&mut piece) {
        kept.extend_from_slice(&piece[..len]);
        // The last words are the ones that tell why it ended.
        kept.drain(..kept.len().saturating_sub(MAX_COMPLAINT));
    }
    String::from_utf8_lossy(&kept).into_owned()
}
