//! Acknowledgement modes, from the classic lab's stop-and-wait to windows with requests and parity.

use crate::ground::{Bitrate, Span};

/// How frames are acknowledged and what is done about lost ones, from the classic lab's to ours.
///
/// TCP repeats what is lost by itself, so there the last three are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AckMode {
    /// One frame in flight at a time; the next leaves when it is acknowledged or given up. What is lost stays lost.
    StopAndWait,
    /// A window of frames in flight. What is lost stays lost.
    Window,
    /// The receiver asks for the fragments that were lost.
    WindowWithRequests,
    /// And while fragments are lost, more are sent from which they can be computed.
    #[default]
    WindowWithRequestsAndParity,
}

impl AckMode {
    /// Every mode, the classic first.
    pub const ALL: [AckMode; 4] = [
        AckMode::StopAndWait,
        AckMode::Window,
        AckMode::WindowWithRequests,
        AckMode::WindowWithRequestsAndParity,
    ];

    /// Whether the sender answers requests for lost fragments.
    pub const fn answers_requests(self) -> bool {
        matches!(
            self,
            AckMode::WindowWithRequests | AckMode::WindowWithRequestsAndParity
        )
    }

    /// Whether the sender adds parity when fragments are lost.
    pub const fn adds_parity(self) -> bool {
        matches!(self, AckMode::WindowWithRequestsAndParity)
    }
}

/// What stop-and-wait reaches in theory: a frame for each time that it takes to send one and to hear of it,
/// *frame / (frame / rate + round trip)*.
///
/// `rate` is the link's, `round_trip` that of a byte, without the frame's own length.
pub fn stop_and_wait_rate(frame_bytes: u64, rate: Bitrate, round_trip: Span) -> Bitrate {
    let cycle = rate.lasts(frame_bytes) + round_trip;
    Bitrate::of(frame_bytes, cycle).unwrap_or(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_theory_is_the_labs() {
        // 100,000 bytes take 8 ms at 100 Mbit/s, and 12 ms pass until that is known: two fifths of the rate.
        let rate = stop_and_wait_rate(100_000, Bitrate(100_000_000), Span::from_millis(12));
        assert_eq!(rate, Bitrate(40_000_000));
        assert_eq!(stop_and_wait_rate(0, Bitrate(7), Span::ZERO), Bitrate(7));
    }
}
