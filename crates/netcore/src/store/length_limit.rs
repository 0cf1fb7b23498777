//! The limit on how long the files of this process may become: `ulimit -f` in a shell, `LimitFSIZE=` of a service.

/// From now on a write beyond the limit fails as on a full disk, which is an error in words. Without this the system ends the whole
/// process by a signal. Programs that this one starts take the signal as usual. Called before anything is written.
pub fn survive_length_limit() {
    #[cfg(unix)]
    #[allow(unsafe_code)]
    {
        extern "C" fn let_the_write_fail(_signal: libc::c_int) {}
        let handler = let_the_write_fail as *const () as libc::sighandler_t;
        // SAFETY: the handler does nothing, so it may run at any moment; the signal is one that may be handled.
        let before = unsafe { libc::signal(libc::SIGXFSZ, handler) };
        if before == libc::SIG_ERR {
            tracing::warn!("a file that becomes too long will end this program");
        }
    }
}
