use std::sync::Arc;
use std::sync::atomic::Ordering;

use netcore_proto::video::{
    Adaptation, AdaptationConfig, EncodingTarget, Frame, FrameHeader, StreamDescription,
};
use netcore_proto::{Bitrate, FrameNumber, StreamId, Time};

use super::hub::ShownFrame;
use super::own::OwnStream;
use super::plane::Plane;
use crate::clock;
use crate::error::VideoError;

/// Our side of a stream we publish. Dropping it ends the stream. It outlives connections: when one comes back, the stream is
/// published again under a new number.
pub struct Publisher {
    plane: Arc<Plane>,
    local: u64,
    own: Arc<OwnStream>,
}

impl Publisher {
    pub(crate) async fn start(plane: Arc<Plane>, spec: StreamDescription) -> Result<Publisher, VideoError> {
        let spec = spec.sanitized();
        let local = crate::local::next_local();
        let own = OwnStream::new(spec.clone());
        let answer = plane.expect(local, own.clone());
        // From here on the stream ends with this value, also when the caller stops waiting for it.
        let publisher = Publisher { plane, local, own };
        let asked = publisher
            .plane
            .shared()
            .call(move |node, _| node.publish(local, &spec))
            .await;
        if !matches!(asked, Some(Ok(()))) {
            return Err(VideoError::NotConnected);
        }
        match answer.await {
            Ok(Ok(())) => Ok(publisher),
            Ok(Err(refusal)) => Err(VideoError::Refused(refusal)),
            Err(_) => Err(VideoError::NotConnected),
        }
    }

    /// The stream's number in the room; `None` while there is no connection.
    pub fn stream(&self) -> Option<StreamId> {
        self.own.live().map(|stream| stream.info().id)
    }

    /// What the stream is now.
    pub fn spec(&self) -> StreamDescription {
        self.own.spec()
    }

    /// From now on [`send`](Publisher::send) returns how to make the next picture, within these bounds.
    pub fn adapt(&self, config: AdaptationConfig) {
        *self.own.adaptation.lock() = Some(Adaptation::new(config));
    }

    /// A new picture, taken at `captured` and encoded at `encoded` on our clock. It is numbered, shown here and sent to
    /// those who watch; a picture that is too late everywhere is dropped. Never blocks.
    ///
    /// Returns how to make the next one so that it fits the path, once [`adapt`](Publisher::adapt) has said how far that may
    /// go. The best path counts where there are several: a viewer with a narrower one gets fewer of the frames.
    pub fn send(
        &self,
        jpeg: &[u8],
        width: u16,
        height: u16,
        captured: Time,
        encoded: Time,
    ) -> Option<EncodingTarget> {
        let number = FrameNumber(self.own.next.fetch_add(1, Ordering::Relaxed));
        let stream = self.own.live()?;
        let header = FrameHeader {
            stream: stream.info().id,
            frame: number,
            length: 0,
            width,
            height,
            captured,
            encode_us: u32::try_from(encoded.since(captured).as_micros()).unwrap_or(u32::MAX),
        };
        match Frame::new(header, jpeg) {
            Ok(frame) => {
                stream.hub().publish(ShownFrame {
                    frame,
                    transport: None,
                    received: clock::now(),
                    missed: 0,
                });
            }
            Err(error) => tracing::warn!(%error, "a picture cannot be sent"),
        }
        let mut adaptation = self.own.adaptation.lock();
        let adaptation = adaptation.as_mut()?;
        adaptation.handle_frame(jpeg.len(), adaptation.encoding());
        // Nobody watches: nothing prevents the best pictures.
        let target = stream.hub().target().unwrap_or(Bitrate(u64::MAX));
        Some(adaptation.handle_target(target, clock::now()))
    }

    /// Changes the stream while it is live: another transport, size, rate or title.
    ///
    /// # Errors
    /// [`VideoError::NotConnected`]: the change takes effect when the connection is back.
    pub async fn change(&self, spec: StreamDescription) -> Result<(), VideoError> {
        let spec = spec.sanitized();
        *self.own.spec.lock() = spec.clone();
        let Some(stream) = self.own.live() else {
            return Err(VideoError::NotConnected);
        };
        // Our own link follows at once; the others learn it from the host.
        let mut info = stream.info();
        info.spec = spec.clone();
        let id = info.id;
        stream.change(info);
        match self
            .plane
            .shared()
            .call(move |node, _| node.change_stream(id, &spec))
            .await
        {
            Some(Ok(())) => Ok(()),
            _ => Err(VideoError::NotConnected),
        }
    }

    /// Ends the stream.
    pub async fn stop(self) {
        self.plane.forget(self.local);
        if let Some(stream) = self.own.live() {
            let id = stream.info().id;
            self.plane.shared().call(move |node, _| node.unpublish(id)).await;
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.plane.forget(self.local);
        if let Some(stream) = self.own.live() {
            let id = stream.info().id;
            let unpublish = crate::control::input::Input::Act(Box::new(move |node, _| {
                let _ = node.unpublish(id);
            }));
            // A control plane too busy right now is asked by a task of its own.
            if let Err(tokio::sync::mpsc::error::TrySendError::Full(unpublish)) =
                self.plane.shared().control.try_send(unpublish)
            {
                let shared = self.plane.shared();
                let control = shared.control.clone();
                shared.spawn(async move { control.send(unpublish).await });
            }
        }
    }
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher")
            .field("stream", &self.stream())
            .field("spec", &self.spec())
            .finish()
    }
}
