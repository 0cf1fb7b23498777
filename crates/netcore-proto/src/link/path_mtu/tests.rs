use super::*;

#[test]
fn a_refusal_ends_the_search() {
    let mut mtu = PathMtu::new(65_487, Time::ZERO);
    let first = mtu.poll_probe(Time::ZERO).map(|probe| probe.size);
    assert_eq!(first, Some(1_352));
    assert_eq!(mtu.poll_probe(Time::ZERO), None, "one at a time");
    mtu.handle_send_failed(1_352, Time::ZERO);
    assert_eq!((mtu.payload(), mtu.is_searching()), (BASE_PAYLOAD, false));
    assert_eq!(
        mtu.poll_timeout().map(|deadline| deadline.at),
        Some(Time::ZERO + RAISE_TIMER)
    );
}

#[test]
fn answers_to_questions_nobody_asked_say_nothing() {
    let mut mtu = PathMtu::new(65_487, Time::ZERO);
    for token in 0..4 {
        mtu.handle_probe_acked(token, Time::ZERO);
    }
    assert_eq!(mtu.payload(), BASE_PAYLOAD);
    let probe = mtu.poll_probe(Time::ZERO).unwrap();
    mtu.handle_probe_acked(probe.token.wrapping_add(1), Time::ZERO);
    assert_eq!(mtu.payload(), BASE_PAYLOAD);
    mtu.handle_probe_acked(probe.token, Time::ZERO);
    assert_eq!(mtu.payload(), 1_352);
    mtu.handle_probe_acked(probe.token, Time::ZERO);
    assert_eq!(mtu.payload(), 1_352, "one answer is one");
}
