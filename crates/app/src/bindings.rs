//! The interface's types, generated from the views: `ui/src/bindings/contract.ts`.

use std::any::type_name;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use ts_rs::{Config, TS, TypeVisitor};

use crate::dispatch;
use crate::error::IpcError;
use crate::video::view::FrameBytes;

/// The section of types that stand in no capability's folder.
const COMMON: &str = "common";

/// The name of a type in TypeScript.
pub(crate) fn name<T: Crossing + ?Sized>(ts: &Config) -> String {
    T::name_in(ts)
}

/// What crosses to a face: everything that has JSON, and the raw bytes.
pub(crate) trait Crossing {
    /// Its name in TypeScript.
    fn name_in(ts: &Config) -> String;
    /// Declares it, and what it is made of.
    fn declare_in(types: &mut Types<'_>);
}

impl<T: TS + 'static + ?Sized> Crossing for T {
    fn name_in(ts: &Config) -> String {
        T::name(ts)
    }

    fn declare_in(types: &mut Types<'_>) {
        T::visit_generics(types);
        types.visit::<T>();
    }
}

impl Crossing for FrameBytes {
    fn name_in(_: &Config) -> String {
        "ArrayBuffer".to_owned()
    }

    fn declare_in(_: &mut Types<'_>) {}
}

/// The declarations of types that cross, each once.
pub(crate) struct Types<'a> {
    ts: &'a Config,
    /// By section, which is the capability in whose folder a type stands, or [`COMMON`]; then by name, since ts-rs visits what a
    /// type is made of in an order that changes from build to build.
    declared: BTreeMap<(&'static str, String), String>,
}

impl Types<'_> {
    /// Adds a type, and those that it is made of.
    pub(crate) fn add<T: Crossing + ?Sized>(&mut self) {
        T::declare_in(self);
    }
}

impl TypeVisitor for Types<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Numbers, texts and lists have no file of their own, nor a declaration.
        if T::output_path().is_none() {
            return;
        }
        let folder = type_name::<T>().split("::").nth(1);
        let capability = dispatch::CAPABILITIES
            .iter()
            .find(|(name, _)| Some(*name) == folder);
        let section = capability.map_or(COMMON, |(name, _)| name);
        if let Entry::Vacant(place) = self.declared.entry((section, T::name(self.ts))) {
            place.insert(format!(
                "{}export {}\n",
                T::docs().unwrap_or_default(),
                T::decl(self.ts)
            ));
            T::visit_dependencies(self);
        }
    }
}

/// The whole file, before the interface's formatter lays it out.
pub fn contract_ts() -> String {
    // Everything that crosses is below 2⁵³, and JSON has one kind of number.
    let ts = &Config::new().with_large_int("number");
    let mut out = String::from(
        "/* eslint-disable max-lines -- it is generated whole */\n\
         // What crosses between the desktop shell and the interface: generated from the shell's types, never edited by hand.\n\
         // Every number that is a time says its unit in its name.\n",
    );
    let mut types = Types {
        ts,
        declared: BTreeMap::new(),
    };
    types.add::<IpcError>();
    dispatch::declare(&mut types);
    let capabilities = dispatch::CAPABILITIES.iter().map(|(name, _)| *name);
    for section in [COMMON].into_iter().chain(capabilities) {
        out.push_str(&format!("\n// ---------- {section} ----------\n"));
        let here = types.declared.iter().filter(|((other, _), _)| *other == section);
        here.for_each(|(_, declaration)| out.push_str(declaration));
    }
    out.push_str("\n// ---------- commands and events ----------\n");
    push_map(
        &mut out,
        "Every command: what it takes and what it answers. The name before the bar is the capability.",
        "Commands",
        &dispatch::command_lines(ts),
    );
    push_map(
        &mut out,
        "Every event that the shell sends unasked.",
        "Events",
        &dispatch::event_lines(ts),
    );
    out
}

fn push_map(out: &mut String, about: &str, name: &str, lines: &[String]) {
    out.push_str(&format!("/** {about} */\nexport type {name} = {{\n"));
    lines.iter().for_each(|line| out.push_str(&format!("  {line}\n")));
    out.push_str("};\n");
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    /// The words of a source text, without its layout: that is the formatter's.
    fn words(text: &str) -> Vec<&str> {
        text.split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
            .collect()
    }

    /// Writes the file into the folder that `TS_RS_EXPORT_DIR` names; without it, compares the words of the interface's copy.
    #[test]
    fn export_bindings() {
        let fresh = super::contract_ts();
        if let Some(folder) = std::env::var_os("TS_RS_EXPORT_DIR").map(PathBuf::from) {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("contract.ts"), fresh).unwrap();
            return;
        }
        let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/bindings/contract.ts");
        let committed = std::fs::read_to_string(committed).unwrap();
        assert!(
            words(&committed) == words(&fresh),
            "ui/src/bindings is stale: see what `cargo xtask check bindings` says"
        );
    }
}
