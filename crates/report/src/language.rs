//! What language a page speaks. Its words stand in both where they are used.

use netcore::netem::{Bottleneck, Conditions};
use netcore::proto::Span;
use netcore::proto::metrics::Count;

/// A language of pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// 简体中文.
    Zh,
}

impl Language {
    /// The one of two wordings that is in this language.
    pub(crate) fn of<T>(self, english: T, chinese: T) -> T {
        match self {
            Language::En => english,
            Language::Zh => chinese,
        }
    }

    /// As HTML names it (RFC 5646).
    pub(crate) fn tag(self) -> &'static str {
        self.of("en", "zh-Hans")
    }

    /// What a count counts.
    pub(crate) fn count(self, count: Count) -> &'static str {
        let chinese = match count {
            Count::Acked => "已确认的帧",
            Count::Delivered => "已到达的帧，确认丢失",
            Count::LostOvertaken => "丢失的帧：更新的帧已先到",
            Count::LostUnanswered => "丢失的帧：未及时应答",
            Count::LostDisconnected => "丢失的帧：连接结束",
            Count::DroppedSuperseded => "未发送的帧：等待时已有更新的帧",
            Count::DroppedStopped => "未发送的帧：视频流结束",
            Count::Resent => "重发的分片",
            Count::Received => "完整收到的帧，均为最新",
            Count::Missed => "收到的帧之间缺失的帧",
            Count::Late => "晚于更新的帧到达的帧",
            Count::Incomplete => "只到了一部分的帧",
            Count::AskedAgain => "重新请求的分片",
            Count::Repaired => "由校验恢复的分片",
            Count::Useless => "重复或矛盾的分片",
        };
        self.of(count.meaning(), chinese)
    }

    /// How a network was made worse.
    pub(crate) fn conditions(self, conditions: &Conditions) -> String {
        match self {
            Language::En => conditions.to_string(),
            Language::Zh => in_chinese(conditions),
        }
    }
}

/// As [`Conditions`] say it of themselves in English.
fn in_chinese(conditions: &Conditions) -> String {
    let mut parts = vec![format!("单向延迟 {}", conditions.delay)];
    if conditions.jitter > Span::ZERO {
        parts.push(format!("抖动最多 {}", conditions.jitter));
    }
    if let Some(interface) = &conditions.interface {
        parts.push(format!("网卡速率 {interface}"));
    }
    if let Some(Bottleneck { rate, queue_bytes }) = &conditions.bottleneck {
        parts.push(format!("限速 {rate}，队列 {queue_bytes} 字节"));
    }
    if let Some(mtu) = conditions.mtu {
        parts.push(format!("每包最多 {mtu} 字节"));
    }
    if conditions.loss > 0.0 {
        parts.push(format!("丢包 {} %", conditions.loss * 100.0));
    }
    if let Some(burst) = &conditions.burst {
        parts.push(format!("突发丢包，平均每串 {} 个", burst.length));
    }
    if let Some(reordering) = &conditions.reordering {
        let percent = reordering.probability * 100.0;
        parts.push(format!("{percent} % 被晚 {} 的包超过", reordering.by));
    }
    if conditions.duplication > 0.0 {
        parts.push(format!("{} % 重复", conditions.duplication * 100.0));
    }
    parts.join("，")
}
