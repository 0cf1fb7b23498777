//! Cameras that give pixels in the orders that `vivid` is not asked for: colour bars in limited range, computed here anew.

use media::Backend;

use crate::scenarios::{BARS, assert_bars, assert_colour_bars};
use crate::watch::{Watch, camera};
use crate::webcam::{CAMERA, SIZE, Webcam, assert_listed};

const WIDTH: usize = SIZE.0 as usize;
const HEIGHT: usize = SIZE.1 as usize;

/// Luma, Cb and Cr (ITU-R BT.601) of the bar at a column.
fn colour_at(column: usize) -> [u8; 3] {
    let [r, g, b] = BARS[column * BARS.len() / WIDTH].1.map(f32::from);
    let luma = 0.299 * r + 0.587 * g + 0.114 * b;
    let chroma = |side: f32, most: f32| 128.0 + (side - luma) / most * 112.0 / 255.0;
    [16.0 + luma * 219.0 / 255.0, chroma(b, 0.886), chroma(r, 0.701)].map(|sample| sample.round() as u8)
}

fn yu12(_: u32) -> Vec<u8> {
    let plane = |of: usize, apart: usize| {
        let row = (0..WIDTH).step_by(apart).map(|column| colour_at(column)[of]);
        row.collect::<Vec<u8>>().repeat(HEIGHT / apart)
    };
    [plane(0, 1), plane(1, 2), plane(2, 2)].concat()
}

fn uyvy(_: u32) -> Vec<u8> {
    let pair = |column: usize| {
        let [luma, u, v] = colour_at(column);
        [u, luma, v, colour_at(column + 1)[0]]
    };
    let row: Vec<u8> = (0..WIDTH).step_by(2).flat_map(pair).collect();
    row.repeat(HEIGHT)
}

fn grey(_: u32) -> Vec<u8> {
    let row: Vec<u8> = (0..WIDTH).map(|column| colour_at(column)[0]).collect();
    row.repeat(HEIGHT)
}

pub(crate) fn of_yu12() {
    expect_colours(b"YU12", yu12);
}

pub(crate) fn of_uyvy() {
    expect_colours(b"UYVY", uyvy);
}

fn expect_colours(coding: &[u8; 4], picture: fn(u32) -> Vec<u8>) {
    let _webcam = Webcam::start(coding, picture);
    assert_listed();
    let watch = Watch::start(camera(CAMERA, SIZE.0, SIZE.1), Backend::Native);
    for _ in 0..3 {
        assert_colour_bars(&watch.frame(), SIZE.0, SIZE.1);
    }
}

pub(crate) fn of_grey() {
    let _webcam = Webcam::start(b"GREY", grey);
    assert_listed();
    let watch = Watch::start(camera(CAMERA, SIZE.0, SIZE.1), Backend::Native);
    let bars = BARS.map(|(name, [r, g, b])| {
        let luma = 0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b);
        (name, [luma.round() as u8; 3])
    });
    for _ in 0..3 {
        assert_bars(&watch.frame(), SIZE, &bars);
    }
}
