use std::time::Duration;

use netcore::proto::StreamId;
use netcore::proto::video::StreamInfo;
use netcore::proto::video::WindowMode;
use netcore::{Room, RoomEvent};

use super::env::Env;
use super::visit::{Visit, settled};
use crate::args::WatchArgs;
use crate::exit::{Code, Failure, Result};
use crate::output::{Report, Screen};
use crate::output_file::refuse_content;
use crate::recording::{LONGEST_WAIT, Recording, take_snapshot};
use crate::viewers::Viewers;
use crate::watching::{Watching, refuse_pictures};

/// How often what is seen is reported.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Receives a stream: the one asked for, or the first there is.
pub(super) async fn run(env: &Env, args: WatchArgs) -> Result<()> {
    let overwrite = args.replace.overwrite;
    if let Some(folder) = &args.save {
        refuse_pictures(folder, overwrite)?;
    }
    if let Some(recording) = &args.record {
        Recording::refuse_content(recording, overwrite)?;
    }
    if let Some(picture) = &args.snapshot {
        refuse_content(picture, overwrite)?;
    }
    let mut visit = Visit::begin(&env.me()?, &args.address, None, WindowMode::Adaptive, &env.screen).await?;
    let room = visit.room.clone();
    let wanted = args.stream.map(StreamId);
    let found = match args.seconds {
        Some(limit) => {
            let found = async {
                let found = tokio::time::timeout(limit, find(&room, wanted, &env.screen)).await;
                found.map_err(|_| Failure::new(Code::Video, "nobody was live"))
            };
            visit.during(found).await
        }
        None => {
            let found = async { Ok(find(&room, wanted, &env.screen).await) };
            visit.during(found).await
        }
    };
    let watched = match found {
        Ok(stream) => look(env, args, &mut visit, &room, stream.id).await,
        Err(failure) => Err(failure),
    };
    visit.end().await;
    watched
}

async fn look(env: &Env, args: WatchArgs, visit: &mut Visit, room: &Room, stream: StreamId) -> Result<()> {
    let viewers = Viewers::default();
    let overwrite = args.replace.overwrite;
    if let Some(path) = args.snapshot {
        let patience = args.seconds.unwrap_or(LONGEST_WAIT);
        let taken = visit.during(take_snapshot(
            room,
            &viewers,
            stream,
            Some(path),
            overwrite,
            patience,
        ));
        env.screen.show(&Report::Snapshot(taken.await?));
        return Ok(());
    }
    let watching = Watching {
        stream,
        folder: args.save,
        recording: args.record,
        overwrite,
        every: REPORT_INTERVAL,
    };
    // Ctrl-C ends the watching, not the account of it.
    let mut ended = Ok(());
    let enough = async {
        let waited = async {
            match args.seconds {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
            Ok(())
        };
        ended = visit.during(waited).await;
    };
    let watched = watching.run(room, &viewers, &env.screen, enough).await;
    let watched = visit.explained(watched).await?;
    let frames = watched.frames;
    env.screen.show(&Report::Watched(watched));
    ended?;
    if frames == 0 {
        return Err(Failure::new(
            Code::Video,
            format!("no frame of stream {stream} arrived"),
        ));
    }
    Ok(())
}

/// The stream asked for, as soon as it is live.
async fn find(room: &Room, wanted: Option<StreamId>, screen: &Screen) -> StreamInfo {
    let mut events = room.events();
    settled(room).await;
    let mut has_reported = false;
    loop {
        let streams = room.snapshot().await.streams;
        let is_wanted = |stream: &StreamInfo| wanted.is_none_or(|wanted| stream.id == wanted);
        if let Some(stream) = streams.into_iter().find(is_wanted) {
            return stream;
        }
        if !std::mem::replace(&mut has_reported, true) {
            screen.note("Nobody is live yet: waiting.");
        }
        // Whatever happens to streams is a reason to look again; so is having missed something.
        while let Ok(event) = events.recv().await {
            if matches!(event, RoomEvent::Video(_)) {
                break;
            }
        }
    }
}
