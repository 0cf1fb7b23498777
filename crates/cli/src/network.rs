//! A worse network on purpose, as people type it.

use netcore::netem::Conditions;
use netcore::proto::Span;

/// A queue before a bottleneck holds what passes in this time, as switches' do, but at least [`LEAST_QUEUE`].
const QUEUE_MS: u64 = 50;
const LEAST_QUEUE: u64 = 64 * 1024;
/// The bottleneck is a place on the path, not this computer's own interface, which is at least this fast.
const INTERFACE_MBIT: u64 = 1_000;

/// `delay=MS`, `jitter=MS`, `loss=PERCENT` and `rate=MBIT`, comma-separated and each at most once; delay and jitter are those
/// of one direction.
///
/// # Errors
/// In words for a person.
pub(crate) fn network_of(text: &str) -> Result<Conditions, String> {
    let mut conditions = Conditions::default();
    let mut seen = Vec::new();
    for part in text.split(',') {
        let bad = || {
            format!(
                "\"{part}\" is no part of a network: write delay=20,jitter=5,loss=2,rate=100 (ms, ms, %, Mbit/s)"
            )
        };
        let (name, value) = part.split_once('=').ok_or_else(bad)?;
        let value: f64 = value.trim().parse().map_err(|_| bad())?;
        let within = |most: f64| {
            let is_there = (0.0..=most).contains(&value);
            is_there
                .then_some(value)
                .ok_or_else(|| format!("{part}: from 0 to {most}"))
        };
        let name = name.trim();
        if seen.contains(&name) {
            return Err(format!("{name} is said twice"));
        }
        seen.push(name);
        match name {
            "delay" => conditions.delay = Span::from_micros((within(10_000.0)? * 1e3) as u64),
            "jitter" => conditions.jitter = Span::from_micros((within(10_000.0)? * 1e3) as u64),
            "loss" => conditions.loss = within(100.0)? / 100.0,
            "rate" => {
                let mbit = within(100_000.0)?.ceil() as u64;
                if mbit == 0 {
                    return Err("rate: at least 1 Mbit/s".into());
                }
                let queue = (mbit * 1_000_000 / 8 * QUEUE_MS / 1_000).max(LEAST_QUEUE);
                conditions = conditions.mbit(mbit, queue).behind_mbit(mbit.max(INTERFACE_MBIT));
            }
            _ => return Err(bad()),
        }
    }
    Ok(conditions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_said_in_a_few_words() {
        let network = network_of("delay=20, loss=2,rate=100").unwrap();
        assert_eq!((network.delay, network.loss), (Span::from_millis(20), 0.02));
        let bottleneck = network.bottleneck.unwrap();
        assert_eq!(
            (bottleneck.rate.0, bottleneck.queue_bytes),
            (100_000_000, 625_000)
        );
        assert_eq!(network_of("jitter=0.5").unwrap().jitter, Span::from_micros(500));
    }

    #[test]
    fn what_is_no_network_says_what_one_looks_like() {
        for text in [
            "",
            "delay",
            "delay=x",
            "loss=101",
            "loss=-1",
            "rate=0",
            "speed=3",
            "loss=1,loss=2",
            "delay=nan",
        ] {
            assert!(network_of(text).is_err(), "{text:?}");
        }
        assert!(network_of("bad").unwrap_err().contains("delay=20"));
    }
}
