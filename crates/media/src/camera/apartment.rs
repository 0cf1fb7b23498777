//! COM for Windows cameras, on whichever thread they are used.

use std::sync::Once;

use windows_sys::Win32::System::Com::CoIncrementMTAUsage;

/// Lets every thread of this process use COM from now on.
///
/// `nokhwa` prepares COM only on the thread that is the first to ask for cameras, and each camera here has a thread of its own. With
/// a multithreaded apartment that stays, a thread that has none belongs to that one.
#[allow(unsafe_code)]
pub(super) fn prepare() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        let mut cookie = std::ptr::null_mut();
        // SAFETY: the system writes one pointer, for which there is room. It would serve to give the apartment up, and is not needed.
        let outcome = unsafe { CoIncrementMTAUsage(&raw mut cookie) };
        if outcome < 0 {
            tracing::warn!(code = outcome, "COM cannot be prepared for cameras");
        }
    });
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::System::Com::{APTTYPE, APTTYPE_MTA, CoGetApartmentType};

    #[allow(unsafe_code)]
    fn apartment() -> Option<APTTYPE> {
        let (mut kind, mut qualifier) = (0, 0);
        // SAFETY: the system writes two numbers, for which there is room.
        let outcome = unsafe { CoGetApartmentType(&raw mut kind, &raw mut qualifier) };
        (outcome == 0).then_some(kind)
    }

    #[test]
    fn a_thread_that_prepared_nothing_may_use_com() {
        super::prepare();
        let elsewhere = std::thread::spawn(apartment);
        assert_eq!(elsewhere.join().unwrap(), Some(APTTYPE_MTA));
    }
}
