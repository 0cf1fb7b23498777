//! Who a person is as long as they say nothing else.

/// The colours that a face offers: dark enough for white letters on them, and easily distinguished on light and on dark ground.
const COLOURS: [&str; 6] = ["#7a4f9a", "#2f6f5e", "#a3415f", "#5b6b2a", "#8a5a2b", "#4a5f8a"];

/// The same colour for the same name, every time.
pub fn colour_of(name: &str) -> &'static str {
    let at = name.bytes().fold(0_usize, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(byte))
    });
    COLOURS[at % COLOURS.len()]
}

/// What the system calls the person at this computer; `None` where it says nothing.
pub fn user_name() -> Option<String> {
    let names = ["USER", "USERNAME", "LOGNAME"].iter();
    names
        .filter_map(|name| std::env::var(name).ok())
        .find(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use netcore::proto::session::Profile;

    use super::*;

    #[test]
    fn every_colour_is_one_that_a_room_takes() {
        for colour in COLOURS {
            let profile = Profile {
                colour: colour.into(),
                name: "x".into(),
                ..Profile::default()
            };
            assert_eq!(profile.sanitized().colour, colour);
        }
        assert_eq!(colour_of("Ada"), colour_of("Ada"));
        assert_ne!(colour_of("Ada"), colour_of("Ada (beside)"));
    }
}
