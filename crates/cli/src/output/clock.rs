//! Moments as they are shown: in local time, which is asked for each moment, since its offset changes twice a year.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// The date and time here.
pub(crate) fn local_now() -> Zoned {
    Zoned::now()
}

/// Local time of the day, `hh:mm`; `--:--` for what is no moment of the years that have a calendar.
pub(super) fn clock_time(unix_ms: u64) -> String {
    clock_time_in(unix_ms, TimeZone::system())
}

fn clock_time_in(unix_ms: u64, zone: TimeZone) -> String {
    let moment = i64::try_from(unix_ms)
        .ok()
        .and_then(|unix_ms| Timestamp::from_millisecond(unix_ms).ok());
    moment.map_or_else(
        || "--:--".to_owned(),
        |moment| {
            let here = moment.to_zoned(zone);
            format!("{:02}:{:02}", here.hour(), here.minute())
        },
    )
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;

    use super::*;

    #[test]
    fn any_number_is_a_time_or_none_at_every_offset() {
        let offsets = [-93_599, -43_200, -1, 0, 1, 3_600, 50_400, 93_599];
        let numbers = [
            0,
            1,
            253_370_764_800_000,
            253_402_300_799_000,
            253_402_300_799_999,
            253_402_300_800_000,
            i64::MAX as u64,
            u64::MAX,
        ];
        for offset in offsets {
            let zone = TimeZone::fixed(Offset::from_seconds(offset).unwrap());
            for number in numbers {
                let shown = clock_time_in(number, zone.clone());
                assert_eq!(shown.len(), 5, "{number} at {offset}: {shown}");
            }
        }
        assert_eq!(clock_time_in(u64::MAX, TimeZone::UTC), "--:--");
        assert_eq!(clock_time_in(253_370_764_800_000, TimeZone::UTC), "00:00");
    }

    #[test]
    fn each_moment_has_the_offset_of_its_season() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        // A second before and at the change of 29 March 2026, and at that of 25 October.
        for (unix_s, shown) in [
            (1_774_745_999, "01:59"),
            (1_774_746_000, "03:00"),
            (1_792_889_999, "02:59"),
            (1_792_890_000, "02:00"),
        ] {
            assert_eq!(clock_time_in(unix_s * 1_000, berlin.clone()), shown, "{unix_s}");
        }
    }
}
