//! Cameras against the kernel's own `vivid` driver, and `v4l2loopback` for the formats it lacks, in a virtual machine: one boot, all scenarios, one test for each.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::sync::OnceLock;

use camera_tests::{Report, Rig};

fn report() -> &'static Report {
    static REPORT: OnceLock<Result<Report, String>> = OnceLock::new();
    let guest = Path::new(env!("CARGO_BIN_EXE_camera-guest"));
    let play = || {
        let played = Rig::prepare().and_then(|rig| rig.run(guest));
        if let Ok(report) = &played {
            println!("{}", report.console());
        }
        played
    };
    match REPORT.get_or_init(play) {
        Ok(report) => report,
        Err(error) => panic!("the camera rig cannot be used: {error}"),
    }
}

macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                report().assert_passed(stringify!($name));
            }
        )*

        #[test]
        fn every_scenario_of_the_guest_has_a_test() {
            let mut here = vec![$(stringify!($name)),*];
            here.sort_unstable();
            assert_eq!(report().names(), here);
        }
    };
}

scenarios![
    list,
    pictures,
    smaller_than_the_camera,
    rate,
    newest,
    busy,
    forbidden,
    no_camera,
    flagged_buffer,
    fatal_error,
    stall,
    stop_while_stalled,
    unplug,
    again_and_again,
    nokhwa_pictures,
    nokhwa_busy,
    nokhwa_stall,
    nokhwa_unplug,
    mjpeg_is_passed_through,
    mjpeg_of_less_quality,
    mjpeg_stall,
    nokhwa_mjpeg,
    yu12,
    uyvy,
    grey,
    no_sizes,
];
