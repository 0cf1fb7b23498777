//! The pattern as a source.

use super::draw::draw;
use crate::clock::Clock;
use crate::error::CaptureError;
use crate::feed::{Feed, Shape, Shot, Tempo};
use crate::planes::Planes;
use crate::spec::CaptureSpec;

/// The pattern, drawn anew for each frame.
pub(crate) struct PatternFeed {
    shape: Shape,
    number: u32,
    clock: Clock,
}

impl PatternFeed {
    pub(crate) fn new(spec: &CaptureSpec, clock: Clock) -> PatternFeed {
        let size = |asked: u16, own: u16| if asked == 0 { own } else { asked.clamp(16, 8192) };
        let shape = Shape {
            name: "Test pattern".to_owned(),
            width: size(spec.width, 1280),
            height: size(spec.height, 720),
            rate: if spec.rate > 0.0 { spec.rate } else { 30.0 },
            tempo: Tempo::Requested,
        };
        PatternFeed {
            shape,
            number: 0,
            clock,
        }
    }
}

impl Feed for PatternFeed {
    fn shape(&self) -> Shape {
        self.shape.clone()
    }

    fn next(&mut self, planes: &mut Planes) -> Result<Shot, CaptureError> {
        let captured = (self.clock)();
        planes.resize(self.shape.width, self.shape.height);
        draw(planes, self.number, captured);
        self.number = self.number.wrapping_add(1);
        Ok(Shot::Planes { captured })
    }
}
