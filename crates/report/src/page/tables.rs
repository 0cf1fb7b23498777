//! The tables of a report.

use maud::{Markup, html};
use netcore::proto::metrics::{Count, Quantiles};

use super::{Page, bytes, key, rate, span};
use crate::language::Language;
use crate::measured::Measured;
use crate::measurement::Origin;

impl Page<'_> {
    pub(super) fn side_by_side(&self) -> Markup {
        let titles = match self.language {
            Language::En => [
                "",
                "frames",
                "lost",
                "not sent",
                "frames/s",
                "goodput",
                "delay p50",
                "p95",
                "p99",
                "max",
                "classic rate",
                "stop-and-wait in theory",
                "file beside",
            ],
            Language::Zh => [
                "",
                "帧数",
                "丢失",
                "未发送",
                "帧/秒",
                "有效吞吐",
                "延迟 p50",
                "p95",
                "p99",
                "最大",
                "经典速率",
                "停等协议理论值",
                "同时传文件",
            ],
        };
        html! {
            div.wide { table {
                tr { @for title in titles { th { (title) } } }
                @for (place, trial) in self.trials() {
                    @let row = &trial.row;
                    tr {
                        td { (key(place)) (trial.name) }
                        td { (row.frames) } td { (row.lost) } td { (row.dropped) }
                        td { (self.known(row.frames_per_s.map(|rate| format!("{rate:.1}")))) }
                        td { (self.known(row.goodput_bps.map(rate))) }
                        td { (self.known(row.ack_p50_us.map(span))) }
                        td { (self.known(row.ack_p95_us.map(span))) }
                        td { (self.known(row.ack_p99_us.map(span))) }
                        td { (self.known(row.ack_max_us.map(span))) }
                        td { (self.known(row.classic_rate_bps.map(rate))) }
                        td { (self.known(trial.stop_and_wait_bps.map(rate))) }
                        td {
                            @match trial.file.and_then(|file| file.bits_per_s()) {
                                Some(bps) => (rate(bps as u64)),
                                None => (self.say("none", "无")),
                            }
                        }
                    }
                }
            } }
            @if self.measurement.trials.iter().any(|trial| trial.with_file) { (self.before_and_during()) }
        }
    }

    /// What a download does to the call.
    fn before_and_during(&self) -> Markup {
        let trials = &self.measurement.trials;
        let pairs = trials
            .iter()
            .filter(|trial| trial.with_file)
            .filter_map(|during| {
                let is_pair = |before: &&Measured| {
                    !before.with_file
                        && before.ack_mode == during.ack_mode
                        && before.row.transport == during.row.transport
                };
                Some((trials.iter().find(is_pair)?, during))
            });
        let p95 = |trial: &Measured| self.known(trial.row.ack_p95_us.map(span));
        let pace = |trial: &Measured| self.known(trial.row.frames_per_s.map(|rate| format!("{rate:.1}")));
        html! {
            p { strong { (self.say("What a download does to the call: ", "下载对通话的影响：")) }
                @for (before, during) in pairs {
                    @match self.language {
                        Language::En => {
                            (before.name) ": p95 of the delay " (p95(before)) " alone, " (p95(during)) " with a file; "
                            (pace(before)) " frames/s alone, " (pace(during)) " with it. "
                        }
                        Language::Zh => {
                            (before.name) "：延迟 p95 单独时 " (p95(before)) "，同时传文件时 " (p95(during)) "；帧率单独时 "
                            (pace(before)) "，同时传文件时 " (pace(during)) "。"
                        }
                    }
                }
            }
        }
    }

    pub(super) fn counts(&self) -> Markup {
        let setup = self.measurement.about.setup.as_ref();
        html! {
            @if setup.is_some_and(|setup| setup.full_speed) {
                p.faint {
                    (self.say(
                        "At full speed a frame more than there is room for is offered now and then, so that a window can open; it \
                         takes another one's place, which is then not sent.",
                        "全速时会不时多提供一帧，好让窗口能够打开；它取代另一帧，后者便不再发送。",
                    ))
                }
            }
            div.wide { table {
                (self.head(""))
                @for count in Count::ALL {
                    tr {
                        td { (self.language.count(count)) }
                        @for (_, trial) in self.trials() { td { (self.known(trial.counters.get(count).map(|value| value.to_string()))) } }
                    }
                }
            } }
        }
    }

    /// The first row of a table with a column for each trial.
    fn head(&self, first: &str) -> Markup {
        html! { tr { th { (first) } @for (place, trial) in self.trials() { th { (key(place)) (trial.name) } } } }
    }

    pub(super) fn distributions(&self) -> Markup {
        type Pick = fn(&Measured) -> Option<Quantiles>;
        type Words = fn(u64) -> String;
        let figures: [(&str, Pick, Words); 4] = [
            (self.say("delay", "延迟"), |trial| trial.delay_us, span),
            (self.say("jitter", "抖动"), |trial| trial.jitter_us, span),
            (
                self.say("gap between frames", "帧间隔"),
                |trial| trial.gap_us,
                span,
            ),
            (self.say("frame size", "帧大小"), |trial| trial.size_bytes, bytes),
        ];
        html! {
            div.wide { table {
                tr {
                    th { "" } th { (self.say("of", "样本数")) } th { (self.say("min", "最小")) }
                    th { "p50" } th { "p90" } th { "p95" } th { "p99" } th { "p99.9" } th { (self.say("max", "最大")) }
                }
                @for (name, pick, words) in figures {
                    @for (place, trial) in self.trials() {
                        tr {
                            td { (key(place)) (name) " · " (trial.name) }
                            @match pick(trial) {
                                Some(of) => {
                                    td { (of.count) }
                                    @for value in [of.min, of.p50, of.p90, of.p95, of.p99, of.p999, of.max] {
                                        td { (words(value)) }
                                    }
                                }
                                None => { @for _ in 0..8 { td { (self.unknown()) } } }
                            }
                        }
                    }
                }
            } }
            p.faint {
                (self.say(
                    "Percentiles are right to 1 %; the least and the largest are exact.",
                    "百分位数精确到 1 %；最小值与最大值是精确的。",
                ))
            }
        }
    }

    pub(super) fn segments(&self) -> Markup {
        // The same of every trial.
        let names = self
            .measurement
            .trials
            .first()
            .map(|trial| &trial.segments[..])
            .unwrap_or_default();
        html! {
            div.wide { table {
                (self.head(self.say("median", "中位数")))
                @for (at, segment) in names.iter().enumerate() {
                    tr {
                        td { (self.say(segment.name, segment.chinese)) }
                        @for (_, trial) in self.trials() {
                            @let segment = &trial.segments[at];
                            td {
                                (self.known(segment.median_us.map(span)))
                                @if let Some(error) = segment.error_us { span.faint { " ± " (span(error)) } }
                            }
                        }
                    }
                }
            } }
            p.faint {
                (self.say(
                    "Of the latest frames of each trial. Segments between two computers relate their clocks by repeated exchanges; ± is \
                     how wrong that may be.",
                    "取自每次测量最近的帧。跨两台计算机的部分由反复对时推算；± 为可能的误差。",
                ))
            }
        }
    }

    pub(super) fn system(&self) -> Markup {
        type Pick = fn(&Measured) -> Option<String>;
        let rows: [(&str, &str, Pick); 10] = [
            (
                "shortest round trip of the control connection",
                "控制连接的最短往返",
                |trial| trial.round_trip_us.map(span),
            ),
            (
                "rate of the path, by the dispersion of frames' bytes",
                "路径速率（由帧字节的分散得出）",
                |trial| trial.path_bps.map(rate),
            ),
            (
                "bytes of a full datagram",
                "完整数据报的字节数",
                |trial| trial.system.datagram_bytes.map(|size| size.to_string()),
            ),
            (
                "socket buffer granted for datagrams",
                "系统分配的数据报接收缓冲区",
                |trial| trial.system.receive_buffer_bytes.map(|size| bytes(size.into())),
            ),
            ("TCP: smoothed round trip", "TCP：平滑往返时间", |trial| {
                trial.system.tcp_round_trip_us.map(span)
            }),
            ("TCP: shortest round trip", "TCP：最短往返时间", |trial| {
                trial.system.tcp_least_round_trip_us.map(span)
            }),
            ("TCP: congestion window", "TCP：拥塞窗口", |trial| {
                trial.system.tcp_window_bytes.map(bytes)
            }),
            ("TCP: sent again", "TCP：重发量", |trial| {
                trial.system.tcp_retransmitted_bytes.map(bytes)
            }),
            ("TCP: delivery rate", "TCP：交付速率", |trial| {
                trial.system.tcp_delivery_rate_bps.map(rate)
            }),
            (
                "TCP: bytes of a full segment",
                "TCP：完整报文段的字节数",
                |trial| trial.system.tcp_segment_bytes.map(|size| size.to_string()),
            ),
        ];
        html! {
            div.wide { table {
                (self.head(""))
                @for (english, chinese, pick) in rows {
                    tr { td { (self.say(english, chinese)) } @for (_, trial) in self.trials() { td { (self.known(pick(trial))) } } }
                }
            } }
        }
    }

    pub(super) fn machine(&self) -> Markup {
        let machine = &self.measurement.machine;
        let origin = &self.measurement.about.origin;
        html! {
            dl {
                dt { (self.say("system", "系统")) } dd { (machine.system) }
                dt { (self.say("kernel", "内核")) } dd { (self.known(machine.kernel.clone())) }
                dt { (self.say("processor", "处理器")) }
                dd {
                    (self.known(machine.processor.clone())) (self.say(", ", "，"))
                    (self.known(machine.cores.map(|cores| cores.to_string())))
                    (self.say(" threads, ", " 个线程，")) (machine.architecture)
                }
                dt { (self.say("program", "程序")) }
                dd {
                    (self.measurement.program)
                    @if !machine.optimised {
                        (self.say(", built without optimisation: faster ones are", "，未经优化构建：优化后更快"))
                    }
                }
                @if let Origin::Terminal { command_line } = origin {
                    dt { (self.say("command line", "命令行")) } dd { code { (command_line) } }
                }
            }
            p.faint {
                @match origin {
                    Origin::Terminal { .. } => (self.say(
                        "Beside this page: report.json has every figure, frames.csv and frames.jsonl every frame, seconds.csv every \
                         second.",
                        "同一文件夹中：report.json 有全部数据，frames.csv 与 frames.jsonl 有每一帧，seconds.csv 有每一秒。",
                    )),
                    Origin::Window => (self.say(
                        "Saved from the window. CSV and JSON, saved there too, have the figures for other programs.",
                        "由窗口保存。在那里还可保存 CSV 与 JSON，供其他程序使用。",
                    )),
                }
            }
        }
    }
}
