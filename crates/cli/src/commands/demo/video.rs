use std::time::Duration;

use app::video::{Live, PublishOptions};
use media::jpeg::{Decoder, Limits};
use media::pattern::read_code;
use netcore::Room;
use netcore::proto::{FrameNumber, StreamId, Transport};
use tokio::time::timeout;

use super::cast::{Cast, wait_for};
use super::steps::{Steps, broken};
use crate::exit::Result;
use crate::output::SummaryRow;
use crate::results::summary;

/// A picture that is not there after this long does not come.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Ben shows the test pattern to the others, over TCP and then, while live, over UDP.
pub(super) async fn play(cast: &Cast, seconds: Duration, steps: &Steps) -> Result<Vec<SummaryRow>> {
    let options = PublishOptions {
        width: 640,
        height: 360,
        rate: 30.0,
        transport: Transport::Tcp,
        ..PublishOptions::default()
    };
    let mut live = Live::start(&cast.ben, options).await?;
    let stream = live.stream().ok_or_else(|| broken("the stream has no number"))?;
    steps.done("Ben is live: the test pattern, 640×360 at 30 frames a second, over TCP.");
    for room in [&cast.host, &cast.cleo] {
        wait_for("the stream to be announced", async || {
            room.snapshot().await.streams.iter().any(|info| info.id == stream)
        })
        .await?;
        room.watch(stream, true).await?;
    }
    look(cast, stream, Transport::Tcp, seconds, steps).await?;
    live.set_transport(Transport::Udp).await?;
    steps.done("Ben switches to UDP, without stopping.");
    look(cast, stream, Transport::Udp, seconds, steps).await?;
    let mut rows = summary(&cast.ben, |key| key.stream == stream).await;
    rows.extend(summary(&cast.host, |key| key.stream == stream).await);
    for transport in [Transport::Tcp, Transport::Udp] {
        let is_measured = |row: &&SummaryRow| row.transport == transport && row.ack_p50_us.is_some();
        if rows.iter().filter(is_measured).count() < 2 {
            return Err(broken(format!(
                "{transport} was not measured from Ben to Ada and from Ada to Cleo"
            )));
        }
    }
    live.stop().await;
    for room in [&cast.host, &cast.cleo] {
        wait_for("the stream to end", async || {
            room.snapshot().await.streams.is_empty()
        })
        .await?;
    }
    steps.done("Ben stopped; the others saw it end.");
    Ok(rows)
}

/// Both viewers look for a while.
async fn look(
    cast: &Cast,
    stream: StreamId,
    transport: Transport,
    seconds: Duration,
    steps: &Steps,
) -> Result<()> {
    let (ada, cleo) = tokio::join!(
        view(&cast.host, stream, transport, seconds),
        view(&cast.cleo, stream, transport, seconds)
    );
    for (name, seen) in [("Ada", ada?), ("Cleo", cleo?)] {
        let Seen { frames, first, last } = seen;
        steps.done(&format!(
            "{name} saw {frames} frames over {transport}; the pattern's own numbers run from {first} to {last}."
        ));
    }
    Ok(())
}

/// What a viewer saw, by the numbers in the pictures themselves.
struct Seen {
    frames: u32,
    first: u32,
    last: u32,
}

async fn view(room: &Room, stream: StreamId, transport: Transport, seconds: Duration) -> Result<Seen> {
    let mut frames = room
        .frames(stream)
        .ok_or_else(|| broken("the stream is not there to be seen"))?;
    let mut decoder = Decoder::new(Limits::default()).map_err(broken)?;
    let mut newest: Option<FrameNumber> = None;
    let mut seen: Option<Seen> = None;
    let mut until = None;
    while until.is_none_or(|until| tokio::time::Instant::now() < until) {
        let shown = timeout(LONGEST_WAIT, frames.newer_than(newest)).await;
        let shown = shown.map_err(|_| {
            broken(format!(
                "no picture over {transport} for {} s",
                LONGEST_WAIT.as_secs()
            ))
        })?;
        let shown = shown.ok_or_else(|| broken("the stream ended by itself"))?;
        newest = Some(shown.frame.header().frame);
        // Frames of the transport before may still come.
        if shown.transport != Some(transport) {
            continue;
        }
        until.get_or_insert_with(|| tokio::time::Instant::now() + seconds);
        let picture = decoder.rgb(&shown.frame.jpeg()).map_err(broken)?;
        let number = read_code(&picture.pixels, picture.width, picture.height);
        let number = number.ok_or_else(|| broken("a picture does not show the pattern's number"))?;
        match &mut seen {
            Some(seen) if number <= seen.last => {
                return Err(broken(format!("frame {number} came after frame {}", seen.last)));
            }
            Some(seen) => (seen.frames, seen.last) = (seen.frames + 1, number),
            None => {
                seen = Some(Seen {
                    frames: 1,
                    first: number,
                    last: number,
                });
            }
        }
    }
    seen.ok_or_else(|| broken("nothing was seen"))
}
