//! Language, theme and size: in force at once, and kept.

use gui_tests::Window;
use serde_json::json;

use crate::rig::{Member, Rig};

/// An attribute of the page's root.
fn root(window: &Window, name: &str) -> Option<String> {
    let value = window
        .run(
            "return document.documentElement.getAttribute(arguments[0])",
            &[json!(name)],
        )
        .ok()?;
    value.as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn language_and_theme_switch_at_once_and_are_kept() {
    let rig = Rig::open((1024, 640), &[]);
    rig.window.click("language-zh").unwrap();
    let is_chinese = |window: &Window| {
        root(window, "lang")
            .filter(|lang| lang.starts_with("zh"))
            .map(drop)
    };
    rig.window.wait("Chinese", is_chinese).unwrap();
    let words = rig.window.text("host-room").unwrap();
    assert!(
        words.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
        "{words}"
    );
    rig.window.click("theme-dark").unwrap();
    rig.window
        .wait("dark", |window| {
            root(window, "data-theme").filter(|theme| theme == "dark")
        })
        .unwrap();
    rig.window.picture("start-dark-zh-1024");

    let kept = rig
        .home
        .path()
        .join("default")
        .join("config")
        .join("settings.json");
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(kept).unwrap()).unwrap();
    assert_eq!(
        (&kept["settings"]["language"], &kept["settings"]["theme"]),
        (&json!("zh"), &json!("dark"))
    );

    let port = rig.host("Ada");
    let member = Member::join("本", port).await;
    rig.see_people(2);
    member.room.say("你好").await.unwrap();
    rig.window
        .wait("words", |window| {
            window.text("feed").filter(|feed| feed.contains("你好"))
        })
        .unwrap();
    rig.window.picture("room-dark-zh-1024");
    let overflow = "return document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight";
    assert_eq!(
        rig.window.run(overflow, &[]).unwrap(),
        json!(false),
        "the page is larger than the window"
    );
}

#[test]
fn what_the_table_does_not_name_is_refused() {
    let rig = Rig::open((1024, 640), &[]);
    for command in [
        "plugin:dialog|open",
        "plugin:session|no_such",
        "plugin:window|close",
        "plugin:fs|read_file",
    ] {
        let answer = rig.window.invoke(command, &json!({})).unwrap();
        assert!(answer.is_err(), "{command} answered {answer:?}");
    }
    let evil = rig
        .window
        .run("try { return eval('1'); } catch (e) { return e.name; }", &[])
        .unwrap();
    assert_eq!(
        evil,
        json!("EvalError"),
        "the page's policy lets text become code"
    );
}
