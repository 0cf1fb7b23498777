//! A capture: one thread opens a source, makes frames of its pictures and lets go of it.

mod control;
mod finish;
mod open;
mod sequence;
mod target;
mod tempo;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use netcore_proto::Time;

use crate::clock::Clock;
use crate::error::CaptureError;
use crate::feed::Shot;
use crate::planes::Planes;
use crate::spec::{CaptureOptions, CaptureSpec};

use control::{Control, Done};
use finish::{Finished, Finisher, Picture};
use sequence::Sequence;
pub use target::{CaptureTarget, Scale};

/// So long may letting go of a device take before its thread is left to finish alone.
const LONGEST_GOODBYE: Duration = Duration::from_secs(5);

/// A frame, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedFrame {
    /// The JPEG.
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
    /// A frame.
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
    /// Opens `spec.source` on a thread of its own and calls `sink` with what happens, on that thread.
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

    /// A handle by which how pictures are made changes from frame to frame.
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

/// Changes how a capture makes its pictures, while it runs and from any thread. It does not keep a capture
/// alive, and does nothing once the capture has stopped.
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
    let mut feed = open::open(spec, options, clock)?;
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

    let mut sequence = Sequence::new(shape);
    let mut planes = Planes::default();
    while sequence.wait(clock, control) {
        let shot = match feed.next(&mut planes)? {
            Shot::Nothing => continue,
            Shot::Still { steps } => {
                sequence.pass(steps);
                continue;
            }
            Shot::End if options.looping => {
                sequence.rewind(&spec.source, feed.as_mut())?;
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
        sequence.count_taken();
        if !sequence.wants(captured, control) {
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
                    number: sequence.next_number(),
                    captured,
                    encoded: clock(),
                };
                sink(CaptureEvent::Frame(frame));
            }
            Err(error) => sequence.leave_out(&spec.source, &error)?,
        }
    }
    Ok(End::Stopped)
}

#[cfg(test)]
mod tests;
