//! Arithmetic that cannot panic or wrap, for numbers that others choose.

/// `a` × `b` / `by`, rounded down; the largest number when it is more. Dividing by zero is dividing by one.
pub(crate) fn mul_div(a: u64, b: u64, by: u64) -> u64 {
    let product = product(a, b);
    narrow(product.checked_div(u128::from(by)).unwrap_or(product))
}

/// The same, rounded up.
pub(crate) fn mul_div_ceil(a: u64, b: u64, by: u64) -> u64 {
    narrow(product(a, b).div_ceil(u128::from(by.max(1))))
}

/// Twice 64 bits hold every product.
fn product(a: u64, b: u64) -> u128 {
    u128::from(a).saturating_mul(u128::from(b))
}

fn narrow(wide: u128) -> u64 {
    u64::try_from(wide).unwrap_or(u64::MAX)
}

/// A count or a size that only grows: at the end of its range it stays there.
pub(crate) trait Grow {
    /// Adds `more`.
    fn grow_by(&mut self, more: Self);
}

macro_rules! grow {
    ($($number:ty)*) => {
        $(impl Grow for $number {
            fn grow_by(&mut self, more: $number) {
                *self = self.saturating_add(more);
            }
        })*
    };
}

grow!(u32 u64 usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_exact_where_it_fits_and_the_largest_number_where_not() {
        assert_eq!((mul_div(7, 3, 4), mul_div_ceil(7, 3, 4)), (5, 6));
        assert_eq!(mul_div(u64::MAX, u64::MAX, u64::MAX), u64::MAX);
        assert_eq!(mul_div(u64::MAX, 2, 1), u64::MAX);
        assert_eq!(mul_div_ceil(u64::MAX, 2, 4), 1 << 63);
        assert_eq!((mul_div(9, 1, 0), mul_div_ceil(9, 1, 0)), (9, 9));
    }

    #[test]
    fn a_count_stays_at_the_end_of_its_range() {
        let mut count = u32::MAX - 1;
        count.grow_by(1);
        assert_eq!(count, u32::MAX);
        count.grow_by(7);
        assert_eq!(count, u32::MAX);
    }
}
