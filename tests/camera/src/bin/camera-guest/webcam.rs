//! A camera of any kind: a thread of this program feeds pictures into `v4l2loopback`.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use media::{Format, sources};
use v4l::video::Output as _;
use v4l::video::output::Parameters;
use v4l::{Device, FourCC};

pub(crate) const CAMERA: &str = "/dev/video5";
pub(crate) const SIZE: (u16, u16) = (640, 360);
const RATE: u16 = 25;

/// The webcam, as long as it is not dropped.
pub(crate) struct Webcam {
    is_over: Arc<AtomicBool>,
    is_silent: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Webcam {
    /// A camera whose pictures are written as `coding` says; `picture` makes each of them by its number.
    pub(crate) fn start(coding: &[u8; 4], picture: fn(u32) -> Vec<u8>) -> Webcam {
        let mut device = Device::with_path(CAMERA).expect("v4l2loopback is loaded");
        let mut format = v4l::Format::new(SIZE.0.into(), SIZE.1.into(), FourCC::new(coding));
        format.size = u32::from(SIZE.0) * u32::from(SIZE.1) * 2;
        let taken = device.set_format(&format).expect("v4l2loopback takes formats");
        assert_eq!(taken.fourcc, format.fourcc, "v4l2loopback takes another format");
        device
            .set_params(&Parameters::with_fps(RATE.into()))
            .expect("v4l2loopback takes a rate");
        let (is_over, is_silent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (over, silent) = (Arc::clone(&is_over), Arc::clone(&is_silent));
        // The first picture makes it a camera.
        device
            .write_all(&picture(0))
            .expect("v4l2loopback takes pictures");
        let body = move || {
            for number in 1.. {
                thread::sleep(Duration::from_millis(40));
                if over.load(Ordering::Relaxed) {
                    return;
                }
                if !silent.load(Ordering::Relaxed) {
                    device
                        .write_all(&picture(number))
                        .expect("v4l2loopback takes pictures");
                }
            }
        };
        Webcam {
            is_over,
            is_silent,
            thread: Some(thread::spawn(body)),
        }
    }

    pub(crate) fn fall_silent(&self) {
        self.is_silent.store(true, Ordering::Relaxed);
    }
}

impl Drop for Webcam {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the webcam has worked");
        }
    }
}

/// The webcam is among the sources, with the one size and rate that it has.
pub(crate) fn assert_listed() {
    let all = sources();
    let listed = all
        .iter()
        .find(|source| source.id.to_string() == format!("camera:{CAMERA}"));
    let listed = listed.unwrap_or_else(|| panic!("it is not listed: {all:?}"));
    assert_eq!(listed.name, "Webcam");
    assert_eq!(
        listed.formats,
        [Format {
            width: SIZE.0,
            height: SIZE.1,
            rate: RATE.into()
        }]
    );
}
