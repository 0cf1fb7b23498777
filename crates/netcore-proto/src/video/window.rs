use crate::{Span, Time};

/// Where an adaptive window begins. With two, one acknowledgement in ten lost and 30 frames/s, one frame in forty found the
/// window full; with four none did.
const FIRST_FRAMES: usize = 4;
/// The most frames that are ever on their way unacknowledged.
const MAX_FRAMES: usize = 32;
/// A delay this far above twice the least means that frames queue up on the way.
const QUEUE_SLACK: Span = Span::from_millis(20);
/// The least delay is believed for this long.
const LEAST_LASTS: Span = Span::from_secs(10);

/// How many frames may be on their way without an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowMode {
    /// One, as in the classic lab.
    StopAndWait,
    /// Always this many, from 1 to 32.
    Fixed(usize),
    /// As many as keep the way full without letting a queue grow on it.
    Adaptive,
}

/// The number of frames that may be on their way.
///
/// Adaptive, it opens by one for each acknowledgement while frames had to wait for it, and halves, once a delay, when the
/// delay shows a queue: more than twice the least delay lately plus 20 ms.
#[derive(Debug)]
pub(super) struct Window {
    mode: WindowMode,
    frames: usize,
    is_limiting: bool,
    least: Option<(Span, Time)>,
    halved: Time,
}

impl Window {
    pub(super) fn new(mode: WindowMode) -> Window {
        let frames = match mode {
            WindowMode::StopAndWait => 1,
            // An acknowledgement tells of the 32 frames before it, and of no more.
            WindowMode::Fixed(frames) => frames.clamp(1, MAX_FRAMES),
            WindowMode::Adaptive => FIRST_FRAMES,
        };
        Window {
            mode,
            frames,
            is_limiting: false,
            least: None,
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

    /// A frame was acknowledged after `delay`.
    pub(super) fn handle_delay(&mut self, delay: Span, now: Time) {
        if self.mode != WindowMode::Adaptive {
            return;
        }
        let least = match self.least {
            Some((least, at)) if least <= delay && at + LEAST_LASTS > now => least,
            _ => {
                self.least = Some((delay, now));
                delay
            }
        };
        if delay > least.times(2) + QUEUE_SLACK {
            if self.halved + delay <= now {
                self.frames = (self.frames / 2).max(1);
                self.halved = now;
            }
        } else if std::mem::take(&mut self.is_limiting) {
            self.frames = (self.frames + 1).min(MAX_FRAMES);
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
        window.handle_delay(Span::from_millis(1), at(1));
        assert_eq!(window.frames(), FIRST_FRAMES);
        for ms in 2..100 {
            window.handle_limited();
            window.handle_delay(Span::from_millis(1), at(ms));
        }
        assert_eq!(window.frames(), MAX_FRAMES);
    }

    #[test]
    fn a_queue_halves_it_once_a_delay() {
        let mut window = Window::new(WindowMode::Adaptive);
        for ms in 0..20 {
            window.handle_limited();
            window.handle_delay(Span::from_millis(5), at(ms));
        }
        let before = window.frames();
        for ms in [100, 101, 102] {
            window.handle_delay(Span::from_millis(50), at(ms));
        }
        assert_eq!(window.frames(), before / 2);
        for ms in (200..2_000).step_by(100) {
            window.handle_delay(Span::from_millis(50), at(ms));
        }
        assert_eq!(window.frames(), 1);
    }

    #[test]
    fn stop_and_wait_is_one_whatever_happens() {
        let mut window = Window::new(WindowMode::StopAndWait);
        window.handle_limited();
        window.handle_delay(Span::from_millis(1), at(1));
        assert_eq!(window.frames(), 1);
    }
}
