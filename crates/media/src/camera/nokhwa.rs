//! Cameras by `nokhwa`: AVFoundation on macOS, Media Foundation on Windows, and V4L2 on request.
//!
//! `nokhwa`'s `frame` has no time limit, and its camera may not leave the thread that made it. So each camera lives on a thread of its
//! own that does nothing but wait for pictures and leave the newest in a slot; a thread whose camera stalls is left behind, and ends
//! when the camera gives a picture or goes away.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use netcore_proto::Time;
use nokhwa::Camera;
use nokhwa::utils::{
    CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType, Resolution,
};

use super::choice::{Coding, Mode, by_preference};
use super::slot::{Message, Picture, Slot};
use super::stall::{STALL, TURN, stalled};
use crate::clock::Clock;
use crate::error::CaptureError;
use crate::feed::{Feed, Shape, Shot, Tempo};
use crate::planes::Planes;
use crate::spec::CaptureSpec;

/// How long opening may take; on macOS a person is asked for permission meanwhile.
const OPENING: Duration = Duration::from_secs(60);

/// How long a camera may take to give its last picture when it is let go of.
const GOODBYE: Duration = Duration::from_millis(1_000);

/// So many modes are tried before a camera that refuses them all is given up.
const MAX_TRIES: usize = 6;

/// The cameras that the system names.
#[cfg(not(target_os = "linux"))]
pub(super) fn list() -> Vec<crate::source::SourceInfo> {
    #[cfg(windows)]
    super::apartment::prepare();
    let cameras = nokhwa::query(nokhwa::utils::ApiBackend::Auto).unwrap_or_else(|error| {
        tracing::warn!(%error, "the system does not list its cameras");
        Vec::new()
    });
    let info = |camera: nokhwa::utils::CameraInfo| crate::source::SourceInfo {
        // The system's own identifier stays the same when another camera is plugged in; the number may not.
        id: crate::source::SourceId::Camera(match camera.misc() {
            id if id.is_empty() => camera.index().as_string(),
            id => id,
        }),
        name: camera.human_name(),
        // To ask a camera for its formats is to switch it on.
        formats: Vec::new(),
    };
    cameras.into_iter().map(info).collect()
}

/// A camera on its thread.
pub(super) struct NokhwaFeed {
    device: String,
    slot: Arc<Slot>,
    shape: Shape,
    clock: Clock,
    last_good: Time,
}

impl NokhwaFeed {
    pub(super) fn open(device: &str, spec: &CaptureSpec, clock: &Clock) -> Result<NokhwaFeed, CaptureError> {
        let slot = Arc::new(Slot::default());
        let (seen, name, spec, its_clock) =
            (Arc::clone(&slot), device.to_owned(), spec.clone(), clock.clone());
        let body = move || {
            let end = run(&name, &spec, &its_clock, &seen).err();
            seen.close(end);
        };
        let spawned = thread::Builder::new().name("camera".to_owned()).spawn(body);
        spawned.map_err(|error| CaptureError::Fault {
            device: device.to_owned(),
            reason: error.to_string(),
        })?;
        match slot.take(OPENING) {
            Some(Message::Opened(shape)) => {
                let (device, clock) = (device.to_owned(), clock.clone());
                Ok(NokhwaFeed {
                    device,
                    slot,
                    shape,
                    last_good: clock(),
                    clock,
                })
            }
            Some(Message::Failed(error)) => Err(error),
            _ => {
                slot.stop();
                Err(stalled(device))
            }
        }
    }
}

impl Feed for NokhwaFeed {
    fn shape(&self) -> Shape {
        self.shape.clone()
    }

    fn next(&mut self, planes: &mut Planes) -> Result<Shot, CaptureError> {
        let shot = match self.slot.take(TURN) {
            Some(Message::Picture(picture)) => picture.unpack(planes),
            Some(Message::Failed(error)) => return Err(error),
            Some(Message::Opened(_)) | None => Shot::Nothing,
        };
        let now = (self.clock)();
        match shot {
            Shot::Nothing if now.since(self.last_good) > STALL => Err(stalled(&self.device)),
            Shot::Nothing => Ok(shot),
            _ => {
                self.last_good = now;
                Ok(shot)
            }
        }
    }
}

impl Drop for NokhwaFeed {
    fn drop(&mut self) {
        self.slot.stop();
        if !self.slot.wait_until_over(GOODBYE) {
            tracing::warn!(camera = %self.device, "the camera gives no picture and is left to its thread");
        }
    }
}

/// The whole life of a camera, on one thread.
fn run(device: &str, spec: &CaptureSpec, clock: &Clock, slot: &Slot) -> Result<(), CaptureError> {
    #[cfg(windows)]
    super::apartment::prepare();
    ask_for_permission(device)?;
    let mut camera = open_camera(device, spec)?;
    let format = camera.camera_format();
    let unsupported = |reason: String| CaptureError::FormatUnsupported {
        what: device.to_owned(),
        reason,
    };
    let mode = mode_of(&format).ok_or_else(|| unsupported(format!("it gives {format}")))?;
    camera.open_stream().map_err(|error| translate(device, &error))?;
    let name = camera.info().human_name();
    let shape = Shape {
        name,
        width: mode.width,
        height: mode.height,
        rate: mode.rate(),
        tempo: Tempo::Source,
    };
    tracing::info!(camera = device, ?mode, "camera opened by nokhwa");
    slot.opened(shape);
    let mut goes_on = !slot.is_stopped();
    while goes_on {
        let buffer = camera.frame().map_err(|error| translate(device, &error))?;
        let captured = clock();
        let size = buffer.resolution();
        let (Ok(width), Ok(height)) = (size.width().try_into(), size.height().try_into()) else {
            continue;
        };
        let Some(coding) = coding_of(buffer.source_frame_format()) else {
            continue;
        };
        let data = buffer.buffer_bytes();
        goes_on = slot.put(Picture {
            coding,
            width,
            height,
            data,
            captured,
        });
    }
    if let Err(error) = camera.stop_stream() {
        tracing::debug!(camera = device, %error, "the camera does not stop by itself");
    }
    Ok(())
}

/// Opens the camera in the best of the modes that it really takes.
#[cfg(target_os = "linux")]
fn open_camera(device: &str, spec: &CaptureSpec) -> Result<Camera, CaptureError> {
    use super::v4l2;

    let unsupported = |reason: &str| CaptureError::FormatUnsupported {
        what: device.to_owned(),
        reason: reason.to_owned(),
    };
    let number = device
        .strip_prefix("/dev/video")
        .and_then(|number| number.parse().ok());
    let number = number.ok_or_else(|| CaptureError::Absent {
        what: format!("camera {device}"),
    })?;
    let node = v4l::Device::with_path(device).map_err(|error| v4l2::opening(device, &error))?;
    let mut last = unsupported("none of its formats is MJPEG, YUYV or NV12");
    for mode in by_preference(v4l2::modes(&node), spec)
        .into_iter()
        .filter(|mode| coding_of(format_of(mode.coding)) == Some(mode.coding))
        .take(MAX_TRIES)
    {
        // nokhwa opens no camera whose present state it does not know, whatever it is asked for. So the camera is set beforehand,
        // and only to whole rates.
        let (seconds, frames) = mode.interval;
        if frames.checked_rem(seconds) != Some(0) || v4l2::set_first(&node, device, &[mode])?.is_none() {
            continue;
        }
        v4l2::set_rate(&node, &mode);
        match Camera::new(
            CameraIndex::Index(number),
            request(&mode, &[format_of(mode.coding)]),
        ) {
            Ok(camera) => return Ok(camera),
            Err(error) => last = translate(device, &error),
        }
    }
    Err(last)
}

/// Opens the camera in one of the usual sizes, best first.
///
/// What a camera offers is not to be had from nokhwa here: of the modes of one coding it lists those of all others. And it has the
/// system turn pictures into the coding that the camera is set to, which for JPEG ends the program; YUYV can always be had.
#[cfg(target_os = "macos")]
fn open_camera(device: &str, spec: &CaptureSpec) -> Result<Camera, CaptureError> {
    const SIZES: [(u16, u16); 4] = [(640, 480), (960, 540), (1280, 720), (1920, 1080)];
    const USUAL_RATE: u32 = 30;
    let formats = [FrameFormat::YUYV];
    let rate = if spec.rate >= 1.0 {
        spec.rate.round() as u32
    } else {
        USUAL_RATE
    };
    let asked = Some((spec.width, spec.height)).filter(|size| *size != (0, 0) && !SIZES.contains(size));
    let modes = asked.into_iter().chain(SIZES).map(|(width, height)| Mode {
        coding: Coding::Yuyv,
        width,
        height,
        interval: (1, rate),
    });
    let mut requests: Vec<RequestedFormat<'_>> = by_preference(modes.collect(), spec)
        .iter()
        .take(MAX_TRIES.saturating_sub(1))
        .map(|mode| request(mode, &formats))
        .collect();
    requests.push(RequestedFormat::with_formats(RequestedFormatType::None, &formats));
    let mut last = CaptureError::FormatUnsupported {
        what: device.to_owned(),
        reason: "none of its formats can be had as YUYV".to_owned(),
    };
    for request in requests {
        let opened = Camera::new(index_of(device), request).and_then(|mut camera| {
            // A mode is set by its size and rate alone, so that it may have become one of another coding.
            let format = camera.refresh_camera_format()?;
            Ok((format.format() == FrameFormat::YUYV).then_some(camera))
        });
        match opened {
            Ok(Some(camera)) => return Ok(camera),
            Ok(None) => tracing::debug!(camera = device, %request, "a mode has become another"),
            Err(error) => last = translate(device, &error),
        }
    }
    Err(last)
}

/// Opens the camera in the best of the modes that it really takes.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn open_camera(device: &str, spec: &CaptureSpec) -> Result<Camera, CaptureError> {
    let formats = [FrameFormat::MJPEG, FrameFormat::YUYV, FrameFormat::NV12];
    let any = RequestedFormat::with_formats(RequestedFormatType::None, &formats);
    let mut camera = Camera::new(index_of(device), any).map_err(|error| translate(device, &error))?;
    let offered = camera
        .compatible_camera_formats()
        .map_err(|error| translate(device, &error))?;
    let modes = offered.iter().filter_map(mode_of).collect();
    for mode in by_preference(modes, spec).into_iter().take(MAX_TRIES) {
        let exact = RequestedFormatType::Exact(camera_format(&mode));
        let formats = [format_of(mode.coding)];
        match camera.set_camera_requset(RequestedFormat::with_formats(exact, &formats)) {
            Ok(_) => return Ok(camera),
            Err(error) => tracing::debug!(camera = device, ?mode, %error, "a mode is refused"),
        }
    }
    // None was accepted; the one that it was opened with may do.
    Ok(camera)
}

#[cfg(not(target_os = "linux"))]
fn index_of(device: &str) -> CameraIndex {
    match device.parse() {
        Ok(number) => CameraIndex::Index(number),
        Err(_) => CameraIndex::String(device.to_owned()),
    }
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn request<'a>(mode: &Mode, formats: &'a [FrameFormat]) -> RequestedFormat<'a> {
    RequestedFormat::with_formats(RequestedFormatType::Closest(camera_format(mode)), formats)
}

fn camera_format(mode: &Mode) -> CameraFormat {
    let size = Resolution::new(mode.width.into(), mode.height.into());
    CameraFormat::new(size, format_of(mode.coding), mode.rate().round() as u32)
}

fn mode_of(format: &CameraFormat) -> Option<Mode> {
    Some(Mode {
        coding: coding_of(format.format())?,
        width: format.width().try_into().ok()?,
        height: format.height().try_into().ok()?,
        interval: (1, format.frame_rate()),
    })
}

fn coding_of(format: FrameFormat) -> Option<Coding> {
    match format {
        FrameFormat::MJPEG => Some(Coding::Mjpeg),
        FrameFormat::YUYV => Some(Coding::Yuyv),
        FrameFormat::NV12 => Some(Coding::Nv12),
        _ => None,
    }
}

fn format_of(coding: Coding) -> FrameFormat {
    match coding {
        Coding::Mjpeg => FrameFormat::MJPEG,
        Coding::Nv12 => FrameFormat::NV12,
        // The others come from V4L2's own list, of which only what has a name here is asked for.
        Coding::Yuyv | Coding::Uyvy | Coding::Yu12 | Coding::Yv12 | Coding::Grey => FrameFormat::YUYV,
    }
}

/// macOS asks the person before the first picture, and ends a program that does not wait for the answer.
#[cfg(target_os = "macos")]
fn ask_for_permission(device: &str) -> Result<(), CaptureError> {
    if nokhwa::nokhwa_check() {
        return Ok(());
    }
    let (tx, rx) = std::sync::mpsc::sync_channel(1);
    // There is room for the one answer that is waited for.
    nokhwa::nokhwa_initialize(move |allowed| {
        let _ = tx.try_send(allowed);
    });
    match rx.recv_timeout(OPENING) {
        Ok(true) => Ok(()),
        _ => Err(CaptureError::Forbidden {
            device: device.to_owned(),
        }),
    }
}

#[cfg(not(target_os = "macos"))]
fn ask_for_permission(_device: &str) -> Result<(), CaptureError> {
    Ok(())
}

/// nokhwa passes the system's errors on as words only.
fn translate(device: &str, error: &nokhwa::NokhwaError) -> CaptureError {
    let words = error.to_string();
    let says = |signs: &[&str]| signs.iter().any(|sign| words.contains(sign));
    let device = device.to_owned();
    // Its own words, on Windows and macOS, for what is not in the list.
    let is_absent = matches!(error, nokhwa::NokhwaError::OpenDeviceError(_, reason)
        if matches!(reason.as_str(), "No device" | "Not Found" | "Device is null"));
    // Linux: EBUSY; Windows: MF_E_HW_MFT_FAILED_START_STREAMING, a sharing violation.
    if says(&["os error 16)", "0xC00D3704", "0x80070020"]) {
        CaptureError::Busy { device }
    } else if says(&["os error 13)", "os error 1)", "0x80070005"]) {
        CaptureError::Forbidden { device }
    } else if says(&["os error 19)", "0xC00D3EA2"]) {
        CaptureError::Unplugged { device }
    } else if is_absent || says(&["os error 2)", "os error 6)"]) {
        CaptureError::Absent {
            what: format!("camera {device}"),
        }
    } else {
        CaptureError::Fault {
            device,
            reason: words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nokhwa::NokhwaError;

    #[test]
    fn the_systems_errors_are_distinguished_by_their_words() {
        let error = |words: &str| translate("cam", &NokhwaError::ReadFrameError(words.to_owned())).code();
        assert_eq!(error("Device or resource busy (os error 16)"), "busy");
        assert_eq!(error("Permission denied (os error 13)"), "forbidden");
        assert_eq!(error("No such device (os error 19)"), "unplugged");
        assert_eq!(error("No such file or directory (os error 2)"), "absent");
        assert_eq!(error("Input/output error (os error 5)"), "fault");
        for reason in ["No device", "Not Found", "Device is null"] {
            let error = NokhwaError::OpenDeviceError("cam".to_owned(), reason.to_owned());
            assert_eq!(translate("cam", &error).code(), "absent");
        }
    }

    // macOS asks a person before it answers.
    #[cfg(not(target_os = "macos"))]
    #[test]
    fn a_camera_that_is_not_there_is_absent() {
        let clock: Clock = Arc::new(|| Time::ZERO);
        for device in ["/dev/video999", "nonsense"] {
            let opened = NokhwaFeed::open(device, &CaptureSpec::default(), &clock);
            assert_eq!(opened.err().map(|error| error.code()), Some("absent"), "{device}");
        }
    }
}
