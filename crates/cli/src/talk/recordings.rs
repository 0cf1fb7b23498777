use std::path::PathBuf;
use std::time::Duration;

use netcore::Room;
use netcore::proto::StreamId;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::output::Screen;
use crate::recording::recorded;
use crate::viewers::Viewers;
use crate::watching::Watching;

/// Writing the end of a recording takes no longer, unless the disk does not answer.
const LONGEST_END: Duration = Duration::from_secs(5);
/// A recording shows nothing in between.
const NEVER: Duration = Duration::from_secs(86_400 * 365);

/// A recording of a stream while the room goes on.
pub(super) struct RecordingTask {
    pub(super) task: JoinHandle<()>,
    enough: Option<oneshot::Sender<()>>,
}

impl RecordingTask {
    /// Records `stream` into `path` until it is over or is to stop.
    pub(super) fn start(
        room: &Room,
        viewers: &Viewers,
        screen: &Screen,
        stream: StreamId,
        path: PathBuf,
        overwrite: bool,
    ) -> RecordingTask {
        let (room, viewers, screen) = (room.clone(), viewers.clone(), screen.clone());
        let (enough, is_enough) = oneshot::channel::<()>();
        let watching = Watching {
            stream,
            folder: None,
            recording: Some(path),
            overwrite,
            every: NEVER,
        };
        let task = tokio::spawn(async move {
            // Sent or dropped, which is the same.
            let enough = async { drop(is_enough.await) };
            match watching.run(&room, &viewers, &screen, enough).await {
                Ok(watched) if watched.frames == 0 => {
                    screen.show(&recorded(stream, &media::Recorded::default()));
                }
                Ok(_) => {}
                Err(failure) => screen.failure(&failure),
            }
        });
        RecordingTask {
            task,
            enough: Some(enough),
        }
    }

    /// Ends the recording; its task goes on until it is whole.
    pub(super) fn stop(&mut self) {
        self.enough = None;
    }

    /// Ends all these recordings and waits until they are whole.
    pub(super) async fn stop_all(recordings: impl Iterator<Item = RecordingTask>) {
        let stopped: Vec<JoinHandle<()>> = recordings.map(|recording| recording.task).collect();
        for task in stopped {
            if tokio::time::timeout(LONGEST_END, task).await.is_err() {
                tracing::warn!("a recording was not ended in time");
            }
        }
    }
}
