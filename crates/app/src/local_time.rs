//! Moments in this place's time, for names of files.

use time::{OffsetDateTime, UtcOffset, macros::format_description};

/// The present in this place's time, such as `2026-11-22 07-26-13`, for names of files.
pub(crate) fn stamp() -> String {
    stamp_of(netcore::clock::unix_ms())
}

/// A moment, in milliseconds since 1970, in this place's time at that moment.
pub(crate) fn stamp_of(unix_ms: u64) -> String {
    let seconds = i64::try_from(unix_ms / 1_000).unwrap_or_default();
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let format = format_description!("[year]-[month]-[day] [hour]-[minute]-[second]");
    local(moment).format(format).unwrap_or_default()
}

/// A moment in this place's time, which is another one in summer and in winter.
fn local(moment: OffsetDateTime) -> OffsetDateTime {
    let offset = UtcOffset::local_offset_at(moment).unwrap_or(UtcOffset::UTC);
    moment.checked_to_offset(offset).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs this test once more in a process whose place has a summer time: a process has one place for all its threads.
    #[cfg(unix)]
    #[test]
    fn summer_and_winter_have_their_own_time() {
        const PLACE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
        if std::env::var("TZ").is_ok_and(|place| place == PLACE) {
            assert_eq!(stamp_of(1_768_471_200_000), "2026-01-15 11-00-00");
            assert_eq!(stamp_of(1_784_109_600_000), "2026-07-15 12-00-00");
            return;
        }
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "local_time::tests::summer_and_winter_have_their_own_time",
            ])
            .env("TZ", PLACE)
            .status();
        assert!(status.unwrap().success());
    }

    #[test]
    fn a_stamp_can_be_a_file_name_on_every_system() {
        let stamp = stamp();
        assert_eq!(stamp.len(), "2026-11-22 07-26-13".len(), "{stamp}");
        assert_eq!(netcore::proto::files::safe_name(&stamp), stamp);
    }
}
