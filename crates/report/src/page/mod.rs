//! The report as one page that needs nothing but itself: a table, charts, and what was measured how.

mod tables;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use netcore::proto::{Bitrate, Span};

use crate::charts::{self, Charts};
use crate::language::Language;
use crate::measured::Measured;
use crate::measurement::{Measurement, OtherEnd, Setup};

const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#fcfcfb;--card:#fff;--ink:#1d2126;--faint:#5c6570;--line:#dfe3e8;--theory:#777}
@media(prefers-color-scheme:dark){:root{--ground:#15181c;--card:#1d2126;--ink:#e8ebef;--faint:#9aa5b1;--line:#343b44;--theory:#9a9a9a}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1120px;margin:0 auto;padding:24px 20px 60px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 6px}
p{max-width:75ch}.faint,figcaption,dt{color:var(--faint)}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;background:var(--card)}
table{font-size:13.5px}th,td{padding:5px 9px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th{font-weight:600;color:var(--faint);white-space:normal;vertical-align:bottom}th:first-child,td:first-child{text-align:left}
td.words{text-align:left;white-space:normal}
.unknown{color:var(--faint);font-style:italic}:lang(zh) .unknown{font-style:normal}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px}
svg{width:100%;height:auto;display:block}
.key{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:7px;vertical-align:baseline}
.keys{display:flex;flex-wrap:wrap;gap:4px 18px;margin:6px 0;padding:0;list-style:none}
dl{display:grid;grid-template-columns:max-content 1fr;gap:3px 18px;margin:0}dd{margin:0;overflow-wrap:anywhere}
svg text{fill:var(--ink)}
svg [stroke='#101010']{stroke:var(--ink)}svg [stroke='#E0E0E0']{stroke:var(--line)}svg [stroke='#777777']{stroke:var(--theory)}
";

/// The trials' colours on dark ground, in their order.
const ON_DARK: [&str; charts::COLOURS] = [
    "#6aaef2", "#e58cc4", "#5fc79a", "#f0995a", "#ab97f2", "#d9bd4f", "#57c7d6", "#f08a8a",
];

impl Measurement {
    /// The page for people, as HTML that needs nothing but itself.
    pub fn page(&self, language: Language) -> String {
        let page = Page {
            measurement: self,
            language,
        };
        page.render()
    }
}

/// A measurement, as a page in one language.
struct Page<'a> {
    measurement: &'a Measurement,
    language: Language,
}

impl Page<'_> {
    /// The whole page.
    fn render(&self) -> String {
        let Page {
            measurement,
            language,
        } = self;
        let heading =
            |english: &'static str, chinese: &'static str| html! { h2 { (language.of(english, chinese)) } };
        let page = html! {
            (DOCTYPE)
            html lang=(language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { "Roomwire: " (self.title()) }
                    style { (PreEscaped(style())) }
                }
                body { main {
                    h1 { (self.title()) }
                    p.faint { (self.when()) " · " (measurement.program) " · " (measurement.machine.name) }
                    (self.what_was_measured())
                    (heading("Side by side", "并列对比"))
                    (self.side_by_side())
                    (self.chart_sections())
                    (heading("What became of the frames", "帧的去向"))
                    (self.counts())
                    (heading("How the figures are distributed", "数据的分布"))
                    (self.distributions())
                    (heading("Where the time goes", "时间花在哪里"))
                    (self.segments())
                    (heading("What the system reports", "操作系统的记录"))
                    (self.system())
                    (heading("Machine and options", "计算机与选项"))
                    (self.machine())
                } }
            }
        };
        page.into_string()
    }

    fn say(&self, english: &'static str, chinese: &'static str) -> &'static str {
        self.language.of(english, chinese)
    }

    fn title(&self) -> String {
        let about = &self.measurement.about;
        let to = match (&about.other_end, self.language) {
            (OtherEnd::Members(count), Language::Zh) => format!("{count} 位成员"),
            (other_end, _) => other_end.to_string(),
        };
        match (&about.setup, self.language) {
            (Some(_), Language::En) => format!("What the path to {to} can do"),
            (Some(_), Language::Zh) => format!("到 {to} 的线路能做到什么"),
            (None, Language::En) => format!("What was measured on the path to {to}"),
            (None, Language::Zh) => format!("到 {to} 的线路上测得的数据"),
        }
    }

    fn what_was_measured(&self) -> Markup {
        let about = &self.measurement.about;
        let network = about
            .network
            .as_ref()
            .map(|network| self.language.conditions(network));
        html! {
            p {
                @match &about.setup {
                    Some(setup) => (self.what_was_asked(setup)),
                    None => (self.say(
                        "Everything that was sent of the streams of this session, by stream, peer and transport; of each \
                         frame as far back as it is kept. ",
                        "本次会话各视频流发出的全部数据，按视频流、对端和传输方式列出；逐帧数据限于仍保留的部分。",
                    )),
                }
                @if let Some(network) = &network {
                    strong {
                        (self.say("The network was made worse on purpose, in each direction: ", "网络被有意变差，双向："))
                        (network) (self.say(". ", "。"))
                    }
                }
                @if about.is_loopback && network.is_none() {
                    (self.say(
                        "Both ends are on this computer, so this is what the programs take, not a network. ",
                        "两端都在本机上，因此这是程序所需的时间，与网络无关。",
                    ))
                }
                (self.say("All of it is encrypted.", "全部数据均已加密。"))
            }
            p {
                strong { (self.say("Delay", "延迟")) }
                (self.say(
                    " is the time from a frame's first byte out to its acknowledgement here, the time taken off for which the \
                     receiver held it: one clock, this computer's, there and back. ",
                    "是一帧从首字节发出到确认返回此处的时间，减去接收方停留时间：往返都用本机这一个时钟。",
                ))
                strong { (self.say("Goodput", "有效吞吐")) }
                (self.say(
                    " is bytes of whole frames that arrived, over the time of the trial. ",
                    "是完整到达的帧的字节数除以测量时长。",
                ))
                strong { (self.say("Classic rate", "经典速率")) }
                (self.say(
                    " is a frame's bytes over its delay, as the classic lab computes it. ",
                    "是一帧的字节数除以其延迟，即经典实验的算法。",
                ))
                strong { (self.say("Jitter", "抖动")) }
                (self.say(
                    " (RFC 3550, 6.4.1) and the gap between frames are of the receiver's clock. What could not be measured is ",
                    "（RFC 3550, 6.4.1）与帧间隔按接收方的时钟计算。无法测得的数据标为",
                ))
                (self.unknown()) (self.say(".", "。"))
            }
        }
    }

    fn what_was_asked(&self, setup: &Setup) -> String {
        let Setup {
            source,
            width,
            height,
            quality,
            seconds_each,
            ..
        } = setup;
        match self.language {
            Language::En => {
                let pace = match (setup.full_speed, setup.rate) {
                    (true, _) => "each offered as soon as there was room for it".to_owned(),
                    (false, Some(rate)) => format!("{rate} a second"),
                    (false, None) => "as often as the source gives one".to_owned(),
                };
                let less = if setup.adapts {
                    ", or less where the network took no more"
                } else {
                    ""
                };
                format!(
                    "Frames of {source} at {width}×{height}, JPEG quality {quality}, {pace}{less}, for {seconds_each} s each. "
                )
            }
            Language::Zh => {
                let pace = match (setup.full_speed, setup.rate) {
                    (true, _) => "一有空位就发送下一帧".to_owned(),
                    (false, Some(rate)) => format!("每秒 {rate} 帧"),
                    (false, None) => "帧率由来源决定".to_owned(),
                };
                let less = if setup.adapts {
                    "，网络承受不了时降低"
                } else {
                    ""
                };
                let source = if setup.is_pattern {
                    "测试图"
                } else {
                    source.as_str()
                };
                format!(
                    "来源：{source}，{width}×{height}，JPEG 质量 {quality}，{pace}{less}，各 {seconds_each} 秒。"
                )
            }
        }
    }

    fn trials(&self) -> impl Iterator<Item = (usize, &Measured)> {
        self.measurement.trials.iter().enumerate()
    }

    fn chart_sections(&self) -> Markup {
        let charts = Charts {
            measurement: self.measurement,
            language: self.language,
        };
        html! {
            (self.figure(
                self.say("Delay over time", "延迟随时间的变化"),
                charts.delay_over_time(),
                self.say(
                    "The solid line is the median of each second, the dashed one the 95th percentile.",
                    "实线为每秒的中位数，虚线为第 95 百分位。",
                ),
            ))
            (self.figure(
                self.say("Rate over time", "速率随时间的变化"),
                charts.rate_over_time(),
                self.say(
                    "Bytes of whole frames that arrived in each second. Dashed: the bitrate that the rate control allows, where it is \
                     known and not far above.",
                    "每秒完整到达的帧的字节数。虚线：速率控制所允许的码率（已知且不远高于实际时显示）。",
                ),
            ))
            (self.figure(
                self.say("How long frames take", "一帧需要多久"),
                charts.delay_shares(),
                self.say(
                    "How many of a trial's frames took no longer than so long: the steeper, the steadier; what bends to the right \
                     at the top are the few that took long.",
                    "用时不超过横轴所示时间的帧所占的比例：曲线越陡越稳定；顶端向右弯的是少数用时很长的帧。",
                ),
            ))
            (self.figure(
                self.say("Frame by frame", "逐帧"),
                charts.frame_by_frame(),
                self.say(
                    "A dot for each frame (at most a thousand for each trial: of every stretch its longest delay stays), a cross at \
                     the top for one that did not arrive.",
                    "每帧一个点（每次测量最多一千个，每一段保留其中最长的延迟）；未到达的帧在顶端画叉。",
                ),
            ))
            (self.figure(
                self.say("Theory and measurement", "理论与实测"),
                charts.theory(),
                self.say(
                    "Grey: what stop-and-wait reaches in theory with frames of that size, frame / (frame / rate + RTT), with the \
                     shortest round trip that was seen and the rate at which frames' bytes came apart on the path. Filled: the rate \
                     that a frame's delay shows (the median). Hollow: the goodput that was reached, which at a given rate of frames \
                     is no more than their bytes. A hollow circle above the line is what a window gains.",
                    "灰线：停等协议在该帧大小下的理论值，帧 / (帧 / 速率 + RTT)，其中 RTT 取所见最短往返，速率取帧的字节在途中散开的速率。\
                     实心：由一帧的延迟算出的速率（中位数）。空心：实际达到的有效吞吐；帧率给定时，它不会超过这些帧的字节数。\
                     空心圆高于灰线的部分，就是窗口带来的收益。",
                ),
            ))
        }
    }

    fn figure(&self, title: &str, chart: Option<String>, caption: &str) -> Markup {
        const SHOWN: usize = charts::MAX_SHOWN;
        html! {
            h2 { (title) }
            figure role="img" aria-label=(title) {
                @match chart {
                    Some(svg) => {
                        ul.keys { @for (place, trial) in self.trials().take(SHOWN) { li { (key(place)) (trial.name) } } }
                        (PreEscaped(svg))
                        figcaption {
                            (caption)
                            @if self.measurement.trials.len() > SHOWN {
                                (self.language.of(
                                    format!(" The first {SHOWN} are shown; the tables have all."),
                                    format!("图中为前 {SHOWN} 项，表格中为全部。"),
                                ))
                            }
                        }
                    }
                    None => p {
                        (self.say("What this would show is ", "此图的数据")) (self.unknown())
                        (self.say(": too little was measured.", "：测得的数据太少。"))
                    }
                }
            }
        }
    }

    /// A figure, or the word for one that is not known.
    fn known(&self, value: Option<String>) -> Markup {
        match value {
            Some(value) => html! { (value) },
            None => self.unknown(),
        }
    }

    fn unknown(&self) -> Markup {
        html! { span.unknown { (self.say("unknown", "未知")) } }
    }

    /// When it was over, in UTC: readers are anywhere.
    fn when(&self) -> Markup {
        let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
        let seconds = i64::try_from(self.measurement.at_unix_ms / 1_000).unwrap_or_default();
        let moment = time::OffsetDateTime::from_unix_timestamp(seconds).ok();
        self.known(moment.and_then(|moment| moment.format(format).ok()))
    }
}

fn style() -> String {
    let mut style = STYLE.to_owned();
    let rule = |style: &mut String, name: &str, value: &str| {
        let _ = write!(
            style,
            "svg [fill='{name}']{{fill:{value}}}svg [stroke='{name}']{{stroke:{value}}}"
        );
    };
    for (place, value) in ON_DARK.iter().enumerate() {
        let name = charts::colour_of(place);
        let _ = write!(style, ":root{{--trial-{place}:{name}}}");
        let _ = writeln!(
            style,
            "@media(prefers-color-scheme:dark){{:root{{--trial-{place}:{value}}}}}"
        );
        rule(&mut style, &name, &format!("var(--trial-{place})"));
    }
    style
}

fn key(place: usize) -> Markup {
    html! { span.key style=(format!("background:var(--trial-{})", place % charts::COLOURS)) {} }
}

fn span(us: u64) -> String {
    Span::from_micros(us).to_string()
}

fn rate(bps: u64) -> String {
    Bitrate(bps).to_string()
}

/// Bytes as people read them: powers of 1,000, as rates are.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
