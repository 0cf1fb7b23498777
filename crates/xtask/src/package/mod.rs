//! `cargo xtask package`: the installable package, and a clean system to try it in.

use crate::failure::{Failure, Result};
use crate::project::Project;

pub(crate) const INSIDE: &str = "package-inside";
pub(crate) fn package(_project: &Project, _arguments: &[String]) -> Result<()> {
    Err(Failure::Told("no".into()))
}
pub(crate) fn inside(_project: &Project, _arguments: &[String]) -> Result<()> {
    Err(Failure::Told("no".into()))
}
pub(crate) fn can_be_tried_here() -> bool {
    false
}
pub(crate) fn make(_project: &Project) -> Result<()> {
    Err(Failure::Told("no".into()))
}
pub(crate) fn try_in_clean_system(_project: &Project) -> Result<()> {
    Err(Failure::Told("no".into()))
}
