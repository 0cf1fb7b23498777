use super::Env;
use crate::exit::{Code, Failure, Result};
use crate::output::{Device, DeviceFormat, Report};

/// Lists every source that this computer offers.
pub(super) async fn run(env: &Env) -> Result<()> {
    // Asking a camera what it offers may take a while.
    let sources = tokio::task::spawn_blocking(media::sources).await;
    let sources = sources.map_err(|error| Failure::new(Code::Failed, error))?;
    if !sources
        .iter()
        .any(|source| matches!(source.id, media::SourceId::Camera(_)))
    {
        env.screen
            .note("No camera was found. The test pattern and video files (file:PATH) need none.");
    }
    // Without a display the list has no screens; a command that asks for one says why.
    let screens = tokio::task::spawn_blocking(media::screens).await;
    let screens = screens.map_err(|error| Failure::new(Code::Failed, error))?;
    for source in sources.into_iter().chain(screens.unwrap_or_default()) {
        let formats = source.formats.iter().map(|format| DeviceFormat {
            width: format.width,
            height: format.height,
            rate: format.rate,
        });
        env.screen.show(&Report::Device(Device {
            source: source.id.to_string().into(),
            name: source.name.as_str().into(),
            formats: formats.collect(),
        }));
    }
    Ok(())
}
