//! Live video.

use netcore_proto::{Span, Transport};
use sim_tests::effects::Conditions;
use sim_tests::{Film, Scenario, Step};

use crate::PEOPLE;

#[test]
#[ignore = "prints figures for tuning by hand"]
fn measure() {
    for loss in [0.0, 0.02, 0.1] {
        for transport in [Transport::Udp, Transport::Tcp] {
            let world = Scenario::new("Ben films", PEOPLE)
                .links(Conditions::delay_ms(10).mbit(100, 256 * 1024).loss(loss))
                .then([
                    Step::Open,
                    Step::Join("Ben"),
                    Step::Join("Cyd"),
                    Step::Wait(Span::from_secs(5)),
                ])
                .then([
                    Step::Publish("Ben", transport),
                    Step::wait_ms(100),
                    Step::WatchAll("Cyd"),
                    Step::wait_ms(100),
                    Step::Film("Ben", Film::hd(Span::from_secs(20))),
                    Step::Wait(Span::from_secs(21)),
                ])
                .run(1);
            let hop = world.hop("Ben", "Ada");
            println!(
                "{loss} {transport} up: {:?} within100 {} p50 {} p95 {} p99 {} {:?}",
                hop.outcomes(),
                hop.share_within(Span::from_millis(100)),
                hop.age_quantile(0.5),
                hop.age_quantile(0.95),
                hop.age_quantile(0.99),
                hop.receiver.counts()
            );
            let hop = world.hop("Ada", "Cyd");
            println!(
                "   down: {:?} within100 {} p95 {} ",
                hop.outcomes(),
                hop.share_within(Span::from_millis(100)),
                hop.age_quantile(0.95)
            );
        }
    }
}
