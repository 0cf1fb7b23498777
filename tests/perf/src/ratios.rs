//! Ratios that are kept in the project, so that a change that makes something much worse is noticed.
//!
//! `ratios.json` has, by name, ours beside the floor as it was when it was last stored. A shared computer measures the same
//! thing some tens of percent apart, so only what is [`MUCH`] times worse is said, after a second look, and nothing fails by it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::report::Report;
use crate::{Outcome, delay, rate};

/// How many times worse a ratio has to be before it is said.
const MUCH: f64 = 1.5;

/// In which direction a ratio gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    /// A delay, a cost.
    Lower,
    /// A rate.
    Higher,
}

/// A ratio that was measured.
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) better: Better,
    pub(crate) ratio: f64,
}

impl Found {
    /// How many times worse it is than `stored`; less than one when it is better.
    fn times_worse_than(&self, stored: f64) -> f64 {
        match self.better {
            Better::Lower => self.ratio / stored,
            Better::Higher => stored / self.ratio,
        }
    }
}

type Stored = BTreeMap<String, f64>;

/// Measures each delay and rate for a short while and says which are much worse than those stored.
///
/// # Errors
/// When something cannot be measured, or the file cannot be read. A ratio that is worse is no error.
pub(crate) fn check() -> Outcome<()> {
    let stored = load()?;
    println!("Ratios beside those stored, by a short look at each:\n");
    println!("{:<52} {:>8} {:>8} {:>8}", "", "stored", "now", "worse");
    let mut warnings = Vec::new();
    let delays =
        delay::kept_rows().map(|row| Box::new(move || row.short_look()) as Box<dyn Fn() -> Outcome<Found>>);
    let rates = rate::ROWS.map(|row| Box::new(move || row.look()) as Box<dyn Fn() -> Outcome<Found>>);
    for look in delays.chain(rates) {
        let mut found = look()?;
        let Some(before) = stored.get(&found.name).copied() else {
            warnings.push(format!("{}: nothing is stored under this name", found.name));
            continue;
        };
        if found.times_worse_than(before) > MUCH {
            // Another process may have had the processor; only what is worse twice is worse.
            let again = look()?;
            if again.times_worse_than(before) < found.times_worse_than(before) {
                found = again;
            }
        }
        let worse = found.times_worse_than(before);
        println!(
            "{:<52} {before:>8.2} {:>8.2} {worse:>7.2}x",
            found.name, found.ratio
        );
        warnings.extend(warning(&found, before));
    }
    println!();
    print(&warnings);
    Ok(())
}

/// Says which ratios of a run are much worse than those stored.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn compare(report: &Report) -> Outcome<()> {
    let stored = load()?;
    let found = report.ratios().iter();
    let warnings: Vec<String> = found
        .filter_map(|found| warning(found, *stored.get(&found.name)?))
        .collect();
    if !report.ratios().is_empty() {
        print(&warnings);
    }
    Ok(())
}

/// Stores the ratios of a run in place of those of the same names.
///
/// # Errors
/// When the file cannot be read or written.
pub(crate) fn store(report: &Report) -> Outcome<()> {
    let mut stored = load()?;
    for found in report.ratios() {
        // More digits than the measurement has would only make every change of the file larger.
        stored.insert(found.name.clone(), (found.ratio * 100.0).round() / 100.0);
    }
    std::fs::write(path(), serde_json::to_string_pretty(&stored)? + "\n")?;
    println!(
        "{} ratios are stored in {}.",
        report.ratios().len(),
        path().display()
    );
    Ok(())
}

fn warning(found: &Found, stored: f64) -> Option<String> {
    let worse = found.times_worse_than(stored);
    (worse > MUCH).then(|| {
        format!(
            "{}: {:.2}, {worse:.1} times worse than the {stored:.2} stored",
            found.name, found.ratio
        )
    })
}

fn print(warnings: &[String]) {
    match warnings.is_empty() {
        true => println!("No ratio is {MUCH} times worse than what is stored."),
        false => warnings.iter().for_each(|warning| println!("WARNING: {warning}")),
    }
}

fn load() -> Outcome<Stored> {
    match std::fs::read_to_string(path()) {
        Ok(text) => {
            Ok(serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path().display()))?)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Stored::new()),
        Err(error) => Err(format!("{}: {error}", path().display()).into()),
    }
}

/// Beside the bench's manifest: in the checkout that cargo runs it from, or else where it was compiled.
fn path() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    PathBuf::from(here).join("ratios.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(better: Better, ratio: f64) -> Found {
        Found {
            name: "it".to_owned(),
            better,
            ratio,
        }
    }

    #[test]
    fn a_delay_that_grows_and_a_rate_that_shrinks_are_worse() {
        assert!(warning(&found(Better::Lower, 1.6), 1.0).is_some());
        assert!(warning(&found(Better::Lower, 0.6), 1.0).is_none());
        assert!(warning(&found(Better::Higher, 0.6), 1.0).is_some());
        assert!(warning(&found(Better::Higher, 1.6), 1.0).is_none());
    }

    #[test]
    fn what_a_shared_computer_does_by_itself_is_not_said() {
        assert!(warning(&found(Better::Lower, 1.49), 1.0).is_none());
        assert!(warning(&found(Better::Higher, 0.68), 1.0).is_none());
    }

    #[test]
    fn every_delay_and_rate_has_its_stored_ratio() {
        let stored = load().expect("the file");
        let names = delay::kept_rows()
            .map(|row| row.name())
            .chain(rate::ROWS.map(|row| row.name()));
        let missing: Vec<String> = names.filter(|name| !stored.contains_key(name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
