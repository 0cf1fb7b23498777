use std::time::Duration;

use app::video::{Live, PublishOptions};
use netcore::Room;
use netcore::proto::Transport;

use super::env::Env;
use super::visit::Visit;
use crate::args::StreamArgs;
use crate::exit::{Code, Failure, Result};
use crate::input::{ESC, Input, Inputs};
use crate::live::{live_report, over};
use crate::output::{Report, Screen, SummaryRow};
use crate::results::{Files, ResultLog, summary};
use crate::signals::interrupted;
use crate::typed_line::{self, TypedLine};

/// Sends live video until it is enough, and shows what became of the frames.
pub(super) async fn run(env: &Env, args: StreamArgs) -> Result<()> {
    let files = Files::claim(&args.results)?;
    let options = args.video.options(args.source);
    let mut visit = Visit::begin(&env.me()?, &args.address, None, args.window, &env.screen).await?;
    let room = visit.room.clone();
    let results = ResultLog::start(&room, files, &env.screen);
    let live = visit
        .during(async { Ok(Live::start(&room, options).await?) })
        .await;
    let mut live = match live {
        Ok(live) => live,
        Err(failure) => {
            visit.end().await;
            return Err(failure);
        }
    };
    results.own().set(live.stream());
    env.screen.show(&live_report(None, &live));
    let stream = live.stream();
    let ended = visit
        .during(go_on(&room, &mut live, args.seconds, &env.screen))
        .await;
    let rows = summary(&room, |key| {
        Some(key.stream) == stream || Some(key.stream) == live.stream()
    })
    .await;
    live.stop().await;
    visit.end().await;
    let written = results.finish().await.check();
    let arrived = arrived(&rows);
    env.screen.show(&Report::Summary { rows });
    // What ended the stream, or its files, is reported first.
    ended.and(written).and(arrived)
}

/// Whether there is any result at all.
///
/// # Errors
/// When no frame was acknowledged, whatever the reason.
fn arrived(rows: &[SummaryRow]) -> Result<()> {
    if rows.iter().any(|row| row.frames > 0) {
        return Ok(());
    }
    let lost: u64 = rows.iter().map(|row| row.lost).fold(0, u64::saturating_add);
    let words = match lost {
        0 => "no frame arrived: none was sent on, so there is nothing to measure".to_owned(),
        lost => format!(
            "no frame arrived: of {lost} that were sent, the host acknowledged none; over UDP a firewall may keep them, \
             --tcp does not go over UDP"
        ),
    };
    Err(Failure::new(Code::Video, words))
}

/// Streams until the time is over, the source is, or the person wants no more.
async fn go_on(room: &Room, live: &mut Live, limit: Option<Duration>, screen: &Screen) -> Result<()> {
    let mut inputs = Inputs::start(screen, "", &['t', 'u']);
    if inputs.is_person() {
        screen.note("t and u switch to TCP and UDP; Esc, Enter or Ctrl-C stops.");
    }
    let enough = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(enough);
    loop {
        let is_person = inputs.is_person();
        let input = tokio::select! {
            input = inputs.next() => input,
            failure = over(live) => return Err(failure),
            () = &mut enough => return Ok(()),
        };
        let (transport, only) = match input {
            Input::Key('t') => (Transport::Tcp, false),
            Input::Key('u') => (Transport::Udp, live.options().stays_on_udp),
            Input::Key(ESC) => return Ok(()),
            Input::Key(_) => continue,
            Input::Interrupt => return Err(interrupted()),
            // Where nobody sits, standard input is often closed from the start: that is no wish to stop.
            Input::End if is_person => return Ok(()),
            Input::End => continue,
            Input::Line(text) => match typed_line::parse(&text) {
                Ok(TypedLine::Transport { transport, only }) => (transport, only),
                Ok(TypedLine::Nothing | TypedLine::Stop | TypedLine::Leave) => return Ok(()),
                Ok(TypedLine::Quality(quality)) => {
                    let options = PublishOptions {
                        quality,
                        ..live.options().clone()
                    };
                    let before = live.view();
                    live.change(options).await?;
                    screen.show(&live_report(Some(before), live));
                    continue;
                }
                _ => {
                    let words = "while streaming: /tcp, /udp, /udp only, /quality N, /stop";
                    screen.failure(&Failure::new(Code::Usage, words));
                    continue;
                }
            },
        };
        let before = live.view();
        live.set_transport(transport).await?;
        live.set_stays_on_udp(room, only);
        screen.show(&live_report(Some(before), live));
    }
}
