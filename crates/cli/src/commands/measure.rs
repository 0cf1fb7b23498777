use std::path::Path;
use std::time::Duration;

use netcore::proto::Transport;
use netcore::proto::session::Profile;
use netcore::proto::video::WindowMode;
use netcore::{Address, Folders, HostOptions, Room};

use super::Env;
use super::visit::Visit;
use crate::args::{MeasureArgs, Target};
use crate::exit::{Code, Failure, Result};
use crate::live::{Live, Wish};
use crate::me::Me;
use crate::output::{Change, Report, Screen, SummaryRow};
use crate::results::{Files, Recording, summary, unwritable};

/// Measures each transport for a while, and shows the table.
pub(super) async fn run(env: &Env, args: MeasureArgs) -> Result<()> {
    let files = Files::create(&args.results)?;
    let folder = tempfile::tempdir().map_err(|error| Failure::new(Code::Failed, error))?;
    let (me, address, here) = match &args.target {
        Target::Room(address) => (env.me()?, address.clone(), None),
        // Alone, both ends are made for the purpose, and what they remember of each other goes with them.
        Target::Loopback => {
            let me = Me::passing(&env.common, &folder.path().join("member"))?;
            let here = open_here(&me, &folder.path().join("host")).await?;
            let address = format!("127.0.0.1:{}", here.info().port);
            let address = address
                .parse()
                .map_err(|error| Failure::new(Code::Failed, error))?;
            (me, address, Some(here))
        }
    };
    let mut visit = Visit::begin(&me, &address, None, args.window, &env.screen).await?;
    let room = visit.room.clone();
    env.screen.note(&format!(
        "Measuring the way to {address}: {} at {}, {:.0} s each of {}.",
        args.source,
        args.size,
        args.seconds.as_secs_f64(),
        args.compare
            .iter()
            .map(Transport::to_string)
            .collect::<Vec<_>>()
            .join(" and ")
    ));
    let recording = Recording::start(&room, files, &env.screen);
    let measured = visit.during(compare(&room, &args, &recording, &env.screen)).await;
    visit.end().await;
    if let Some(here) = here {
        here.close().await;
    }
    let rows = measured?;
    if let Some(path) = &args.report_json {
        write_report(path, &address, &args, &rows)?;
    }
    let is_empty = rows.iter().all(|row| row.frames == 0);
    env.screen.tell(&Report::Summary { rows });
    if is_empty {
        return Err(Failure::new(
            Code::Video,
            "no frame arrived: there is nothing to compare",
        ));
    }
    Ok(())
}

/// A room on this computer, for measuring alone.
async fn open_here(me: &Me, folder: &Path) -> Result<Room> {
    let folders = Folders::at(folder)?;
    let options = HostOptions {
        downloads: folders.downloads().to_owned(),
        folders,
        profile: Profile {
            name: "loopback".into(),
            ..me.profile.clone()
        },
        room_name: "Measuring".into(),
        port: 0,
        loopback_only: true,
        window: WindowMode::Adaptive,
    };
    Ok(Room::host(options).await?)
}

/// Each transport in turn, with a stream of its own, so that none inherits anything from the one before.
async fn compare(
    room: &Room,
    args: &MeasureArgs,
    recording: &Recording,
    screen: &Screen,
) -> Result<Vec<SummaryRow>> {
    let mut rows = Vec::new();
    for &transport in &args.compare {
        let wish = Wish {
            source: args.source.clone(),
            width: args.size.width,
            height: args.size.height,
            rate: args.rate.or(args.size.rate).unwrap_or(0.0),
            quality: args.quality,
            // What is compared are ways, so the pictures are the same on each.
            is_fixed: true,
            transport,
        };
        let mut live = Live::start(room, wish).await?;
        let stream = live.stream();
        recording.own().set(stream);
        screen.tell(&Report::Live(live.view(Change::Started)));
        let failed = tokio::select! {
            () = tokio::time::sleep(args.seconds) => None,
            failure = live.over() => Some(failure),
        };
        rows.extend(summary(room, |key| Some(key.stream) == stream).await);
        live.stop().await;
        if let Some(failure) = failed {
            return Err(failure);
        }
    }
    Ok(rows)
}

fn write_report(path: &Path, address: &Address, args: &MeasureArgs, rows: &[SummaryRow]) -> Result<()> {
    let report = serde_json::json!({
        "program": concat!("roomwire ", env!("CARGO_PKG_VERSION")),
        "at_unix_ms": netcore::clock::unix_ms(),
        "address": address.to_string(),
        "is_loopback": args.target == Target::Loopback,
        "source": args.source.to_string(),
        "width": args.size.width,
        "height": args.size.height,
        "rate": args.rate.or(args.size.rate),
        "quality": args.quality,
        "seconds_each": Duration::as_secs_f64(&args.seconds),
        "rows": rows,
    });
    let text = format!("{report:#}\n");
    std::fs::write(path, text).map_err(|error| unwritable(path, &error))
}
