//! Drawing the pattern.

use netcore_proto::Time;

use super::code::{self, CODE_CELLS};
use super::glyphs;
use crate::planes::{Planes, PlanesMut};

/// In how many frames the square goes to the right and comes back.
pub const SWEEP_FRAMES: u32 = 240;

/// Y, U and V (BT.601, full range) of white, yellow, cyan, green, magenta, red, blue and black.
const BARS: [Colour; 8] = [
    Colour(255, 128, 128),
    Colour(226, 0, 149),
    Colour(179, 171, 0),
    Colour(150, 44, 21),
    Colour(105, 212, 235),
    Colour(76, 85, 255),
    Colour(29, 255, 107),
    BLACK,
];
const BLACK: Colour = Colour(0, 128, 128);
const WHITE: Colour = Colour(255, 128, 128);
const PANEL: Colour = Colour(24, 128, 128);
const DARK_GREY: Colour = Colour(48, 128, 128);
const MID_GREY: Colour = Colour(128, 128, 128);

/// Digits of the greatest frame number.
const NUMBER_DIGITS: usize = 10;
const CLOCK_DIGITS: usize = 12;

#[derive(Clone, Copy)]
struct Colour(u8, u8, u8);

/// Draws frame `number` at moment `now` over the whole of `planes`.
///
/// Everything that a person reads is legible from 320×180 on; the frame code is from 96 pixels of width on.
pub fn draw(planes: &mut Planes, number: u32, now: Time) {
    let mut canvas = Canvas::new(planes);
    let (width, height) = (canvas.width, canvas.height);
    let row = |fraction: f32| (fraction * height as f32) as usize;

    for (bar, colour) in BARS.iter().enumerate() {
        canvas.fill(bar * width / 8..(bar + 1) * width / 8, 0..row(0.55), *colour);
    }
    draw_panel(&mut canvas, number, now);
    canvas.ramp(row(0.55)..row(0.65));
    canvas.fill(0..width, row(0.65)..row(0.85), DARK_GREY);
    draw_square(&mut canvas, number);
    canvas.fill(0..width, row(0.85)..height, MID_GREY);
    for (cell, is_one) in code::cells(number).into_iter().enumerate() {
        let columns = cell * width / CODE_CELLS..(cell + 1) * width / CODE_CELLS;
        canvas.fill(columns, row(0.88)..row(0.96), if is_one { WHITE } else { BLACK });
    }
}

/// Number and clock, in whole pixels per dot of a glyph so that edges stay sharp.
fn draw_panel(canvas: &mut Canvas<'_>, number: u32, now: Time) {
    let (width, height) = (canvas.width, canvas.height);
    let dot = |digits: usize, share_of_height: f32| {
        let across = 0.76 * width as f32 / (digits * glyphs::ADVANCE) as f32;
        let down = share_of_height * height as f32 / glyphs::HEIGHT as f32;
        across.min(down).max(1.0) as usize
    };
    canvas.fill(
        width / 10..width - width / 10,
        height * 8 / 100..height * 47 / 100,
        PANEL,
    );
    let (number_dot, clock_dot) = (dot(NUMBER_DIGITS, 0.2), dot(CLOCK_DIGITS, 0.11));
    canvas.text(&number.to_string(), height * 11 / 100, number_dot);
    let ms = now.as_micros() / 1_000;
    let (h, m, s) = (ms / 3_600_000 % 100, ms / 60_000 % 60, ms / 1_000 % 60);
    canvas.text(
        &format!("{h:02}:{m:02}:{s:02}.{:03}", ms % 1_000),
        height * 34 / 100,
        clock_dot,
    );
}

fn draw_square(canvas: &mut Canvas<'_>, number: u32) {
    let (width, height) = (canvas.width, canvas.height);
    let size = (height * 12 / 100).min(width);
    let phase = (number % SWEEP_FRAMES) as usize;
    let half = SWEEP_FRAMES as usize / 2;
    let from_left = if phase < half { phase } else { 2 * half - phase };
    let left = (width - size) * from_left / half;
    let top = height * 69 / 100;
    canvas.fill(left..left + size, top..top + size, WHITE);
}

type Span = std::ops::Range<usize>;

/// Rectangles of one colour on planar YUV: each is filled by whole rows, which is as fast as memory.
struct Canvas<'a> {
    planes: PlanesMut<'a>,
    width: usize,
    height: usize,
    luma_stride: usize,
    chroma_stride: usize,
}

impl Canvas<'_> {
    fn new(planes: &mut Planes) -> Canvas<'_> {
        let (width, height) = (usize::from(planes.width()), usize::from(planes.height()));
        let (luma_stride, chroma_stride) = (planes.luma_stride(), planes.chroma_stride());
        Canvas {
            planes: planes.split_mut(),
            width,
            height,
            luma_stride,
            chroma_stride,
        }
    }

    fn fill(&mut self, columns: Span, rows: Span, Colour(y, u, v): Colour) {
        let (columns, rows) = (clip(columns, self.width), clip(rows, self.height));
        for row in rows.clone() {
            self.planes.y[row * self.luma_stride..][columns.clone()].fill(y);
        }
        let halves = columns.start / 2..columns.end.div_ceil(2);
        for row in rows.start / 2..rows.end.div_ceil(2) {
            let start = row * self.chroma_stride;
            self.planes.u[start..][halves.clone()].fill(u);
            self.planes.v[start..][halves.clone()].fill(v);
        }
    }

    fn ramp(&mut self, rows: Span) {
        self.fill(0..self.width, rows.clone(), MID_GREY);
        let steps = self.width.max(2) - 1;
        let line: Vec<u8> = (0..self.width).map(|x| (x * 255 / steps) as u8).collect();
        for row in clip(rows, self.height) {
            self.planes.y[row * self.luma_stride..][..self.width].copy_from_slice(&line);
        }
    }

    /// White text in the middle of the width, `dot` pixels for each dot of a glyph.
    fn text(&mut self, text: &str, top: usize, dot: usize) {
        let length = text.len() * glyphs::ADVANCE * dot;
        let mut left = self.width.saturating_sub(length) / 2;
        for glyph in text.bytes().map(glyphs::rows_of) {
            for (row, dots) in glyph.iter().enumerate() {
                for column in
                    (0..glyphs::WIDTH).filter(|column| dots >> (glyphs::WIDTH - 1 - column) & 1 == 1)
                {
                    let (x, y) = (left + column * dot, top + row * dot);
                    self.fill(x..x + dot, y..y + dot, WHITE);
                }
            }
            left += glyphs::ADVANCE * dot;
        }
    }
}

fn clip(span: Span, end: usize) -> Span {
    span.start.min(end)..span.end.min(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::{Decoder, Encoder, Limits};
    use crate::pattern::{read_code, read_code_planes};

    const SIZES: [(u16, u16); 5] = [(320, 180), (640, 480), (854, 480), (1280, 720), (1920, 1080)];

    #[test]
    fn the_frame_number_is_read_back_at_every_size_and_a_low_quality() {
        let mut encoder = Encoder::new().unwrap();
        let mut decoder = Decoder::new(Limits::default()).unwrap();
        for (width, height) in SIZES {
            let mut planes = Planes::new(width, height);
            for number in [0, 1, 2, 41, 255, 65_536, 0x5555_5555, 0xAAAA_AAAA, u32::MAX] {
                draw(&mut planes, number, Time::from_micros(u64::from(number)));
                assert_eq!(read_code_planes(&planes), Some(number));
                let jpeg = encoder.planes(&planes, 20).unwrap();
                let rgb = decoder.rgb(&jpeg).unwrap();
                assert_eq!(
                    read_code(&rgb.pixels, width, height),
                    Some(number),
                    "{width}×{height}"
                );
            }
        }
    }

    #[test]
    fn the_frame_number_survives_scaling() {
        let mut planes = Planes::new(1280, 720);
        draw(&mut planes, 123_456_789, Time::ZERO);
        for (width, height) in [(1000, 563), (417, 233), (333, 250), (160, 90), (96, 54)] {
            let mut small = Planes::new(width, height);
            planes.scale_into(&mut small);
            let jpeg = Encoder::new().unwrap().planes(&small, 50).unwrap();
            let rgb = Decoder::new(Limits::default()).unwrap().rgb(&jpeg).unwrap();
            assert_eq!(
                read_code(&rgb.pixels, width, height),
                Some(123_456_789),
                "{width}×{height}"
            );
        }
    }

    #[test]
    fn the_bars_have_their_colours() {
        let mut planes = Planes::new(1280, 720);
        draw(&mut planes, 0, Time::ZERO);
        let jpeg = Encoder::new().unwrap().planes(&planes, 95).unwrap();
        let rgb = Decoder::new(Limits::default()).unwrap().rgb(&jpeg).unwrap();
        let expected = [
            [255, 255, 255],
            [255, 255, 0],
            [0, 255, 255],
            [0, 255, 0],
            [255, 0, 255],
            [255, 0, 0],
            [0, 0, 255],
            [0, 0, 0],
        ];
        for (bar, expected) in expected.iter().enumerate() {
            let at = 3 * (20 * 1280 + bar * 160 + 80);
            let found = &rgb.pixels[at..at + 3];
            assert!(
                found.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) < 10),
                "bar {bar} is {found:?}"
            );
        }
    }

    #[test]
    fn the_square_moves_and_the_clock_runs() {
        let (mut one, mut two) = (Planes::new(320, 180), Planes::new(320, 180));
        draw(&mut one, 10, Time::ZERO);
        draw(&mut two, 40, Time::ZERO);
        let strip = |planes: &Planes| planes.luma().0[320 * 130..320 * 131].to_vec();
        assert_ne!(strip(&one), strip(&two));
        draw(&mut two, 10, Time::from_micros(1_000));
        assert_ne!(one, two);
    }

    #[test]
    fn tiny_and_odd_sizes_are_drawn_without_harm() {
        for (width, height) in [(0, 0), (1, 1), (2, 200), (200, 2), (47, 31), (321, 181)] {
            draw(
                &mut Planes::new(width, height),
                u32::MAX,
                Time::from_micros(u64::MAX),
            );
        }
    }
}
