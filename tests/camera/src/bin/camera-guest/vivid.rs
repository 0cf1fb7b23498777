//! What can go wrong with the driver's camera, at the press of a button.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use v4l::Device;
use v4l::control::{Control, Value};
use v4l::video::Capture as _;

/// Its capture node; the next one is an output node, which is no camera.
pub(crate) const CAMERA: &str = "/dev/video0";
pub(crate) const NO_CAMERA: &str = "/dev/video1";
/// Its second device, which has one input for television and nothing that changes a picture's size.
pub(crate) const GRABBER: &str = "/dev/video2";

pub(crate) fn drop_all_buffers(is_on: bool) {
    let percentage = if is_on { 100 } else { 0 };
    press("Percentage of Dropped Buffers", Value::Integer(percentage));
}

pub(crate) fn inject_fatal_error() {
    press("Inject Fatal Streaming Error", Value::Integer(1));
}

/// The next buffer comes with its error flag set.
pub(crate) fn inject_flagged_buffer() {
    press("Inject V4L2_BUF_FLAG_ERROR", Value::Integer(1));
}

pub(crate) fn unplug() {
    bind("unbind", false);
}

pub(crate) fn plug_in() {
    bind("bind", true);
}

/// Fails unless the driver of `device` lists formats and no size of any of them.
pub(crate) fn assert_lists_no_sizes(device: &str) {
    let device = Device::with_path(device).expect("the grabber opens");
    let formats = device.enum_formats().expect("it lists formats");
    assert!(!formats.is_empty());
    for format in formats {
        let sizes = device.enum_framesizes(format.fourcc).unwrap_or_default();
        assert!(sizes.is_empty(), "{} has sizes", format.fourcc);
    }
}

fn bind(file: &str, should_exist: bool) {
    let path = format!("/sys/bus/platform/drivers/vivid/{file}");
    fs::write(&path, "vivid.0").unwrap_or_else(|error| panic!("{path}: {error}"));
    let until = Instant::now() + Duration::from_secs(10);
    while Path::new(CAMERA).exists() != should_exist {
        assert!(
            Instant::now() < until,
            "after {file}, {CAMERA} exists: {}",
            !should_exist
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn press(name: &str, value: Value) {
    let device = Device::with_path(CAMERA).expect("the camera opens a second time for its controls");
    let controls = device.query_controls().expect("vivid has controls");
    let control = controls.iter().find(|control| control.name == name);
    let names = || {
        controls
            .iter()
            .map(|control| control.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let id = control
        .unwrap_or_else(|| panic!("vivid has no control \"{name}\" among: {}", names()))
        .id;
    device
        .set_control(Control { id, value })
        .unwrap_or_else(|error| panic!("{name}: {error}"));
}
