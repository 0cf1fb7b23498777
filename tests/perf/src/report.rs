//! What a run found: what fell short of its target, and the ratios that are kept from run to run.

use crate::ratios::Found;

/// What a run found.
#[derive(Default)]
pub(crate) struct Report {
    misses: Vec<String>,
    found: Vec<Found>,
}

impl Report {
    /// Something fell short of its target.
    pub(crate) fn miss(&mut self, what: String) {
        self.misses.push(what);
    }

    /// Notes a miss when `ratio` is above `most`.
    pub(crate) fn at_most(&mut self, what: &str, ratio: f64, most: f64) {
        if ratio > most {
            self.miss(format!("{what}: {ratio:.2}, target at most {most:.2}"));
        }
    }

    /// Notes a miss when `ratio` is below `least`.
    pub(crate) fn at_least(&mut self, what: &str, ratio: f64, least: f64) {
        if ratio < least {
            self.miss(format!("{what}: {ratio:.2}, target at least {least:.2}"));
        }
    }

    /// A ratio that is compared with the one stored under its name.
    pub(crate) fn found(&mut self, found: Found) {
        self.found.push(found);
    }

    /// The ratios.
    pub(crate) fn ratios(&self) -> &[Found] {
        &self.found
    }

    /// Whether anything fell short.
    #[cfg(test)]
    pub(crate) fn is_missed(&self) -> bool {
        !self.misses.is_empty()
    }

    /// Says what fell short.
    pub(crate) fn print(&self) {
        match self.misses.is_empty() {
            true => println!("All targets are met."),
            false => self.misses.iter().for_each(|miss| println!("MISSED: {miss}")),
        }
    }
}
