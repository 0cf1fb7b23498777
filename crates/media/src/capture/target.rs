//! How pictures are made, which may change between any two of them.

/// How pictures are made from now on. The publisher's adaptation to the network changes it while the source runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaptureTarget {
    /// JPEG quality, 1 to 100; anything beyond is taken as the nearest of these.
    pub quality: u8,
    /// What share of its own size a picture keeps.
    pub scale: Scale,
    /// Frames each second at most; 0: the source's own.
    pub rate: f32,
}

impl Default for CaptureTarget {
    /// Quality 50, full size, the source's own rate.
    fn default() -> CaptureTarget {
        CaptureTarget {
            quality: 50,
            scale: Scale::FULL,
            rate: 0.0,
        }
    }
}

/// A part of full size, the same in both directions: more than 0 and at most 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    numerator: u8,
    denominator: u8,
}

/// No picture becomes smaller than this in either direction by scaling, in pixels: there would be nothing left to see.
const MIN_SIDE: u16 = 16;

impl Scale {
    /// As large as it is.
    pub const FULL: Scale = Scale {
        numerator: 1,
        denominator: 1,
    };
    /// The first step down: 3/4 in each direction, 56 % of the pixels.
    pub const THREE_QUARTERS: Scale = Scale {
        numerator: 3,
        denominator: 4,
    };
    /// Half in each direction, a quarter of the pixels.
    pub const HALF: Scale = Scale {
        numerator: 1,
        denominator: 2,
    };
    /// A quarter in each direction.
    pub const QUARTER: Scale = Scale {
        numerator: 1,
        denominator: 4,
    };

    /// `numerator` / `denominator` of full size. What is no part of it, or all, is full size.
    pub const fn new(numerator: u8, denominator: u8) -> Scale {
        if numerator == 0 || numerator >= denominator {
            return Scale::FULL;
        }
        Scale {
            numerator,
            denominator,
        }
    }

    /// Numerator and denominator.
    pub const fn parts(self) -> (u8, u8) {
        (self.numerator, self.denominator)
    }

    /// The size of a picture of `size` pixels at this scale: even in both directions, and 16 pixels at least, where it is not
    /// `size` itself.
    pub fn of(self, size: (u16, u16)) -> (u16, u16) {
        if self == Scale::FULL || size.0 <= MIN_SIDE || size.1 <= MIN_SIDE {
            return size;
        }
        let share = f64::from(self.numerator) / f64::from(self.denominator);
        let even = |side: f64| (2.0 * (side / 2.0).round()) as u16;
        let side = |side: u16| even(f64::from(side) * share).max(MIN_SIDE);
        (side(size.0), side(size.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_usual_sizes_are_even() {
        assert_eq!(Scale::THREE_QUARTERS.of((1280, 720)), (960, 540));
        assert_eq!(Scale::HALF.of((1920, 1080)), (960, 540));
        assert_eq!(Scale::HALF.of((854, 481)), (428, 240));
        assert_eq!(Scale::QUARTER.of((8192, 8192)), (2048, 2048));
        assert_eq!(Scale::FULL.of((333, 111)), (333, 111));
    }

    #[test]
    fn nothing_becomes_too_small_to_see() {
        assert_eq!(Scale::new(1, 255).of((1280, 720)), (16, 16));
        assert_eq!(Scale::HALF.of((8, 800)), (8, 800));
    }

    #[test]
    fn what_is_no_part_is_the_whole() {
        for (numerator, denominator) in [(0, 4), (4, 4), (5, 4), (0, 0), (1, 0)] {
            assert_eq!(Scale::new(numerator, denominator), Scale::FULL);
        }
    }
}
