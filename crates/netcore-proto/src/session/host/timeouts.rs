//! Silence: when the host asks, and which members and connections it gives up.

use super::{Departure, Host, Seat, Stage, refuse};
use crate::ground::sink::HostSink;
use crate::ground::{Deadline, DeadlineReason, LeaveReason, MemberId, Refusal, RefusalCode, Time};
use crate::session::{Event, HELLO_TIMEOUT, Notice, RETURN_TIMEOUT, SILENCE_TIMEOUT};

impl Host {
    pub(crate) fn poll_timeout(&self) -> Option<Deadline> {
        let conns = self.conns.values().flat_map(|conn| {
            let patience = match conn.stage {
                Stage::AwaitingHello { until } => Deadline {
                    at: until,
                    reason: DeadlineReason::Hello,
                },
                Stage::Joined(_) => Deadline {
                    at: conn.heard + SILENCE_TIMEOUT,
                    reason: DeadlineReason::Silence,
                },
            };
            [patience, conn.pinger.deadline()]
        });
        let places = self
            .seats
            .values()
            .filter_map(|seat| seat.lost)
            .map(|lost| Deadline {
                at: lost + RETURN_TIMEOUT,
                reason: DeadlineReason::Return,
            });
        conns.chain(places).min()
    }

    /// Asks, and finds out who has been silent or away for too long.
    pub(crate) fn handle_timeout(
        &mut self,
        now: Time,
        out: &mut impl HostSink<Notice, Event>,
    ) -> Vec<Departure> {
        let mut silent = Vec::new();
        let mut late = Vec::new();
        for (&id, conn) in &mut self.conns {
            match conn.stage {
                Stage::AwaitingHello { until } if until <= now => late.push(id),
                Stage::Joined(_) if conn.heard + SILENCE_TIMEOUT <= now => silent.push(id),
                _ => {}
            }
            if let Some(ping) = conn.pinger.poll_ping(now)
                && matches!(conn.stage, Stage::Joined(_))
            {
                out.answer(id, Notice::Ping(ping));
            }
        }
        for conn in late {
            let words = format!("no hello within {HELLO_TIMEOUT}");
            self.refuse(conn, Refusal::new(RefusalCode::Silent, words), out);
        }
        for conn in silent {
            self.handle_closed(conn, now, out);
            let words = format!("nothing was heard for {SILENCE_TIMEOUT}");
            refuse(conn, Refusal::new(RefusalCode::Silent, words), out);
        }
        let given_up = |seat: &Seat| seat.lost.is_some_and(|lost| lost + RETURN_TIMEOUT <= now);
        let gone: Vec<MemberId> = self
            .seats
            .iter()
            .filter(|(_, seat)| given_up(seat))
            .map(|(id, _)| *id)
            .collect();
        gone.into_iter()
            .filter_map(|member| self.leave(member, LeaveReason::Lost, None, out))
            .collect()
    }
}
