//! The disk: received files, this installation's identity, and the rooms it has met.

pub(crate) mod disk;
pub(crate) mod folders;
pub(crate) mod identity;
pub(crate) mod known;
pub(crate) mod length_limit;
pub(crate) mod save;
