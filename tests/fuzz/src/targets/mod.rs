//! One module a target.

pub(crate) mod control;
pub(crate) mod datagram;
pub(crate) mod file;
pub(crate) mod host;
pub(crate) mod jpeg;
pub(crate) mod link;
pub(crate) mod member;
pub(crate) mod path;
pub(crate) mod playback;
pub(crate) mod receiver;
pub(crate) mod records;
pub(crate) mod seal;
pub(crate) mod sender;
pub(crate) mod tls;
pub(crate) mod words;
