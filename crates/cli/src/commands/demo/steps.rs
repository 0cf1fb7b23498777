use crate::exit::{Code, Failure};
use crate::output::{Report, Screen};

/// The demonstration in plain words. Machines are given the same words as steps.
pub(super) struct Steps(Screen);

impl Steps {
    /// Nothing is shown yet.
    pub(super) fn new(screen: &Screen) -> Steps {
        Steps(screen.clone())
    }

    /// Where they are shown.
    pub(super) fn screen(&self) -> &Screen {
        &self.0
    }

    pub(super) fn title(&self, words: &str) {
        self.scene("title", words);
    }

    pub(super) fn done(&self, words: &str) {
        self.scene("done", words);
    }

    fn scene(&self, code: &str, words: &str) {
        self.0.show(&Report::Scene {
            code: code.into(),
            words: words.into(),
        });
    }
}

/// Something is not as it should be.
pub(super) fn broken(words: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, format!("the demonstration failed: {words}"))
}
