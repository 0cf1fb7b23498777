use app::video::view::SourceKind;

use super::env::Env;
use crate::exit::{Code, Failure, Result};
use crate::output::Report;

/// Lists every source that this computer offers.
pub(super) async fn run(env: &Env) -> Result<()> {
    let sources = app::video::sources().await;
    let sources = sources.map_err(|error| Failure::new(Code::Failed, error))?;
    if sources.iter().all(|source| source.kind != SourceKind::Camera) {
        env.screen
            .note("No camera was found. The test pattern and video files (file:PATH) need none.");
    }
    for source in sources {
        env.screen.show(&Report::Source { source });
    }
    Ok(())
}
