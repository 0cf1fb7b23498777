//! How many frames may be in flight unacknowledged.

use crate::ground::{Span, Time};

/// Where an adaptive window begins. With two, one acknowledgement in ten lost and 30 frames/s, one frame in forty found the
/// window full; with four none did.
const FIRST_FRAMES: usize = 4;
/// The most frames that are ever in flight unacknowledged.
const MAX_FRAMES: usize = 32;
/// A frame that queued for longer means that there are too many.
const QUEUE: Span = Span::from_millis(50);

/// How many frames may be in flight without an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowMode {
    /// One, as in the classic lab.
    StopAndWait,
    /// Always this many, from 1 to 32.
    Fixed(usize),
    /// As many as keep the path full without letting a queue grow on it.
    Adaptive,
}

/// The number of frames that may be in flight.
///
/// Adaptive, it opens by one for each acknowledgement while frames had to wait for it, and halves, once a delay, when frames
/// queue on the path for over 50 ms. What is on the path is bounded by the model of its bottleneck in the first place; this
/// bounds it where frames are too small to show what the path takes.
#[derive(Debug)]
pub(super) struct Window {
    mode: WindowMode,
    frames: usize,
    is_limiting: bool,
    halved: Time,
}

impl Window {
    pub(super) fn new(mode: WindowMode) -> Window {
        let frames = match mode {
            WindowMode::StopAndWait => 1,
            // An acknowledgement covers the 32 frames before it, and no more.
            WindowMode::Fixed(frames) => frames.clamp(1, MAX_FRAMES),
            WindowMode::Adaptive => FIRST_FRAMES,
        };
        Window {
            mode,
            frames,
            is_limiting: false,
            halved: Time::ZERO,
        }
    }

    pub(super) fn frames(&self) -> usize {
        self.frames
    }

    /// A frame could not leave because the window was full.
    pub(super) fn handle_limited(&mut self) {
        self.is_limiting = true;
    }

    pub(super) fn is_adaptive(&self) -> bool {
        self.mode == WindowMode::Adaptive
    }

    /// A frame was acknowledged after `delay`, of which it queued for `queueing`.
    pub(super) fn handle_delay(&mut self, delay: Span, queueing: Span, now: Time) {
        if self.mode != WindowMode::Adaptive {
            return;
        }
        if queueing > QUEUE {
            if self.halved + delay <= now {
                self.frames = (self.frames >> 1).max(1);
                self.halved = now;
            }
        } else if std::mem::take(&mut self.is_limiting) {
            self.frames = self.frames.saturating_add(1).min(MAX_FRAMES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::ZERO + Span::from_millis(ms)
    }

    #[test]
    fn it_opens_only_when_frames_wait() {
        let mut window = Window::new(WindowMode::Adaptive);
        window.handle_delay(Span::from_millis(1), Span::ZERO, at(1));
        assert_eq!(window.frames(), FIRST_FRAMES);
        for ms in 2..100 {
            window.handle_limited();
            window.handle_delay(Span::from_millis(1), Span::ZERO, at(ms));
        }
        assert_eq!(window.frames(), MAX_FRAMES);
    }

    #[test]
    fn a_queue_halves_it_once_a_delay() {
        let mut window = Window::new(WindowMode::Adaptive);
        for ms in 0..20 {
            window.handle_limited();
            window.handle_delay(Span::from_millis(5), Span::ZERO, at(ms));
        }
        let before = window.frames();
        for ms in [100, 101, 102] {
            window.handle_delay(Span::from_millis(60), Span::from_millis(55), at(ms));
        }
        assert_eq!(window.frames(), before / 2);
        for ms in (200..2_000).step_by(100) {
            window.handle_delay(Span::from_millis(60), Span::from_millis(55), at(ms));
        }
        assert_eq!(window.frames(), 1);
    }

    #[test]
    fn stop_and_wait_is_one_whatever_happens() {
        let mut window = Window::new(WindowMode::StopAndWait);
        window.handle_limited();
        window.handle_delay(Span::from_millis(1), Span::ZERO, at(1));
        assert_eq!(window.frames(), 1);
    }
}
