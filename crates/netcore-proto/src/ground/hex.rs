//! Bytes as hexadecimal digits.

/// The bytes that `text` names with two digits each; `None` unless it is exactly those digits, in capitals or not.
pub(crate) fn bytes_of<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let digits = text.as_bytes();
    if digits.len() != N.checked_mul(2)? {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let &[high, low] = pair else {
            return None;
        };
        *byte = nibble(high)? << 4 | nibble(low)?;
    }
    Some(bytes)
}

/// `str::parse` would take a sign as well.
fn nibble(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_are_bytes() {
        assert_eq!(bytes_of("00fFa5"), Some([0, 0xff, 0xa5]));
        for text in [
            "", "00ffa", "00ffa5a", "+5ffa5", "-0ffa5", "0xffa5", " 0ffa5", "é0ffa", "g0ffa5",
        ] {
            assert_eq!(bytes_of::<3>(text), None, "{text}");
        }
    }
}
