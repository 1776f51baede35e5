//! What is offered when a training breaks.

use super::{
    fixture::{self, hear, press},
    looks::{SIZES, compare},
};
use crate::{
    app::App,
    protocol::{Event, Finding, Health, RunState, Trouble, TroubleKind},
};

/// A run in which a sample made a spike.
fn spike(app: &mut App) {
    hear(
        app,
        [Event::Finding(Finding {
            step: 1000,
            health: Health::Watch,
            layer: Some(0),
            what:
                "the loss of minibatch 1,000 is 41× the usual 0.31; sample 4,711 (class Boot) has 93 % of it; gradient \
               norms jumped first in layer 0, conv"
                    .into(),
            advice: "look at the sample (train:4711 on the Inspect screen); if it is right, lower the learning rate"
                .into(),
            trouble: Some(Box::new(Trouble {
                kind: TroubleKind::Spike,
                healthy_step: Some(999),
                minibatch: Some(1000),
                samples: Vec::new(),
            })),
        })],
    );
}

#[test]
fn remedies() {
    let mut app = fixture::running();
    spike(&mut app);
    compare("remedies", &mut app, &SIZES);
    compare("remedies", &mut app, &[(60, 18)]);
    press(&mut app, "<Esc>");
    assert!(app.trouble_offer().is_none());
}

#[test]
fn remedies_of_a_source_that_can_do_nothing() {
    let mut app = fixture::running();
    hear(&mut app, [fixture::hello_with("784-256-128-10", &[])]);
    hear(&mut app, [fixture::state(RunState::Running, 1000, None)]);
    spike(&mut app);
    compare("remedies_missing", &mut app, &SIZES[1..]);
}
