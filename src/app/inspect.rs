//! Looking inside: what the screen in hand wants to know, what is watched, and what came back.

mod answers;
mod bounds;
mod history;

use crate::protocol::inspection::MOST_WATCHED;
use crate::protocol::{Command, Query};

use super::needs::LOOK;
use super::screen::Screen;
use super::{App, Effect};

pub use answers::{Answers, LayerHistory};
pub use history::{Moment, PARAMETERS};

/// What the source was asked to answer again and again.
#[derive(Clone, Debug, Default)]
pub(super) struct Watching {
    queries: Vec<Query>,
    /// Why the source won't.
    refused: Option<String>,
}

impl Watching {
    /// Takes the answer to a request to watch these queries, `None` if it took effect; what was watched before no longer
    /// matters.
    pub(super) fn answered(&mut self, queries: &[Query], refused: Option<String>) {
        if queries == self.queries {
            self.refused = refused;
        }
    }
}

impl App {
    /// What the screen in hand wants to know, the most important first.
    pub fn wanted(&self) -> Vec<Query> {
        match self.view.screen {
            Screen::Layers => self.wanted_of_layers(),
            Screen::Data => self.wanted_of_data(),
            Screen::Inspect => self.wanted_of_inspect(),
            Screen::Overview => Vec::new(),
        }
    }

    /// Why the screen in hand can't look inside, if it can't.
    pub fn why_blind(&self) -> Option<String> {
        self.unmet(LOOK).map(String::from).or_else(|| self.watching.refused.clone())
    }

    /// Asks for what the screen in hand wants to know, if that is not what is watched already.
    pub(super) fn watch(&mut self) -> Vec<Effect> {
        if self.leaving || self.unmet(LOOK).is_some() {
            // A source that comes to life again watches nothing yet.
            self.watching = Watching::default();
            return Vec::new();
        }
        let mut queries = self.wanted();
        queries.truncate(MOST_WATCHED);
        if queries == self.watching.queries {
            return Vec::new();
        }
        // When too many requests wait, the next message brings another chance.
        let Some(request) = self.pending.ask(Command::Watch { queries: queries.clone() }) else { return Vec::new() };
        self.watching = Watching { queries, refused: None };
        vec![Effect::Send(request)]
    }

    /// The Layers screen shows one layer from the inside.
    fn wanted_of_layers(&self) -> Vec<Query> {
        let rows = self.run().layers.rows();
        rows.get(self.view.layer).map(|row| Query::Layer { layer: row.index }).into_iter().collect()
    }
}
