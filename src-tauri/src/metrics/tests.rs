use super::commands;
use super::view::ExportFormat;
use crate::core::lock;
use crate::error::ErrorCode;
use crate::outside::Choice;
use crate::testing::Desk;
use crate::video::commands::start_video;
use crate::video::view::{Transport, VideoSpec};

#[tokio::test]
async fn what_is_measured_is_told_each_second_and_exported() {
    let (host, room) = Desk::hosting("Ada").await;
    let (member, _) = Desk::joining("Ben", &room).await;
    let spec = VideoSpec {
        source: "pattern".into(),
        width: 320,
        height: 180,
        rate: 30.0,
        quality: 50,
        transport: Transport::Tcp,
    };
    let stream = start_video(&member.core, spec).await.unwrap().stream;
    let link = member
        .event("metrics", |event| {
            let links = event["links"].as_array()?;
            links
                .iter()
                .find(|link| link["stream"] == stream && link["ackP50Us"].is_u64())
                .cloned()
        })
        .await;
    assert_eq!(
        (&link["direction"], &link["peerName"], &link["transport"]),
        (&"out".into(), &"Ada".into(), &"tcp".into())
    );
    #[cfg(any(target_os = "linux", target_os = "macos", windows))]
    assert!(
        link["kernel"]["rttUs"].as_u64() > Some(0),
        "the system's view is missing: {link}"
    );
    let inbound = host
        .event("metrics", |event| {
            let links = event["links"].as_array()?;
            links.iter().find(|link| link["stream"] == stream).cloned()
        })
        .await;
    assert!(
        inbound["direction"] == "in" && inbound["kernel"].is_null(),
        "a figure nobody measured is not unknown: {inbound}"
    );
    let point = member
        .event("metrics", |event| {
            event["points"]
                .as_array()?
                .iter()
                .find(|point| point["framesPerS"] != 0.0)
                .cloned()
        })
        .await;
    assert_eq!(point["stream"], stream);
    let history = commands::history(&member.core).await.unwrap();
    assert!(!history.points.is_empty() && !history.links.is_empty());

    let (csv, json) = (
        member.home.path().join("r.csv"),
        member.home.path().join("r.json"),
    );
    lock(&member.world.chosen).extend([vec![csv.clone()], vec![json.clone()], vec![]]);
    commands::export_results(&member.core, ExportFormat::Csv)
        .await
        .unwrap();
    let lines = std::fs::read_to_string(csv).unwrap();
    assert!(
        lines.starts_with("stream,peer,frame,transport") && lines.lines().count() > 5,
        "{lines}"
    );
    commands::export_results(&member.core, ExportFormat::Json)
        .await
        .unwrap();
    let results: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert!(results.iter().any(|result| result["outcome"] == "acked"));
    assert_eq!(
        commands::export_results(&member.core, ExportFormat::Csv)
            .await
            .unwrap(),
        None,
        "dismissed"
    );
    assert!(matches!(&lock(&member.world.asked)[0], Choice::SaveAs(name, "csv") if name.ends_with(".csv")));
}

#[tokio::test]
async fn without_a_room_there_is_nothing_to_export() {
    let desk = Desk::new("Ada");
    let history = commands::history(&desk.core).await.unwrap();
    assert!(history.points.is_empty() && history.links.is_empty());
    assert_eq!(
        commands::export_results(&desk.core, ExportFormat::Csv)
            .await
            .unwrap_err()
            .code,
        ErrorCode::NoRoom
    );
}
