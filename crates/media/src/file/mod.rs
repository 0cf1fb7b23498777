//! Video files.

use std::path::Path;

use crate::Clock;
use crate::error::CaptureError;
use crate::feed::Feed;
use crate::source::SourceInfo;

pub(crate) fn open(path: &Path, _clock: &Clock) -> Result<Box<dyn Feed>, CaptureError> {
    Err(CaptureError::Absent {
        what: format!("file {}", path.display()),
    })
}

pub(crate) fn probe(path: &Path) -> Result<SourceInfo, CaptureError> {
    Err(CaptureError::Absent {
        what: format!("file {}", path.display()),
    })
}
