// What a face may ask of the application, and what it is notified of: capability, event, command, request, response.
//
// From this one table come the function that answers every command (`dispatch.rs`, which makes the compiler hold each
// command's function against its line here), the interface's types (`bindings.rs`) and the window's permissions (the shell's
// `build.rs` reads it too).
// Names of types are those of the capability's own `view.rs`.

contract! {
    session notifies SessionEvent {
        start() -> StartView;
        save_profile(profile: Profile) -> Profile;
        save_settings(settings: Settings) -> Settings;
        choose_downloads() -> Option<Settings>;
        host_room(name: String, port: u16) -> RoomView;
        join_room(address: String) -> RoomView;
        join_confirmed(address: String, fingerprint: String) -> RoomView;
        forget_room(address: String) -> ();
        start_rooms_anew() -> Option<String>;
        room() -> Option<RoomView>;
        leave_room() -> ();
        answer_close(close: bool) -> ();
        reconnect_now() -> ();
        open_beside(address: String) -> ();
    }
    chat notifies ChatEvent {
        say(text: String) -> ChatEntry;
        resend(key: u64) -> ChatEntry;
        save_conversation(text: String) -> Option<String>;
    }
    files notifies FilesEvent {
        choose_files() -> Vec<Pick>;
        offer_files(picks: Vec<u32>, to: Vec<u32>) -> OfferedView;
        accept_file(id: u32) -> ();
        decline_file(id: u32) -> ();
        cancel_file(id: u32) -> ();
        pause_file(id: u32) -> ();
        resume_file(id: u32) -> ();
        open_file(id: u32) -> OpenedFile;
        show_file(id: u32) -> ();
    }
    video notifies VideoEvent {
        sources() -> Vec<SourceView>;
        choose_video_file() -> Option<SourceView>;
        start_video(spec: PublishOptionsView) -> LiveView;
        change_video(spec: PublishOptionsView) -> LiveView;
        set_transport(transport: Transport) -> LiveView;
        stop_video() -> ();
        watch(stream: u32, on: bool) -> ();
        next_frame(stream: u32, after: i64, drawn: Option<DrawnFrame>) -> FrameBytes;
        save_snapshot(stream: u32) -> String;
        start_recording(stream: u32) -> String;
        stop_recording(stream: u32) -> ();
    }
    metrics notifies MetricsEvent {
        history() -> MetricsHistory;
        trips(stream: u32, to: Option<u32>) -> Vec<TripView>;
        counts() -> Vec<CountsView>;
        set_conditions(conditions: Option<ConditionsView>) -> Option<ConditionsView>;
        start_comparison(seconds: u32) -> CompareView;
        stop_comparison() -> ();
        export_comparison(format: ExportFormat) -> Option<String>;
        export_results(format: ExportFormat) -> Option<String>;
    }
}
