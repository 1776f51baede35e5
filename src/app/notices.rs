//! Short messages that go away by themselves.

use std::collections::VecDeque;
use std::time::Duration;

use super::display::harmless_sentence;

/// How long a notice stays.
const NOTICE_DURATION: Duration = Duration::from_secs(6);

/// Most notices that are kept.
const MAX_NOTICES: usize = 4;

/// How a notice is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeTone {
    /// It went as it was asked.
    Good,
    /// It did not, or can't.
    Bad,
}

/// A short message that goes away by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its text, safe to show.
    pub text: String,
    /// How it is meant.
    pub tone: NoticeTone,
    /// When it goes away, since the start.
    pub until: Duration,
}

/// The notices, newest last.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    list: VecDeque<Notice>,
}

impl Notices {
    pub(super) fn add_notice(&mut self, now: Duration, tone: NoticeTone, text: &str) {
        let text = harmless_sentence(text);
        self.list.retain(|notice| notice.text != text);
        if self.list.len() == MAX_NOTICES {
            self.list.pop_front();
        }
        self.list.push_back(Notice { text, tone, until: now.saturating_add(NOTICE_DURATION) });
    }

    /// Drops what is over; whether that changed anything.
    pub(super) fn drop_expired(&mut self, now: Duration) -> bool {
        let before = self.list.len();
        self.list.retain(|notice| notice.until > now);
        self.list.len() != before
    }

    /// The newest one.
    pub fn latest(&self) -> Option<&Notice> {
        self.list.back()
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Notice> {
        self.list.iter()
    }

    /// When the next one goes away.
    pub fn next_expiry(&self) -> Option<Duration> {
        self.list.iter().map(|notice| notice.until).min()
    }
}
