use crate::args::Common;
use crate::exit::Result;
use crate::me::Me;
use crate::output::Screen;

/// What every command is given.
pub(super) struct Env {
    pub(super) common: Common,
    pub(super) screen: Screen,
}

impl Env {
    /// Takes the person's profile.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(super) fn me(&self) -> Result<Me> {
        Me::load(&self.common, &self.screen)
    }
}
