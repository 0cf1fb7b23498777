//! A whole measurement: its stretches, how they came to be, and what they show together.

use std::fmt;

use netcore::netem::Conditions;
use netcore::proto::{Bitrate, Span};
use serde::{Serialize, Serializer};

use crate::machine::Machine;
use crate::measured::Measured;
use crate::row::SummaryRow;
use crate::theory::stop_and_wait_bps;

/// A whole measurement. As JSON its names and meanings stay; what is not known is `null`.
#[derive(Clone, Debug, Serialize)]
pub struct Measurement {
    /// What measured, with its version.
    pub program: &'static str,
    /// When it was over, in milliseconds since 1970.
    pub at_unix_ms: u64,
    /// What it is about.
    #[serde(flatten)]
    pub about: About,
    /// The shortest round trip of the control connection that was seen.
    pub round_trip_us: Option<u64>,
    /// The highest rate of the path that the dispersion of frames' bytes showed.
    pub path_bps: Option<u64>,
    /// The computer that measured.
    pub machine: Machine,
    /// The stretches' figures, a line each.
    pub rows: Vec<SummaryRow>,
    /// The stretches.
    pub trials: Vec<Measured>,
}

/// What was measured, and by whom.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// Who is at the other end.
    #[serde(rename = "address")]
    pub other_end: OtherEnd,
    /// Whether both ends are on this computer.
    pub is_loopback: bool,
    /// What each stretch was asked to be; `None` when it is whatever happened in a session.
    #[serde(flatten)]
    pub setup: Option<Setup>,
    /// How the network was made worse on purpose.
    #[serde(serialize_with = "in_words")]
    pub network: Option<Conditions>,
    /// The seed that its chances were drawn with.
    pub seed: Option<u64>,
    /// Who measured.
    #[serde(skip)]
    pub origin: Origin,
}

/// Who is at the other end.
#[derive(Clone, Debug)]
pub enum OtherEnd {
    /// An address or, where a host measures, a member's name.
    Named(String),
    /// Where a host measures: so many members.
    Members(usize),
}

impl fmt::Display for OtherEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OtherEnd::Named(name) => f.write_str(name),
            OtherEnd::Members(count) => write!(f, "{count} members"),
        }
    }
}

impl Serialize for OtherEnd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What each stretch was asked to be.
#[derive(Clone, Debug, Serialize)]
pub struct Setup {
    /// Where the pictures come from.
    pub source: String,
    /// Whether that is the test pattern, for which each language has its own word.
    #[serde(skip)]
    pub is_pattern: bool,
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
    /// Frames per second; `None`: as many as the source gives.
    pub rate: Option<f32>,
    /// Whether frames were offered as fast as they were taken, not at `rate`.
    pub full_speed: bool,
    /// JPEG quality.
    pub quality: u8,
    /// Whether quality, size and rate followed what the network took; then they are the most.
    pub adapts: bool,
    /// How long each stretch was.
    pub seconds_each: f64,
}

/// Who measured.
#[derive(Clone, Debug)]
pub enum Origin {
    /// The terminal program; the page lies in a folder with other files of the same measurement.
    Terminal {
        /// What was typed.
        command_line: String,
    },
    /// The window.
    Window,
}

impl Measurement {
    /// A measurement that is over now.
    pub fn new(about: About, mut trials: Vec<Measured>) -> Measurement {
        let round_trip_us = trials.iter().filter_map(|trial| trial.round_trip_us).min();
        let path_bps = trials.iter().filter_map(|trial| trial.path_bps).max();
        for trial in &mut trials {
            trial.stop_and_wait_bps =
                theory_bps(trial.size_bytes.map(|size| size.mean), path_bps, round_trip_us);
        }
        Measurement {
            program: concat!("roomwire ", env!("CARGO_PKG_VERSION")),
            at_unix_ms: netcore::clock::unix_ms(),
            about,
            round_trip_us,
            path_bps,
            machine: Machine::here(),
            rows: trials.iter().map(|trial| trial.row.clone()).collect(),
            trials,
        }
    }

    /// What stop-and-wait reaches in theory with frames of `bytes` bytes, in bits per second; `None` when no round trip was
    /// seen.
    pub(crate) fn stop_and_wait_bps(&self, bytes: f64) -> Option<u64> {
        theory_bps(Some(bytes), self.path_bps, self.round_trip_us)
    }

    /// When the last stretch ended, in seconds since the first one began.
    pub(crate) fn end_s(&self) -> f64 {
        let end = |trial: &Measured| {
            let last = trial.series.last().map(|point| trial.point_at_s(point));
            let asked = self
                .about
                .setup
                .as_ref()
                .map(|setup| trial.began_s + setup.seconds_each);
            asked.or(last).unwrap_or_default()
        };
        let end = self.trials.iter().map(end).fold(0.0, f64::max);
        if end > 0.0 { end } else { 1.0 }
    }
}

fn theory_bps(bytes: Option<f64>, path_bps: Option<u64>, round_trip_us: Option<u64>) -> Option<u64> {
    stop_and_wait_bps(
        bytes? as u64,
        path_bps.map(Bitrate),
        Span::from_micros(round_trip_us?),
    )
}

fn in_words<S: Serializer>(network: &Option<Conditions>, serializer: S) -> Result<S::Ok, S::Error> {
    network.as_ref().map(ToString::to_string).serialize(serializer)
}
