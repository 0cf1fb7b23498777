//! The window against replays.

/// Which of the latest packet numbers came already (RFC 4303, appendix A2).
#[derive(Debug)]
pub(super) struct ReplayWindow {
    /// The next number above all that came.
    top: u64,
    bits: [u64; ReplayWindow::WORDS],
}

impl Default for ReplayWindow {
    fn default() -> ReplayWindow {
        ReplayWindow {
            top: 0,
            bits: [0; ReplayWindow::WORDS],
        }
    }
}

impl ReplayWindow {
    const WORDS: usize = 64;
    /// How far behind the highest a number may be.
    const SIZE: u64 = 64 * ReplayWindow::WORDS as u64;

    /// Whether a packet number comes for the first time, and not too late to be known.
    pub(super) fn accept(&mut self, packet: u64) -> bool {
        let Some(above) = packet.checked_add(1) else {
            return false;
        };
        if let Some(ahead) = above.checked_sub(self.top).filter(|ahead| *ahead > 0) {
            if ahead >= ReplayWindow::SIZE {
                self.bits = [0; ReplayWindow::WORDS];
            } else {
                (self.top..above).for_each(|number| {
                    let (word, bit) = self.place(number);
                    *word &= !bit;
                });
            }
            self.top = above;
        } else if self.top.saturating_sub(packet) > ReplayWindow::SIZE {
            return false;
        }
        let (word, bit) = self.place(packet);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    fn place(&mut self, number: u64) -> (&mut u64, u64) {
        let at = number % ReplayWindow::SIZE;
        // The remainder is below the number of words, whatever arrived.
        (&mut self.bits[(at / 64) as usize], 1 << (at % 64))
    }
}
