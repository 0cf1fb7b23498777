//! A capture being watched.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use media::{
    Backend, Capture, CaptureError, CaptureEvent, CaptureOptions, CaptureSpec, CapturedFrame, Clock, SourceId,
};
use netcore_proto::Time;

/// An emulated machine on a busy computer is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) struct Watch {
    // Goes before the capture, so that a sink that blocks is let go of.
    events: Option<Receiver<CaptureEvent>>,
    capture: Option<Capture>,
}

/// What a capture said when it began.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) rate: f32,
    pub(crate) name: String,
}

pub(crate) fn camera(device: &str, width: u16, height: u16) -> CaptureSpec {
    let source = SourceId::Camera(device.to_owned());
    CaptureSpec {
        source,
        width,
        height,
        rate: 30.0,
        quality: 90,
    }
}

pub(crate) fn clock() -> Clock {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let began = *BEGAN.get_or_init(Instant::now);
    Arc::new(move || Time::from_micros(began.elapsed().as_micros() as u64))
}

impl Watch {
    pub(crate) fn start(spec: CaptureSpec, backend: Backend) -> Watch {
        Watch::start_with(spec, backend, mpsc::sync_channel(10_000))
    }

    /// As `start`, with a sink that blocks until its event is fetched.
    pub(crate) fn start_with_slow_sink(spec: CaptureSpec) -> Watch {
        Watch::start_with(spec, Backend::Native, mpsc::sync_channel(0))
    }

    fn start_with(
        spec: CaptureSpec,
        backend: Backend,
        (tx, events): (SyncSender<CaptureEvent>, Receiver<CaptureEvent>),
    ) -> Watch {
        let options = CaptureOptions {
            backend,
            ..CaptureOptions::default()
        };
        let capture = Capture::start_with(spec, options, clock(), move |event| drop(tx.send(event)));
        Watch {
            capture: Some(capture),
            events: Some(events),
        }
    }

    fn next(&self) -> Result<CaptureEvent, RecvTimeoutError> {
        self.events
            .as_ref()
            .expect("it is taken only when stopped")
            .recv_timeout(PATIENCE)
    }

    pub(crate) fn started(&self) -> Started {
        match self.next() {
            Ok(CaptureEvent::Started {
                width,
                height,
                rate,
                name,
            }) => Started {
                width,
                height,
                rate,
                name,
            },
            other => panic!("the capture did not start: {other:?}"),
        }
    }

    pub(crate) fn frame(&self) -> CapturedFrame {
        self.frame_or_failure()
            .unwrap_or_else(|error| panic!("no frame came: {error}"))
    }

    pub(crate) fn frame_or_failure(&self) -> Result<CapturedFrame, CaptureError> {
        loop {
            match self.next() {
                Ok(CaptureEvent::Frame(frame)) => return Ok(frame),
                Ok(CaptureEvent::Failed(error)) => return Err(error),
                Ok(CaptureEvent::Started { .. }) => {}
                other => panic!("no frame came: {other:?}"),
            }
        }
    }

    /// The last of `count` frames.
    pub(crate) fn frames(&self, count: u32) -> CapturedFrame {
        for _ in 1..count {
            self.frame();
        }
        self.frame()
    }

    /// How the capture fails, however many frames still come before that.
    pub(crate) fn failure(&self) -> CaptureError {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match self.next() {
                Ok(CaptureEvent::Failed(error)) => return error,
                Ok(CaptureEvent::Frame(_) | CaptureEvent::Started { .. }) => {}
                other => panic!("the capture did not fail: {other:?}"),
            }
        }
        panic!("frames came for {PATIENCE:?} instead of a failure");
    }

    /// How long stopping takes.
    pub(crate) fn stop(mut self) -> Duration {
        drop(self.events.take());
        let began = Instant::now();
        drop(self.capture.take());
        began.elapsed()
    }
}
