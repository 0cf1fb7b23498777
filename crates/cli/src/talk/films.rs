use std::path::PathBuf;
use std::time::Duration;

use netcore::Room;
use netcore::proto::StreamId;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::output::{Recorded, Report, Screen};
use crate::viewers::Viewers;
use crate::watching::Watching;

/// Writing the end of a film takes no longer, unless the disk does not answer.
const LONGEST_END: Duration = Duration::from_secs(5);
/// A film's pictures are not told one by one, nor in between.
const NEVER: Duration = Duration::from_secs(86_400 * 365);

/// A film of a stream while the room goes on.
pub(super) struct FilmTask {
    pub(super) task: JoinHandle<()>,
    enough: Option<oneshot::Sender<()>>,
}

impl FilmTask {
    /// Records `stream` into `path` until it is over or told to stop.
    pub(super) fn start(
        room: &Room,
        viewers: &Viewers,
        screen: &Screen,
        stream: StreamId,
        path: PathBuf,
        overwrite: bool,
    ) -> FilmTask {
        let (room, viewers, screen) = (room.clone(), viewers.clone(), screen.clone());
        let (enough, is_enough) = oneshot::channel::<()>();
        let watching = Watching {
            stream,
            folder: None,
            film: Some(path),
            overwrite,
            every: NEVER,
        };
        let task = tokio::spawn(async move {
            // Told to stop or forgotten, which is the same.
            let enough = async { drop(is_enough.await) };
            match watching.run(&room, &viewers, &screen, enough).await {
                Ok(watched) if watched.frames == 0 => {
                    screen.tell(&Report::Recorded(Recorded::nothing(stream)));
                }
                Ok(_) => {}
                Err(failure) => screen.failure(&failure),
            }
        });
        FilmTask {
            task,
            enough: Some(enough),
        }
    }

    /// Ends the film; its task goes on until it is whole.
    pub(super) fn stop(&mut self) {
        self.enough = None;
    }

    /// Ends all these films and waits until they are whole.
    pub(super) async fn stop_all(films: impl Iterator<Item = FilmTask>) {
        let stopped: Vec<JoinHandle<()>> = films.map(|film| film.task).collect();
        for task in stopped {
            if tokio::time::timeout(LONGEST_END, task).await.is_err() {
                tracing::warn!("a film was not ended in time");
            }
        }
    }
}
