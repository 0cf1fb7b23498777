//! What passes between a camera's thread and the capture that takes its pictures.

use std::time::Duration;

use bytes::Bytes;
use netcore_proto::Time;
use parking_lot::{Condvar, Mutex};

use super::choice::Coding;
use crate::error::CaptureError;
use crate::feed::{Shape, Shot};
use crate::planes::{Planes, Range};

pub(super) enum Message {
    Opened(Shape),
    Picture(Picture),
    Failed(CaptureError),
}

pub(super) struct Picture {
    pub(super) coding: Coding,
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) data: Bytes,
    pub(super) captured: Time,
}

impl Picture {
    pub(super) fn unpack(self, planes: &mut Planes) -> Shot {
        let captured = self.captured;
        planes.resize(self.width, self.height);
        // The buffers are without gaps between rows, as far as nokhwa says.
        let is_whole = match self.coding {
            Coding::Mjpeg => {
                return Shot::Jpeg {
                    data: self.data,
                    captured,
                };
            }
            Coding::Yuyv => planes.fill_from_yuyv(&self.data, 2 * usize::from(self.width), Range::Limited),
            Coding::Nv12 => planes.fill_from_nv12(&self.data, usize::from(self.width), Range::Limited),
            // nokhwa has no names for these.
            Coding::Uyvy | Coding::Yu12 | Coding::Yv12 | Coding::Grey => false,
        };
        if is_whole {
            Shot::Planes { captured }
        } else {
            Shot::Nothing
        }
    }
}

/// What the camera's thread reports, with room for one picture, which a newer one replaces; and the request to stop.
#[derive(Default)]
pub(super) struct Slot {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    opened: Option<Shape>,
    picture: Option<Picture>,
    failed: Option<CaptureError>,
    /// The thread is done with the camera.
    over: bool,
    stop: bool,
}

impl State {
    fn take(&mut self) -> Option<Message> {
        let opened = self.opened.take().map(Message::Opened);
        opened
            .or_else(|| self.picture.take().map(Message::Picture))
            .or_else(|| self.failed.take().map(Message::Failed))
    }
}

impl Slot {
    pub(super) fn opened(&self, shape: Shape) {
        self.state.lock().opened = Some(shape);
        self.changed.notify_all();
    }

    /// `false` when it is time to stop.
    pub(super) fn put(&self, picture: Picture) -> bool {
        let mut state = self.state.lock();
        state.picture = Some(picture);
        self.changed.notify_all();
        !state.stop
    }

    pub(super) fn close(&self, failed: Option<CaptureError>) {
        let mut state = self.state.lock();
        (state.failed, state.over) = (failed, true);
        self.changed.notify_all();
    }

    pub(super) fn take(&self, patience: Duration) -> Option<Message> {
        let is_empty = |state: &mut State| {
            state.opened.is_none() && state.picture.is_none() && state.failed.is_none() && !state.over
        };
        let mut state = self.state.lock();
        self.changed.wait_while_for(&mut state, is_empty, patience);
        state.take()
    }

    pub(super) fn stop(&self) {
        self.state.lock().stop = true;
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.state.lock().stop
    }

    pub(super) fn wait_until_over(&self, patience: Duration) -> bool {
        let mut state = self.state.lock();
        self.changed
            .wait_while_for(&mut state, |state| !state.over, patience);
        state.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::stall::stalled;
    use crate::feed::Tempo;

    #[test]
    fn the_slot_keeps_the_newest_picture_and_ends_with_the_last_word() {
        let picture = |captured| {
            let (data, captured) = (Bytes::from_static(b"x"), Time::from_micros(captured));
            Picture {
                coding: Coding::Mjpeg,
                width: 1,
                height: 1,
                data,
                captured,
            }
        };
        let slot = Slot::default();
        assert!(slot.take(Duration::ZERO).is_none());
        slot.opened(Shape {
            name: String::new(),
            width: 1,
            height: 1,
            rate: 1.0,
            tempo: Tempo::Source,
        });
        assert!(slot.put(picture(1)));
        assert!(slot.put(picture(2)));
        assert!(
            matches!(slot.take(Duration::ZERO), Some(Message::Opened(_))),
            "pictures do not push it out"
        );
        let Some(Message::Picture(newest)) = slot.take(Duration::ZERO) else {
            panic!()
        };
        assert_eq!(newest.captured, Time::from_micros(2));
        slot.stop();
        assert!(!slot.put(picture(3)));
        assert!(!slot.wait_until_over(Duration::ZERO));
        slot.close(Some(stalled("cam")));
        assert!(matches!(slot.take(Duration::ZERO), Some(Message::Picture(_))));
        assert!(matches!(slot.take(Duration::ZERO), Some(Message::Failed(_))));
        assert!(
            slot.take(Duration::from_secs(60)).is_none(),
            "nothing is waited for after the end"
        );
        assert!(slot.wait_until_over(Duration::ZERO));
    }
}
