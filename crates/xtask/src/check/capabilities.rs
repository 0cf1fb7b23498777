//! The capabilities, and the places each of them has in the tree.

use std::fs;

use crate::failure::{Failure, Result};
use crate::project::Project;

/// The table of commands and events: each of its blocks is a capability.
const TABLE: &str = "crates/app/src/contract.rs";
/// The page whose code map has a row for each capability.
const CODE_MAP: &str = "ARCHITECTURE.md";

/// A layer, and where a capability stands in it: `*` is the capability, and any one of the places will do.
struct Layer {
    name: &'static str,
    places: &'static [&'static str],
}

const LAYERS: &[Layer] = &[
    Layer {
        name: "pure protocol",
        places: &["crates/netcore-proto/src/*/mod.rs"],
    },
    Layer {
        name: "simulated test",
        places: &["tests/sim/tests/sim/*.rs"],
    },
    Layer {
        name: "network driver",
        places: &["crates/netcore/src/*.rs", "crates/netcore/src/*/mod.rs"],
    },
    Layer {
        name: "application",
        places: &["crates/app/src/*/mod.rs"],
    },
    Layer {
        name: "application's views",
        places: &["crates/app/src/*/view.rs"],
    },
    Layer {
        name: "application's tests",
        places: &["crates/app/src/*/tests.rs"],
    },
    Layer {
        name: "interface's state",
        places: &["ui/src/*/store.svelte.ts"],
    },
    Layer {
        name: "interface",
        places: &["ui/src/*/Panel.svelte"],
    },
    Layer {
        name: "simulated room",
        places: &["ui/src/backend/fake/*.ts"],
    },
];

/// One word per capability, unchanged at every layer, in the table's order.
///
/// # Errors
/// When the table cannot be read, or has none.
pub(super) fn all(project: &Project) -> Result<Vec<String>> {
    let path = project.root.join(TABLE);
    let table = fs::read_to_string(&path).map_err(Failure::file("reading", &path))?;
    let names = named_in(&table);
    if names.is_empty() {
        return Err(Failure::Message(format!("{TABLE} names no capability")));
    }
    Ok(names)
}

/// `chat` of each line `chat notifies ChatEvent {`.
fn named_in(table: &str) -> Vec<String> {
    let name = |line: &str| {
        let (name, event) = line.trim().split_once(" notifies ")?;
        let is_block = event.ends_with('{') && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        is_block.then(|| name.to_owned())
    };
    table.lines().filter_map(name).collect()
}

/// Every place that a capability of the table lacks.
///
/// # Errors
/// When the code map cannot be read.
pub(super) fn check(project: &Project, capabilities: &[String]) -> Result<Vec<String>> {
    let mut said = gaps(capabilities, |place| project.root.join(place).is_file());
    let path = project.root.join(CODE_MAP);
    let map = fs::read_to_string(&path).map_err(Failure::file("reading", &path))?;
    said.extend(rows_missing(capabilities, &map));
    Ok(said)
}

/// Every capability missing at a layer, given which files exist.
fn gaps(capabilities: &[String], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut gaps = Vec::new();
    for capability in capabilities {
        for layer in LAYERS {
            let places: Vec<String> = layer
                .places
                .iter()
                .map(|place| place.replace('*', capability))
                .collect();
            if !places.iter().any(|place| exists(place)) {
                gaps.push(format!(
                    "{capability} is missing in the {} (looked for {})",
                    layer.name,
                    places.join(", ")
                ));
            }
        }
    }
    gaps
}

/// Every capability without a row of its own in the code map.
fn rows_missing(capabilities: &[String], map: &str) -> Vec<String> {
    let has_row = |capability: &&String| map.contains(&format!("\n| **{capability}**"));
    let missing = capabilities.iter().filter(|capability| !has_row(capability));
    missing
        .map(|capability| format!("{capability} has no row in the code map of {CODE_MAP}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vec<String> {
        named_in(
            "// a table notifies readers {\ncontract! {\n    chat notifies ChatEvent {\n        say() -> ();\n    }\n    metrics notifies MetricsEvent {\n    }\n}\n",
        )
    }

    #[test]
    fn each_block_of_the_table_is_a_capability() {
        assert_eq!(two(), ["chat", "metrics"]);
    }

    #[test]
    fn a_complete_tree_has_no_gap() {
        assert!(gaps(&two(), |_| true).is_empty());
    }

    #[test]
    fn a_capability_missing_at_one_layer_is_named_with_the_layer() {
        let gaps = gaps(&two(), |place| place != "ui/src/metrics/Panel.svelte");
        assert_eq!(
            gaps,
            ["metrics is missing in the interface (looked for ui/src/metrics/Panel.svelte)"]
        );
    }

    #[test]
    fn one_of_several_places_is_enough() {
        assert!(gaps(&two(), |place| place != "crates/netcore/src/chat.rs").is_empty());
    }

    #[test]
    fn a_capability_without_a_row_in_the_code_map_is_named() {
        let map = "| capability |\n|---|\n| **chat**: what is said | metrics |\n";
        assert_eq!(
            rows_missing(&two(), map),
            ["metrics has no row in the code map of ARCHITECTURE.md"]
        );
    }
}
