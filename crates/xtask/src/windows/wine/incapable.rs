//! What Wine cannot do: tests that pass on Windows and cannot pass here, each with its reason.

use crate::failure::{Failure, Result};
use crate::process::say;

/// Tests, by their whole names, that fail for one reason.
struct Incapable {
    why: &'static str,
    tests: &'static [&'static str],
}

const INCAPABLE: &[Incapable] = &[
    Incapable {
        why: "there is no ffmpeg for Windows here",
        tests: &[
            "playback::tests::avi::an_avi_has_the_proportions_that_ffmpeg_gave_it",
            "playback::tests::avi::the_first_of_several_videos_is_played",
            "playback::tests::ffmpeg::a_list_of_files_leads_to_none_of_them",
            "playback::tests::ffmpeg::a_songs_cover_is_no_video",
            "playback::tests::ffmpeg::other_formats_are_played_by_ffmpeg_whatever_their_name_looks_like",
            "playback::tests::ffmpeg::pixels_that_are_not_square_are_shown_in_their_proportions",
            "playback::tests::what_is_no_video_has_an_error_that_says_why",
            "playback::tests::what_our_reader_cannot_follow_goes_to_ffmpeg",
            "recording::tests::a_recording_that_was_cut_off_anywhere_plays_up_to_there",
            "recording::tests::another_size_and_a_long_gap_begin_new_files",
            "recording::tests::in_the_background_everything_is_written_before_it_is_over",
            "recording::tests::other_programs_see_each_frame_at_its_time",
        ],
    },
    Incapable {
        why: "Wine's Media Foundation does not list cameras, and so knows of none that it is not there",
        tests: &[
            "camera::nokhwa::tests::a_camera_that_is_not_there_is_absent",
            "capture::tests::a_source_that_is_not_there_fails_in_words",
        ],
    },
];

/// All of them.
fn tests() -> impl Iterator<Item = &'static str> {
    INCAPABLE.iter().flat_map(|group| group.tests).copied()
}

/// The arguments by which a test binary leaves them out.
pub(super) fn skipped() -> impl Iterator<Item = &'static str> {
    tests().flat_map(|test| ["--skip", test])
}

/// Says which tests are left out and why.
///
/// # Errors
/// When one of them is not, or not once, among those that are there, as `--list` names them: then the table is out of date.
pub(super) fn say_which(listed: &str) -> Result<()> {
    for group in INCAPABLE {
        say(&format!("windows: not under Wine, since {}:", group.why));
        group.tests.iter().for_each(|test| say(&format!("  {test}")));
    }
    let wrong: Vec<_> = tests().filter(|test| times(listed, test) != 1).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Failure::Message(format!(
        "the table of what Wine cannot do names what is not there once: {}",
        wrong.join(", ")
    )))
}

/// How many of the tests in `listed` have this name.
fn times(listed: &str, test: &str) -> usize {
    let line = format!("{test}: test");
    listed.lines().filter(|found| found.trim_end() == line).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_counted_by_its_whole_name() {
        let listed = "net::a: test\r\nnet::a_b: test\nother::net::a: test\n";
        assert_eq!(times(listed, "net::a"), 1);
        assert_eq!(times(listed, "net"), 0);
    }
}
