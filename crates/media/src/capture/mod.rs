//! A source in motion: one thread that opens it, makes JPEGs of it and lets go of it.

mod control;
mod finish;
mod target;
mod tempo;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use netcore_proto::Time;

use crate::Clock;
use crate::error::CaptureError;
use crate::feed::{self, Feed, Shape, Shot, Tempo};
use crate::planes::Planes;
use crate::source::SourceId;

use control::{Control, Done};
use finish::{Finished, Finisher, Picture};
pub use target::{CaptureTarget, Scale};
use tempo::{Schedule, Thinner};

/// So long may letting go of a device take before its thread is left to finish alone.
const LONGEST_GOODBYE: Duration = Duration::from_secs(5);

/// So many pictures in a row may be unusable before the source is given up.
const MAX_BAD_IN_A_ROW: u32 = 100;

/// What to capture, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptureSpec {
    /// From where.
    pub source: SourceId,
    /// Width in pixels; with `height` the size wanted. A camera is set to its nearest size, and what is larger than wanted is
    /// scaled down with its proportions kept; nothing is ever scaled up. 0: the source's own.
    pub width: u16,
    /// Height in pixels; 0: the source's own.
    pub height: u16,
    /// Frames each second at most; 0: the source's own.
    pub rate: f32,
    /// JPEG quality, 1 to 100. A source whose pictures are JPEGs of no more than about this quality is passed through as it is.
    pub quality: u8,
}

impl Default for CaptureSpec {
    /// The test pattern at 1280×720, 30 frames a second and quality 50.
    fn default() -> CaptureSpec {
        CaptureSpec {
            source: SourceId::Pattern,
            width: 1280,
            height: 720,
            rate: 30.0,
            quality: 50,
        }
    }
}

/// Which way to the camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// The best there is: V4L2 itself on Linux, `nokhwa` elsewhere.
    #[default]
    Native,
    /// `nokhwa`, also on Linux.
    Nokhwa,
}

/// What is seldom wanted otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureOptions {
    /// Which way to the camera.
    pub backend: Backend,
    /// A file begins anew when it is over, instead of ending.
    pub looping: bool,
    /// `ffmpeg` may be started for a file that this crate's own readers do not play.
    pub ffmpeg: bool,
}

impl Default for CaptureOptions {
    /// The native backend, looping, with `ffmpeg`.
    fn default() -> CaptureOptions {
        CaptureOptions {
            backend: Backend::Native,
            looping: true,
            ffmpeg: true,
        }
    }
}

/// A picture, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedFrame {
    /// The picture.
    pub jpeg: Bytes,
    /// Its width in pixels.
    pub width: u16,
    /// Its height in pixels.
    pub height: u16,
    /// Counts the frames of this capture from 0. It is the number that the test pattern shows.
    pub number: u32,
    /// When the camera's driver handed it over, or when it was read or drawn.
    pub captured: Time,
    /// When its JPEG was ready.
    pub encoded: Time,
    /// The source's own JPEG, without having been encoded again.
    pub passed_through: bool,
}

/// What happens to a capture, in order: at most one `Started`, then frames, then at most one `Ended` or `Failed`.
#[derive(Clone, Debug, PartialEq)]
pub enum CaptureEvent {
    /// The source is open.
    Started {
        /// Width of the frames to come, in pixels.
        width: u16,
        /// Height of the frames to come, in pixels.
        height: u16,
        /// Frames each second to expect.
        rate: f32,
        /// The source's name in words.
        name: String,
    },
    /// A picture.
    Frame(CapturedFrame),
    /// The source is over; only of a file that is not looping.
    Ended,
    /// The source cannot be used, or no longer. Nothing follows.
    Failed(CaptureError),
}

/// A capture that runs. Dropping it stops it.
#[derive(Debug)]
pub struct Capture {
    control: Arc<Control>,
    thread: Option<JoinHandle<()>>,
}

impl Capture {
    /// Opens `spec.source` on a thread of its own and tells `sink` what happens, on that thread.
    ///
    /// A slow `sink` delays the next picture, and the camera's pictures in between are left out. It must not block for long,
    /// since [`Capture::stop`] waits for it.
    pub fn start(
        spec: CaptureSpec,
        clock: Clock,
        sink: impl FnMut(CaptureEvent) + Send + 'static,
    ) -> Capture {
        Capture::start_with(spec, CaptureOptions::default(), clock, sink)
    }

    /// As [`Capture::start`], with `options`.
    pub fn start_with(
        spec: CaptureSpec,
        options: CaptureOptions,
        clock: Clock,
        mut sink: impl FnMut(CaptureEvent) + Send + 'static,
    ) -> Capture {
        let control = Arc::new(Control::new(CaptureTarget {
            quality: spec.quality,
            scale: Scale::FULL,
            rate: spec.rate,
        }));
        let seen = Arc::clone(&control);
        let body = move || {
            let _done = Done(&seen);
            match run(&spec, options, &clock, &seen, &mut sink) {
                Ok(End::Stopped) => {}
                Ok(End::SourceOver) => sink(CaptureEvent::Ended),
                Err(error) => {
                    tracing::warn!(source = %spec.source, %error, "capture failed");
                    sink(CaptureEvent::Failed(error));
                }
            }
        };
        let thread = thread::Builder::new().name("capture".to_owned()).spawn(body);
        let thread = thread.expect("the system has room for one more thread");
        Capture {
            control,
            thread: Some(thread),
        }
    }

    /// JPEG quality (1 to 100) from the next frame on; as [`CaptureControl::set_target`] for this alone.
    pub fn set_quality(&self, quality: u8) {
        self.control.change_target(|target| target.quality = quality);
    }

    /// Frames each second at most, from the next frame on; 0: the source's own. A camera goes on at the rate it was opened with,
    /// and what is more than asked is left out.
    pub fn set_rate(&self, rate: f32) {
        self.control.change_target(|target| target.rate = rate);
    }

    /// A handle for whoever decides, frame by frame, how pictures are to be made.
    pub fn control(&self) -> CaptureControl {
        CaptureControl(Arc::clone(&self.control))
    }

    /// Stops, and waits until the source is let go of; for at most five seconds, after which a system that does not let go is left
    /// to itself. Called from the sink, it only asks to stop.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.control.stop();
        let Some(thread) = self.thread.take() else { return };
        if thread.thread().id() == thread::current().id() {
            return;
        }
        if self.control.wait_until_done(LONGEST_GOODBYE) {
            if thread.join().is_err() {
                tracing::error!("the capture's thread panicked");
            }
        } else {
            tracing::warn!("the source does not let go; its thread is left to finish alone");
        }
    }
}

/// Changes how a capture makes its pictures, while it runs and from any thread. It keeps nothing running, and does nothing any
/// more once the capture has stopped.
#[derive(Clone, Debug)]
pub struct CaptureControl(Arc<Control>);

impl CaptureControl {
    /// Pictures are made by `target` from the next one on. The source goes on as it was opened: nothing is restarted.
    pub fn set_target(&self, target: CaptureTarget) {
        self.0.change_target(|own| *own = target);
    }

    /// The target that is followed now.
    pub fn target(&self) -> CaptureTarget {
        self.0.target()
    }
}

/// Why a capture came to its end without an error.
enum End {
    Stopped,
    SourceOver,
}

fn run(
    spec: &CaptureSpec,
    options: CaptureOptions,
    clock: &Clock,
    control: &Control,
    sink: &mut dyn FnMut(CaptureEvent),
) -> Result<End, CaptureError> {
    let mut feed = feed::open(spec, options, clock)?;
    let shape = feed.shape();
    let mut finisher = Finisher::new(spec, &shape)?;
    let (width, height) = finisher.size();
    let rate = control.rate().map_or(shape.rate, |asked| asked.min(shape.rate));
    sink(CaptureEvent::Started {
        width,
        height,
        rate,
        name: shape.name.clone(),
    });

    let mut roll = Roll::new(shape);
    let mut planes = Planes::default();
    while roll.wait(clock, control) {
        let shot = match feed.next(&mut planes)? {
            Shot::Nothing => continue,
            Shot::Still { steps } => {
                roll.pass(steps);
                continue;
            }
            Shot::End if options.looping => {
                roll.rewind(&spec.source, feed.as_mut())?;
                continue;
            }
            Shot::End => return Ok(End::SourceOver),
            shot => shot,
        };
        let (picture, captured) = match &shot {
            Shot::Jpeg { data, captured } => (Picture::Jpeg(data), *captured),
            Shot::Pixels { pixels, captured } => (Picture::Pixels(pixels), *captured),
            Shot::Planes { captured } => (Picture::Planes(&planes), *captured),
            Shot::Nothing | Shot::Still { .. } | Shot::End => continue,
        };
        roll.came();
        if !roll.wanted(captured, control) {
            continue;
        }
        match finisher.finish(picture, control.target()) {
            Ok(finished) => {
                let Finished {
                    jpeg,
                    size: (width, height),
                    passed_through,
                } = finished;
                let frame = CapturedFrame {
                    jpeg,
                    width,
                    height,
                    passed_through,
                    number: roll.number(),
                    captured,
                    encoded: clock(),
                };
                sink(CaptureEvent::Frame(frame));
            }
            Err(error) => roll.bad(&spec.source, &error)?,
        }
    }
    Ok(End::Stopped)
}

/// The pictures so far: which number comes next, whether it is time, and whether there have been too many bad ones.
struct Roll {
    shape: Shape,
    schedule: Schedule,
    thinner: Thinner,
    next_number: u32,
    bad_in_a_row: u32,
    since_rewind: u64,
}

impl Roll {
    fn new(shape: Shape) -> Roll {
        Roll {
            shape,
            schedule: Schedule::default(),
            thinner: Thinner::default(),
            next_number: 0,
            bad_in_a_row: 0,
            since_rewind: 0,
        }
    }

    /// Waits until it is time for the next picture; `false` when it is time to stop.
    fn wait(&mut self, clock: &Clock, control: &Control) -> bool {
        let own = self.shape.rate;
        match self.shape.tempo {
            Tempo::Live => !control.is_stopped(),
            Tempo::File { steps_per_s } => self.schedule.wait(|| steps_per_s, clock, control),
            Tempo::Asked => self
                .schedule
                .wait(|| control.rate().unwrap_or(own), clock, control),
        }
    }

    /// The film shows nothing new for `steps`, the first of which has been waited for.
    fn pass(&mut self, steps: u32) {
        if let Tempo::File { steps_per_s } = self.shape.tempo {
            self.schedule.pass(steps.saturating_sub(1), steps_per_s);
        }
    }

    fn came(&mut self) {
        self.since_rewind += 1;
    }

    /// Whether the picture is one to keep at the rate that is asked for.
    fn wanted(&mut self, captured: Time, control: &Control) -> bool {
        match (self.shape.tempo, control.rate()) {
            (Tempo::Asked, _) | (_, None) => true,
            (_, Some(asked)) => self.thinner.keeps(captured, asked, self.shape.rate),
        }
    }

    fn number(&mut self) -> u32 {
        self.bad_in_a_row = 0;
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        number
    }

    /// Leaves out a picture that is damaged, as cameras give them now and then; many in a row are an error.
    fn bad(&mut self, source: &SourceId, error: &CaptureError) -> Result<(), CaptureError> {
        self.bad_in_a_row += 1;
        tracing::debug!(%source, %error, "a picture is left out");
        if self.bad_in_a_row < MAX_BAD_IN_A_ROW {
            return Ok(());
        }
        Err(CaptureError::FormatUnsupported {
            what: source.to_string(),
            reason: error.to_string(),
        })
    }

    fn rewind(&mut self, source: &SourceId, feed: &mut dyn Feed) -> Result<(), CaptureError> {
        if self.since_rewind == 0 {
            let reason = "there is no picture in it".to_owned();
            return Err(CaptureError::Unreadable {
                path: source.to_string(),
                reason,
            });
        }
        self.since_rewind = 0;
        feed.rewind()
    }
}

#[cfg(test)]
pub(crate) use tests::clock as test_clock;

#[cfg(test)]
mod tests;
