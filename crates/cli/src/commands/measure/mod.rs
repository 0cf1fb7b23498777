//! Measuring: a stretch for each transport, and for each acknowledgement mode; a table, and a report.

mod folder;
mod load;
mod run_trial;
mod trial_order;

use std::path::Path;
use std::time::Duration;

use app::metrics::formats::write_measurement;
use media::SourceId;
use netcore::proto::Transport;
use netcore::proto::session::Profile;
use netcore::proto::video::WindowMode;
use netcore::{Address, Folders, HostOptions, Room};
use tokio::time::sleep;

use super::env::Env;
use super::visit::Visit;
use crate::args::{MeasureArgs, Target};
use crate::exit::{Code, Failure, Result};
use crate::me::Me;
use crate::output::{Report, SummaryRow};
use crate::output_file::OutputFile;
use crate::results::{Files, ResultLog};
use folder::Folder;
use report::{About, Measured, Measurement, Origin, OtherEnd, Setup};
use run_trial::Bench;
use trial_order::trials;

/// Between two trials nothing is sent for so long, so that none meets what the one before left behind.
const PAUSE: Duration = Duration::from_millis(300);

/// Measures what the arguments ask for, and shows the table. What was measured before something went wrong is shown, too.
pub(super) async fn run(env: &Env, args: MeasureArgs) -> Result<()> {
    let overwrite = args.results.replace.overwrite;
    let files = Files::claim(&args.results)?;
    let report_json = args.report_json.as_deref();
    let report_json = report_json
        .map(|path| OutputFile::claim(path, overwrite))
        .transpose()?;
    let folder = args.report.as_deref();
    let folder = folder.map(|path| Folder::create(path, overwrite)).transpose()?;
    let home = tempfile::tempdir().map_err(|error| Failure::new(Code::Failed, error))?;
    let (me, address, here) = match &args.target {
        Target::Room(address) => (env.me()?, address.clone(), None),
        // Alone, both ends are made for the purpose, and what they remember of each other goes with them.
        Target::Loopback => {
            let me = Me::passing(&env.common, &home.path().join("member"))?;
            let here = open_here(&me, &home.path().join("host")).await?;
            let address = format!("127.0.0.1:{}", here.info().port);
            let address = address
                .parse()
                .map_err(|error| Failure::new(Code::Failed, error))?;
            (me, address, Some(here))
        }
    };
    env.screen.note(&intention(&args, &address));
    let visit = Visit::begin(&me, &address, None, args.window, &env.screen).await;
    let mut measured = Vec::new();
    let outcome = match visit {
        Ok(mut visit) => {
            let room = visit.room.clone();
            if args.network.is_some() {
                room.set_conditions(args.network.clone(), args.seed);
            }
            let results = ResultLog::start(&room, files, &env.screen);
            let bench = Bench {
                room: &room,
                other: here.as_ref(),
                args: &args,
                since: netcore::clock::now(),
                own: results.own(),
                screen: &env.screen,
            };
            let outcome = visit.during(all(&bench, &mut measured)).await;
            let written = results.finish().await.check();
            visit.end().await;
            outcome.and(written)
        }
        Err(failure) => Err(failure),
    };
    if let Some(here) = here {
        here.close().await;
    }
    let concluded = conclude(env, &args, &address, report_json, folder, measured);
    // What ended the measuring is the reason for what is missing.
    outcome.and(concluded)
}

fn intention(args: &MeasureArgs, address: &Address) -> String {
    let over: Vec<String> = args.compare.iter().map(Transport::to_string).collect();
    let mut words = format!(
        "Measuring the path to {address}: {} at {}",
        args.source, args.size
    );
    if args.full_speed {
        words += ", as fast as it goes";
    }
    words += &format!(
        ", {:.0} s each of {}",
        args.seconds.as_secs_f64(),
        over.join(" and ")
    );
    if args.acks {
        words += ", each acknowledgement mode";
    }
    if args.with_file {
        words += ", alone and with a file";
    }
    if let Some(network) = &args.network {
        words += &format!(", on a network made worse on purpose: {network}");
    }
    words + "."
}

/// A room on this computer, for measuring alone. It runs on a thread of its own.
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
        listen: Vec::new(),
        window: WindowMode::Adaptive,
    };
    Ok(Room::host(options).await?)
}

/// One trial after the other; what they show goes to `measured`, also when a later one fails.
async fn all(bench: &Bench<'_>, measured: &mut Vec<Measured>) -> Result<()> {
    for (at, trial) in trials(bench.args).into_iter().enumerate() {
        if at > 0 {
            sleep(PAUSE).await;
        }
        measured.extend(run_trial::run(bench, trial).await?);
    }
    Ok(())
}

/// Shows what was measured and writes it down.
fn conclude(
    env: &Env,
    args: &MeasureArgs,
    address: &Address,
    report_json: Option<OutputFile>,
    folder: Option<Folder>,
    measured: Vec<Measured>,
) -> Result<()> {
    let nothing = || {
        Err(Failure::new(
            Code::Video,
            "no frame arrived: there is nothing to compare",
        ))
    };
    if measured.is_empty() {
        return nothing();
    }
    let rows: Vec<SummaryRow> = measured.iter().map(|measured| measured.row.clone()).collect();
    let is_empty = rows.iter().all(|row| row.frames == 0);
    env.screen.show(&Report::Summary { rows });
    let measurement = Measurement::new(about(args, address), measured);
    if let Some(file) = report_json {
        file.put(|out| write_measurement(out, &measurement))?;
    }
    if let Some(folder) = folder {
        let page = folder.write(&measurement)?;
        env.screen.note(&format!("The report: {}", page.display()));
    }
    if is_empty { nothing() } else { Ok(()) }
}

/// What these arguments asked for.
fn about(args: &MeasureArgs, address: &Address) -> About {
    About {
        other_end: OtherEnd::Named(address.to_string()),
        is_loopback: args.target == Target::Loopback,
        setup: Some(Setup {
            source: args.source.to_string(),
            is_pattern: args.source == SourceId::Pattern,
            width: args.size.width,
            height: args.size.height,
            rate: args.rate.or(args.size.rate).filter(|_| !args.full_speed),
            full_speed: args.full_speed,
            quality: args.quality,
            adapts: args.adapt,
            seconds_each: Duration::as_secs_f64(&args.seconds),
        }),
        network: args.network.clone(),
        seed: args.network.as_ref().map(|_| args.seed),
        origin: Origin::Terminal {
            command_line: std::env::args()
                .skip(1)
                .fold("roomwire".to_owned(), |line, word| line + " " + &word),
        },
    }
}
