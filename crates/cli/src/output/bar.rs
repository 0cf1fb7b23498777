use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::text::Text;

/// The progress of one file for a person; nothing when nobody watches.
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(super) fn new(bars: Option<&MultiProgress>, label: &str, bytes: u64) -> Bar {
        Bar(bars.map(|bars| {
            let template =
                "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}";
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = bars.add(ProgressBar::new(bytes).with_style(style));
            bar.set_message(Text::from(label).to_string());
            bar
        }))
    }

    /// So many bytes are there.
    pub(crate) fn set(&self, done: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(done);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
