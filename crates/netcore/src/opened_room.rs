//! What a room is made of, whichever side it is.

use std::sync::Arc;

use crate::event::Fixed;
use crate::files::FilePlane;
use crate::metrics::Board;
use crate::shared::Shared;
use crate::video::Plane;

/// A room that has been opened or joined.
pub(crate) struct OpenedRoom {
    pub(crate) shared: Arc<Shared>,
    pub(crate) video: Arc<Plane>,
    pub(crate) files: Arc<FilePlane>,
    pub(crate) board: Arc<Board>,
    pub(crate) fixed: Fixed,
}
