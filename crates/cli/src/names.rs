//! People by the names that a person types.

use netcore::proto::MemberId;

use crate::exit::{Code, Failure, Result};

/// Who bears this name, in any case of letters; `#3` is the person numbered 3.
pub(crate) fn id_of(name: &str, people: &[(MemberId, &str)]) -> Result<MemberId> {
    let mut found = bearers(name, people);
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => Err(Failure::new(Code::Usage, format!("nobody here is called {name}"))),
        (Some(_), Some(_)) => {
            let words = format!("more than one here is called {name}: write #NUMBER instead");
            Err(Failure::new(Code::Usage, words))
        }
    }
}

/// Everybody who bears this name, or has this number.
pub(crate) fn bearers(name: &str, people: &[(MemberId, &str)]) -> impl Iterator<Item = MemberId> {
    let by_number = name
        .strip_prefix('#')
        .and_then(|number| number.parse().ok())
        .map(MemberId);
    let bears = move |(id, other): &&(MemberId, &str)| {
        Some(*id) == by_number || other.to_lowercase() == name.to_lowercase()
    };
    people.iter().filter(bears).map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_mean_one_person() {
        let people = [(MemberId(0), "Ada"), (MemberId(1), "Ben"), (MemberId(2), "ben")];
        assert_eq!(id_of("ada", &people), Ok(MemberId(0)));
        assert!(
            id_of("Ben", &people)
                .unwrap_err()
                .message
                .contains("more than one")
        );
        assert_eq!(id_of("#2", &people), Ok(MemberId(2)));
        assert!(id_of("Cleo", &people).unwrap_err().message.contains("nobody"));
    }
}
