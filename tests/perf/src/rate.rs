//! How many frames a second are acknowledged.

use netcore::proto::Transport;

use crate::{Misses, Outcome, SIZES, at_least, floor, ours, tls_floor};

pub(crate) fn section(misses: &mut Misses) -> Outcome<()> {
    let [small, _, large] = SIZES;
    println!("Acknowledged frames a second, one stream, as fast as it goes:\n");
    let plain = floor::frames_per_second(small)?;
    println!(
        "{small:>9} bytes  {:<44} {plain:>9.0}",
        "floor: stop-and-wait, TCP, not encrypted"
    );
    for transport in [Transport::Tcp, Transport::Udp] {
        let ours = ours::frames_per_second(transport, small)?;
        line(small, &format!("ours, windowed, {transport}"), ours, plain);
        at_least(
            misses,
            &format!("frames of {small} bytes a second over {transport} beside the floor"),
            ours / plain,
            1.5,
        );
    }
    let tls = tls_floor::frames_per_second(large)?;
    println!(
        "{large:>9} bytes  {:<44} {tls:>9.0}",
        "floor: stop-and-wait over tokio-rustls"
    );
    let ours = ours::frames_per_second(Transport::Tcp, large)?;
    line(large, "ours, windowed, TCP", ours, tls);
    at_least(
        misses,
        &format!("frames of {large} bytes a second over TCP beside plain TLS"),
        ours / tls,
        1.2,
    );
    Ok(())
}

fn line(bytes: usize, what: &str, ours: f64, floor: f64) {
    println!(
        "{bytes:>9} bytes  {what:<44} {ours:>9.0}  {:.2} times the floor",
        ours / floor
    );
}
