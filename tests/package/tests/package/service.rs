//! The unit for a host without a window. That it runs is tried in the clean system.

use std::process::Command;

use crate::made::{said, unpacked};

/// Tenths of what `systemd-analyze security` calls exposure: 0 is nothing to attack, 10 is everything. What is left is a program on
/// the network: its families of sockets, and that no list of addresses limits whom it talks with.
const MOST_EXPOSED: u32 = 15;

#[test]
fn the_unit_exposes_little() {
    let unit = unpacked().join("usr/lib/systemd/system/roomwire-host.service");
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--offline=true", "--no-pager"]);
    said(analyze.arg(format!("--threshold={MOST_EXPOSED}")).arg(unit));
}
