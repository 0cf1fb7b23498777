//! Who runs this program: identity, folders, name and log.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use app::session::{colour_of, user_name};
use netcore::Folders;
use netcore::event_log::{self, LogGuard};
use netcore::proto::session::Profile;

use crate::args::Common;
use crate::exit::{Code, Failure, Result};
use crate::output::Screen;

/// How many copies of one profile may run side by side.
const MAX_COPIES: u32 = 16;

/// The person at this terminal.
#[derive(Clone)]
pub(crate) struct Me {
    pub(crate) folders: Folders,
    pub(crate) profile: Profile,
    pub(crate) log: Arc<LogGuard>,
    /// Held for as long as the program runs.
    _claim: Option<Arc<File>>,
}

impl Me {
    /// Takes the profile asked for; when another copy of this program has it, one beside it, so that both are people of
    /// their own instead of throwing each other out of a room.
    pub(crate) fn load(common: &Common, screen: &Screen) -> Result<Me> {
        let (folders, claim) = claim(common.profile.as_deref(), screen)?;
        let log = event_log::init_logging(&folders, common.verbose);
        Ok(Me {
            profile: profile(common),
            folders,
            log: Arc::new(log),
            _claim: Some(Arc::new(claim)),
        })
    }
}

impl Me {
    /// An identity that lives in `folder` for a while, and leaves no trace.
    pub(crate) fn passing(common: &Common, folder: &Path) -> Result<Me> {
        let folders = Folders::at(folder)?;
        let log = event_log::init_logging(&folders, common.verbose);
        Ok(Me {
            profile: profile(common),
            folders,
            log: Arc::new(log),
            _claim: None,
        })
    }
}

fn claim(asked: Option<&str>, screen: &Screen) -> Result<(Folders, File)> {
    for copy in 1..=MAX_COPIES {
        let name = match (copy, asked) {
            (1, asked) => asked.map(str::to_owned),
            (copy, asked) => Some(format!("{}-{copy}", asked.unwrap_or("copy"))),
        };
        let folders = Folders::for_profile(name.as_deref())?;
        let path = folders.config().join("terminal.lock");
        let unwritable = |error: &dyn std::fmt::Display| {
            Failure::new(
                Code::Failed,
                format!("{} cannot be written: {error}", path.display()),
            )
        };
        let file = File::create(&path).map_err(|error| unwritable(&error))?;
        match file.try_lock() {
            Ok(()) => {
                if let (2.., Some(name)) = (copy, &name) {
                    screen.note(&format!(
                        "Another Roomwire runs here: this one uses the profile \"{name}\"."
                    ));
                }
                return Ok((folders, file));
            }
            Err(TryLockError::WouldBlock) => {}
            // Some network file systems have no locks: better no protection than no program.
            Err(TryLockError::Error(error)) => {
                tracing::warn!(path = %path.display(), %error, "the profile cannot be locked");
                return Ok((folders, file));
            }
        }
    }
    let words =
        format!("{MAX_COPIES} copies of this profile run already: give this one a --profile of its own");
    Err(Failure::new(Code::Usage, words))
}

fn profile(common: &Common) -> Profile {
    let device = netcore::device_name();
    let name = common
        .name
        .clone()
        .or_else(user_name)
        .unwrap_or_else(|| device.clone());
    Profile {
        colour: colour_of(&name).to_owned(),
        name,
        about: common.about.clone().unwrap_or_default(),
        device,
    }
    .sanitized()
}
