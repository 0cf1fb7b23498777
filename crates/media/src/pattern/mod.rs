//! The test pattern: colour bars, the frame number and clock in large digits, a grey ramp, a square that moves, and the
//! frame number once more for machines.
//!
//! | rows, as fractions of the height | what |
//! | --- | --- |
//! | 0 to 0.55 | eight colour bars; on them a dark panel with the frame number and below it the clock, `hh:mm:ss.mmm` |
//! | 0.55 to 0.65 | grey ramp, black at the left, white at the right |
//! | 0.65 to 0.85 | a white square on dark grey, there and back once in [`SWEEP_FRAMES`] frames |
//! | 0.85 to 1 | mid grey; in it, from 0.88 to 0.96, the frame code |
//!
//! # The frame code
//!
//! One row of [`CODE_CELLS`] = 48 cells, each of `width / 48`, from the left edge to the right edge, from 0.88 to 0.96 of the height.
//! Cell `i` is white for a 1 and black for a 0. Cells 0 to 31 are the frame number, most significant bit first; cells 32 to 47 are
//! the CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF, nothing reflected) of the number's four bytes in network byte order.
//!
//! To read it from the pixels of any picture of it, at any size:
//!
//! ```text
//! level(i) = brightness at x = floor((i + 0.5) / 48 · width), y = floor(0.92 · height)      for i = 0 … 47
//! bit(i)   = level(i) > (min(level) + max(level)) / 2
//! number   = bits 0 … 31, and it counts only if bits 32 … 47 are crc16(its four bytes)
//! ```
//!
//! [`read_code`] does this, averaging over the middle of each cell.

#![cfg_attr(
    not(test),
    expect(
        clippy::arithmetic_side_effects,
        clippy::integer_division,
        clippy::indexing_slicing,
        reason = "the pattern is computed from sides of 16 bits, and read where its sides were compared with the bytes"
    )
)]

mod code;
mod draw;
mod feed;
mod glyphs;

pub use code::{CODE_CELLS, read_code, read_code_planes};
pub use draw::{SWEEP_FRAMES, draw};
pub(crate) use feed::PatternFeed;
