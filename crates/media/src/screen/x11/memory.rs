//! How pictures come from the server: by memory that both have open, or through the connection.

use std::fs::File;
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, memfd_create};
use x11rb::connection::Connection;
use x11rb::protocol::shm::ConnectionExt as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};
use x11rb::rust_connection::RustConnection;

use super::display::Region;
use super::error::{GrabError, no_screen};

const ALL_PLANES: u32 = u32::MAX;

/// A picture through the connection.
pub(super) fn image(
    connection: &RustConnection,
    drawable: u32,
    region: Region,
    data: &mut [u8],
) -> Result<(), GrabError> {
    let Region { x, y, width, height } = region;
    let asked = connection.get_image(ImageFormat::Z_PIXMAP, drawable, x, y, width, height, ALL_PLANES)?;
    let reply = asked.reply()?;
    if reply.data.len() != data.len() {
        return Err(GrabError::Elsewhere);
    }
    data.copy_from_slice(&reply.data);
    Ok(())
}

/// Memory that the server writes pictures into. It is read as a file, which needs no mapping here.
pub(super) struct SharedMemory {
    file: File,
    bytes: u64,
    segment: Option<u32>,
}

impl SharedMemory {
    /// `None` when the server has no such thing, or is another computer.
    pub(super) fn new(connection: &RustConnection) -> Option<SharedMemory> {
        let version = connection.shm_query_version().ok()?.reply().ok()?;
        if (version.major_version, version.minor_version) < (1, 2) {
            return None;
        }
        let file = memfd_create("screen", MemfdFlags::CLOEXEC).ok()?;
        let mut shared = SharedMemory {
            file: File::from(file),
            bytes: 0,
            segment: None,
        };
        shared.grow(connection, 4).is_ok().then_some(shared)
    }

    fn grow(&mut self, connection: &RustConnection, bytes: u64) -> Result<(), GrabError> {
        if bytes <= self.bytes {
            return Ok(());
        }
        if let Some(old) = self.segment.take() {
            connection.shm_detach(old)?;
        }
        let failed =
            |reason: String| GrabError::Failed(no_screen(format!("no memory is to be had ({reason}).")));
        self.file
            .set_len(bytes)
            .map_err(|error| failed(error.to_string()))?;
        let theirs = self.file.try_clone().map_err(|error| failed(error.to_string()))?;
        let segment = connection
            .generate_id()
            .map_err(|error| failed(error.to_string()))?;
        connection
            .shm_attach_fd(segment, std::os::fd::OwnedFd::from(theirs), false)?
            .check()?;
        (self.segment, self.bytes) = (Some(segment), bytes);
        Ok(())
    }

    pub(super) fn image(
        &mut self,
        connection: &RustConnection,
        drawable: u32,
        region: Region,
        data: &mut [u8],
    ) -> Result<(), GrabError> {
        self.grow(connection, data.len() as u64)?;
        let Some(segment) = self.segment else {
            return image(connection, drawable, region, data);
        };
        let Region { x, y, width, height } = region;
        let format = ImageFormat::Z_PIXMAP.into();
        let asked =
            connection.shm_get_image(drawable, x, y, width, height, ALL_PLANES, format, segment, 0)?;
        if asked.reply()?.size as usize != data.len() {
            return Err(GrabError::Elsewhere);
        }
        let read = self.file.read_exact_at(data, 0);
        read.map_err(|error| GrabError::Failed(no_screen(format!("its picture cannot be read ({error})."))))
    }
}
