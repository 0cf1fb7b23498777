use crate::program::{Place, events, is};

#[test]
fn words_go_in_both_directions_with_name_address_and_receipt() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let mut ben = place.member(&address, "Ben", &["--about", "seat 12"]);
    host.notes("joined", "Ben");

    ben.line("Good morning! 大家好");
    let heard = host.hears("Good morning! 大家好");
    assert_eq!(
        (heard["name"].as_str(), heard["mine"].as_bool()),
        (Some("Ben"), Some(false))
    );
    assert!(heard["address"].as_str().unwrap().starts_with("127.0.0.1:"));
    let receipt = ben.hears("Good morning! 大家好");
    assert_eq!((&receipt["seq"], &receipt["mine"]), (&heard["seq"], &true.into()));

    host.line("Welcome");
    assert_eq!(ben.hears("Welcome")["name"], "Ada");
    assert_eq!(host.hears("Welcome")["mine"], true);

    let said = place.run(&[
        "say",
        &address,
        "from a script",
        "--as",
        "Cleo",
        "--profile",
        "cleo",
        "--json",
    ]);
    assert_eq!(said.status.code(), Some(0));
    assert_eq!(events(&said)[0]["entry"]["body"]["text"], "from a script");
    assert_eq!(
        ben.hears("from a script")["seq"],
        host.hears("from a script")["seq"]
    );
    ben.notes("left", "Cleo");

    host.line("/people");
    let people = host.wait_for("the people", |event| event["event"] == "people");
    assert_eq!(people["people"].as_array().unwrap().len(), 2);
    assert_eq!(people["people"][1]["profile"]["about"], "seat 12");

    ben.line("/name Benjamin");
    host.wait_for("a new name", |event| {
        is(event, "session", "person_changed") && event["person"]["profile"]["name"] == "Benjamin"
    });
}

#[test]
fn what_is_too_long_or_no_command_is_refused_in_words_and_the_room_goes_on() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let mut ben = place.member(&address, "Ben", &[]);
    ben.line(&"x".repeat(64 * 1024 + 1));
    let refused = ben.wait_for("a refusal", |event| event["event"] == "not_sent");
    assert_eq!(
        (&refused["error"]["code"], &refused["error"]["context"]["over"]),
        (&"too_long".into(), &"1".into())
    );
    ben.line("/dance");
    let error = ben.wait_for("an error", |event| event["event"] == "error");
    assert!(error["message"].as_str().unwrap().contains("/help"));
    ben.line(&"y".repeat(64 * 1024));
    host.hears(&"y".repeat(64 * 1024));
}

#[test]
fn a_room_closes_and_opens_again_and_a_member_can_become_a_host() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let mut ben = place.member(&address, "Ben", &[]);
    host.notes("joined", "Ben");
    host.line("/close");
    ben.wait_for("the end", |event| {
        event["event"] == "error" && event["code"] == "room_lost"
    });
    assert_eq!(ben.exit_code(), 5);

    host.forget();
    // The port that was free before is asked for, so that the address stays good.
    let port = address.rsplit(':').next().unwrap();
    host.line(&format!("/open {port}"));
    host.wait_for("the room to open again", |event| event["event"] == "opened");
    let mut cleo = place.member(&address, "Cleo", &[]);
    cleo.line("here again");
    host.hears("here again");

    cleo.line("/open 0");
    let opened = cleo.wait_for("a room of Cleo's", |event| event["event"] == "opened");
    host.notes("left", "Cleo");
    host.line(&format!("/join 127.0.0.1:{}", opened["port"]));
    host.wait_for("Ada in Cleo's room", |event| event["event"] == "joined");
    host.line("now I visit you");
    cleo.hears("now I visit you");
}

#[test]
fn a_pipe_says_everything_and_leaves() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let mut piped = place.start(&["join", &address, "--as", "Pipe", "--profile", "pipe"]);
    piped.line("first");
    piped.line("second");
    piped.end_input();
    assert_eq!(piped.exit_code(), 0);
    let (first, second) = (host.hears("first"), host.hears("second"));
    assert!(first["seq"].as_u64() < second["seq"].as_u64());
    assert_eq!(host.notes("left", "Pipe")["body"]["reason"], "left");
}

#[test]
fn copies_of_one_profile_are_people_of_their_own() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    // All three run on the profile without a name.
    let mut one = place.start(&["join", &address, "--as", "One", "--stay"]);
    one.wait_for("the welcome", |event| event["event"] == "joined");
    let mut two = place.start(&["join", &address, "--as", "Two", "--stay"]);
    two.wait_for("the welcome", |event| event["event"] == "joined");
    one.line("/people");
    host.line("/people");
    for program in [&mut one, &mut host] {
        let people = program.wait_for("the people", |event| event["event"] == "people");
        assert_eq!(people["people"].as_array().unwrap().len(), 3);
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_says_goodbye() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let mut ben = place.member(&address, "Ben", &[]);
    host.notes("joined", "Ben");
    ben.signal("INT");
    assert_eq!(ben.exit_code(), 130);
    assert_eq!(host.notes("left", "Ben")["body"]["reason"], "left");
    let mut cleo = place.member(&address, "Cleo", &[]);
    host.signal("TERM");
    assert_eq!(host.exit_code(), 143);
    cleo.wait_for("the end", |event| {
        event["event"] == "error" && event["code"] == "room_lost"
    });
    assert_eq!(cleo.exit_code(), 5);
}
