//! Cameras on Linux, by V4L2's memory-mapped streaming.

mod modes;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::mem;

use bytes::Bytes;
use netcore_proto::Time;
use v4l::buffer::{Flags, Type};
use v4l::capability::Flags as Caps;
use v4l::format::{Colorspace, Quantization};
use v4l::fraction::Fraction;
use v4l::io::mmap::Stream;
use v4l::io::traits::{CaptureStream, Stream as _};
use v4l::video::Capture as _;
use v4l::video::capture::Parameters;
use v4l::{Device, Format};

use modes::fourcc_of;
pub(super) use modes::modes;

use crate::camera::choice::{Coding, Mode, by_preference, offers};
use crate::camera::stall::{STALL, TURN, stalled};
use crate::clock::Clock;
use crate::error::CaptureError;
use crate::feed::{Feed, Shape, Shot, Tempo};
use crate::planes::{Planes, Range};
use crate::source::{SourceId, SourceInfo};
use crate::spec::CaptureSpec;

/// Enough that the driver has one to fill while we hold one and two wait to be taken.
const BUFFERS: u32 = 4;

/// So many modes are tried before a camera that refuses them all is given up.
const MAX_TRIES: usize = 6;

const POLLIN: i16 = 1;

mod errno {
    pub(super) const EPERM: i32 = 1;
    pub(super) const ENOENT: i32 = 2;
    pub(super) const EIO: i32 = 5;
    pub(super) const ENXIO: i32 = 6;
    pub(super) const EACCES: i32 = 13;
    pub(super) const EBUSY: i32 = 16;
    pub(super) const ENODEV: i32 = 19;
}

/// Everything that captures and streams, by number.
pub(super) fn list() -> Vec<SourceInfo> {
    nodes().into_values().filter_map(|path| describe(&path)).collect()
}

/// The device nodes by their numbers. Not the crate's own list, which panics at names that it does not expect.
fn nodes() -> BTreeMap<u32, String> {
    let entries = fs::read_dir("/dev").into_iter().flatten().flatten();
    let numbered = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let number = name.strip_prefix("video")?.parse().ok()?;
        Some((number, format!("/dev/{name}")))
    });
    numbered.collect()
}

/// `None` when it is no camera: cameras have nodes for other things, and other things have nodes.
fn describe(path: &str) -> Option<SourceInfo> {
    let id = SourceId::Camera(path.to_owned());
    let device = match Device::with_path(path) {
        Ok(device) => device,
        // It cannot be asked, but the first node of each device is the one that captures; opening it gives the person the reason.
        Err(error) if is_forbidden(&error) && sysfs(path, "index")? == "0" => {
            return Some(SourceInfo {
                id,
                name: sysfs(path, "name")?,
                formats: Vec::new(),
            });
        }
        Err(_) => return None,
    };
    let card = capture_card(&device)?;
    Some(SourceInfo {
        id,
        name: card,
        formats: offers(&modes(&device)),
    })
}

/// The camera's name, if it is one.
fn capture_card(device: &Device) -> Option<String> {
    let caps = device.query_caps().ok()?;
    caps.capabilities
        .contains(Caps::VIDEO_CAPTURE | Caps::STREAMING)
        .then_some(caps.card)
}

fn sysfs(path: &str, what: &str) -> Option<String> {
    let node = path.strip_prefix("/dev/")?;
    let text = fs::read_to_string(format!("/sys/class/video4linux/{node}/{what}")).ok()?;
    Some(text.trim().to_owned())
}

/// A camera that streams.
pub(super) struct V4l2Feed {
    path: String,
    device: Device,
    /// `None` only while it is being replaced or dropped.
    stream: Option<Stream<'static>>,
    shape: Shape,
    coding: Coding,
    stride: usize,
    range: Range,
    clock: Clock,
    last_good: Time,
    good_since_restart: bool,
}

impl V4l2Feed {
    pub(super) fn open(path: &str, spec: &CaptureSpec, clock: &Clock) -> Result<V4l2Feed, CaptureError> {
        let device = Device::with_path(path).map_err(|error| opening(path, &error))?;
        let unsupported = |reason: &str| CaptureError::FormatUnsupported {
            what: path.to_owned(),
            reason: reason.to_owned(),
        };
        let name = capture_card(&device).ok_or_else(|| unsupported("it is no camera"))?;
        let modes = by_preference(modes(&device), spec);
        let (mode, format) = set_first(&device, path, &modes)?.ok_or_else(|| {
            unsupported(
                "none of its formats is MJPEG, YUYV, UYVY, NV12, YU12, YV12 or GREY, or it refuses them",
            )
        })?;
        let rate = set_rate(&device, &mode);
        let shape = Shape {
            name,
            width: mode.width,
            height: mode.height,
            rate,
            tempo: Tempo::Source,
        };
        let stream = Some(start(&device).map_err(|error| opening(path, &error))?);
        let path = path.to_owned();
        tracing::info!(camera = %path, ?mode, rate, "camera opened");
        Ok(V4l2Feed {
            path,
            device,
            stream,
            shape,
            coding: mode.coding,
            stride: format.stride as usize,
            range: range_of(&format),
            clock: clock.clone(),
            last_good: clock(),
            good_since_restart: false,
        })
    }

    /// Waits for a picture and takes the newest there is: what waited longer is older, and nobody wants to see it any more.
    fn take(&mut self, planes: &mut Planes) -> io::Result<Shot> {
        let Some(stream) = self.stream.as_mut() else {
            return Ok(Shot::Nothing);
        };
        let handle = stream.handle();
        if handle.poll(POLLIN, TURN.as_millis() as i32)? == 0 {
            return Ok(Shot::Nothing);
        }
        for drained in 1..=BUFFERS {
            let (buffer, meta) = stream.next()?;
            if drained < BUFFERS && handle.poll(POLLIN, 0)? != 0 {
                continue;
            }
            let captured = (self.clock)();
            if meta.flags.contains(Flags::ERROR) {
                return Ok(Shot::Nothing);
            }
            let picture = buffer.get(..meta.bytesused as usize).unwrap_or(buffer);
            let stride = self.stride;
            planes.resize(self.shape.width, self.shape.height);
            let is_whole = match self.coding {
                Coding::Mjpeg if picture.is_empty() => false,
                Coding::Mjpeg => {
                    return Ok(Shot::Jpeg {
                        data: Bytes::copy_from_slice(picture),
                        captured,
                    });
                }
                Coding::Yuyv => planes.fill_from_yuyv(picture, stride, self.range),
                Coding::Uyvy => planes.fill_from_uyvy(picture, stride, self.range),
                Coding::Nv12 => planes.fill_from_nv12(picture, stride, self.range),
                Coding::Yu12 => planes.fill_from_yu12(picture, stride, self.range),
                Coding::Yv12 => planes.fill_from_yv12(picture, stride, self.range),
                Coding::Grey => planes.fill_from_grey(picture, stride, self.range),
            };
            return Ok(if is_whole {
                Shot::Planes { captured }
            } else {
                Shot::Nothing
            });
        }
        Ok(Shot::Nothing)
    }

    /// After a fault of the stream the same camera streams again when it is started anew; but not for ever.
    fn restart(&mut self) -> io::Result<()> {
        self.good_since_restart = false;
        self.let_go();
        self.stream = Some(start(&self.device)?);
        Ok(())
    }

    /// The crate's stream panics when it is dropped and the driver refuses to stop it. Then it is better forgotten.
    fn let_go(&mut self) {
        let Some(mut stream) = self.stream.take() else {
            return;
        };
        match stream.stop() {
            Err(error) if error.raw_os_error() != Some(errno::ENODEV) => {
                tracing::warn!(camera = %self.path, %error, "the camera does not stop");
                mem::forget(stream);
            }
            _ => drop(stream),
        }
    }
}

impl Feed for V4l2Feed {
    fn shape(&self) -> Shape {
        self.shape.clone()
    }

    fn next(&mut self, planes: &mut Planes) -> Result<Shot, CaptureError> {
        match self.take(planes) {
            Ok(Shot::Nothing) => {}
            Ok(shot) => {
                self.last_good = (self.clock)();
                self.good_since_restart = true;
                return Ok(shot);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.raw_os_error() == Some(errno::EIO) && self.good_since_restart => {
                tracing::warn!(camera = %self.path, %error, "the camera is started anew");
                self.restart().map_err(|error| running(&self.path, &error))?;
            }
            Err(error) => return Err(running(&self.path, &error)),
        }
        if (self.clock)().since(self.last_good) > STALL {
            return Err(stalled(&self.path));
        }
        Ok(Shot::Nothing)
    }
}

impl Drop for V4l2Feed {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// Sets the camera to the first of `modes` that it takes as it is.
pub(super) fn set_first(
    device: &Device,
    path: &str,
    modes: &[Mode],
) -> Result<Option<(Mode, Format)>, CaptureError> {
    for mode in modes.iter().take(MAX_TRIES) {
        let wanted = Format::new(mode.width.into(), mode.height.into(), fourcc_of(mode.coding));
        match device.set_format(&wanted) {
            Ok(got)
                if (got.width, got.height, got.fourcc) == (wanted.width, wanted.height, wanted.fourcc) =>
            {
                return Ok(Some((*mode, got)));
            }
            Ok(got) => {
                tracing::debug!(camera = path, ?mode, %got, "the camera offers a mode and takes another");
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            Err(error) => return Err(opening(path, &error)),
        }
    }
    Ok(None)
}

/// The rate that came of it; a camera without a choice of rates is left as it is.
pub(super) fn set_rate(device: &Device, mode: &Mode) -> f32 {
    let (seconds, frames) = mode.interval;
    match device.set_params(&Parameters::new(Fraction::new(seconds, frames))) {
        Ok(Parameters {
            interval:
                Fraction {
                    numerator: seconds @ 1..,
                    denominator: frames @ 1..,
                },
            ..
        }) => frames as f32 / seconds as f32,
        _ => mode.rate(),
    }
}

/// Hands all buffers but the first to the driver and starts it.
///
/// `Stream::next` begins by handing back the buffer that it takes for the last one used, which is the first; and would itself start
/// the stream, and then wait. Started here, waiting is left to `poll`, so that nothing waits for longer than a turn.
fn start(device: &Device) -> io::Result<Stream<'static>> {
    let mut stream = Stream::with_buffers(device, Type::VideoCapture, BUFFERS)?;
    for index in 1..BUFFERS as usize {
        match CaptureStream::queue(&mut stream, index) {
            // The driver may have given fewer buffers.
            Err(error) if index > 1 && error.kind() == io::ErrorKind::InvalidInput => break,
            queued => queued?,
        }
    }
    stream.start()?;
    Ok(stream)
}

/// V4L2 leaves the range of YUV to the colour space when the driver does not say, and only JPEG's is full.
fn range_of(format: &Format) -> Range {
    match (format.quantization, format.colorspace) {
        (Quantization::FullRange, _) | (Quantization::Default, Colorspace::JPEG) => Range::Full,
        _ => Range::Limited,
    }
}

fn is_forbidden(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(errno::EACCES | errno::EPERM))
}

pub(super) fn opening(path: &str, error: &io::Error) -> CaptureError {
    match error.raw_os_error() {
        Some(errno::ENOENT | errno::ENODEV | errno::ENXIO) => CaptureError::Absent {
            what: format!("camera {path}"),
        },
        _ => running(path, error),
    }
}

fn running(path: &str, error: &io::Error) -> CaptureError {
    let device = path.to_owned();
    match error.raw_os_error() {
        Some(errno::EBUSY) => CaptureError::Busy { device },
        Some(errno::EACCES | errno::EPERM) => CaptureError::Forbidden { device },
        Some(errno::ENODEV | errno::ENOENT | errno::ENXIO) => CaptureError::Unplugged { device },
        _ => CaptureError::Fault {
            device,
            reason: error.to_string(),
        },
    }
}
