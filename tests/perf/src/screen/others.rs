//! The same pictures through GStreamer, into its own window on a display of its own.

use std::io::Write;

use gui_tests::Display;

use super::camera::{CODE_ROW_PERCENT, Camera, Shape};
use super::eye::{Eye, Line};
use super::{DISPLAY, Seen, WARMING, measure};
use crate::Outcome;
use crate::compare::start_pair;

/// Name, receiving and sending command. Nothing holds a picture back: the sink shows what it has at once.
pub(super) const ALL: [(&str, &str, &str); 2] = [
    (
        "GStreamer rtpjpegpay ! udpsink, not encrypted",
        "gst-launch-1.0 -q udpsrc port=47011 buffer-size=4000000 \
         caps=application/x-rtp,media=video,encoding-name=JPEG,payload=26,clock-rate=90000 \
         ! rtpjpegdepay ! jpegdec ! videoconvert ! ximagesink sync=false",
        "gst-launch-1.0 -q fdsrc fd=0 blocksize=1048576 ! jpegparse ! rtpjpegpay \
         ! udpsink host=127.0.0.1 port=47011 sync=false",
    ),
    (
        "GStreamer multipartmux ! tcpserversink, not encrypted",
        "gst-launch-1.0 -q tcpclientsrc host=127.0.0.1 port=47012 ! multipartdemux single-stream=true \
         ! jpegdec ! videoconvert ! ximagesink sync=false",
        "gst-launch-1.0 -q fdsrc fd=0 blocksize=1048576 ! jpegparse ! multipartmux boundary=frame \
         ! tcpserversink host=127.0.0.1 port=47012 sync=false",
    ),
];

pub(super) fn other(receiver: &str, sender: &str, shape: Shape) -> Outcome<Seen> {
    let display = Display::start(DISPLAY.0, DISPLAY.1)?;
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (mut receiver, mut sender) = start_pair(&words(receiver), &words(sender), Some(display.name()))?;
    let mut input = sender.input()?;
    let mut camera = Camera::new(shape)?;
    let mut send = |shot: &super::camera::Shot| {
        input.write_all(&shot.jpeg)?;
        input.flush()?;
        Ok(())
    };
    // A program that has ended takes no pictures; what it was given to show says more of why.
    let played = camera.play(WARMING, &mut send);
    // Without a window manager a window is as large as its picture, in the corner.
    let line = Line {
        x: 0,
        y: i16::try_from(usize::from(shape.height) * CODE_ROW_PERCENT / 100)?,
        width: shape.width,
    };
    let eye = Eye::open(display.name())?;
    if let Err(error) = eye.wait(line) {
        return Err(match receiver.has_ended() {
            true => {
                "it ended by itself; Debian's gstreamer1.0-plugins-good and gstreamer1.0-x have what it needs"
                    .into()
            }
            false => error,
        });
    }
    played?;
    measure(&mut camera, eye, line, &mut send)
}
