//! Conversations on real sockets.

mod chat;
mod files;
mod session;
mod strangers;
mod video;
