//! The update that ends a walk, in numbers: it obeys the optimizer's equation and is what happened to the weights.

use super::*;
use crate::{protocol::inspection::LayerUpdate, train::StepError};

/// All weights of a trainer, parameter by parameter.
fn weights(trainer: &Trainer) -> Vec<Vec<f32>> {
    trainer.network().parameters().map(|parameter| parameter.value.clone()).collect()
}

/// Walks through a minibatch to its end.
fn walk(trainer: &mut Trainer) -> Result<(), StepError> {
    loop {
        if let Some(outcome) = trainer.advance_phase() {
            return outcome.map(drop);
        }
    }
}

fn update(trainer: &mut Trainer, layer: usize) -> Option<LayerUpdate> {
    trace(trainer, row(0), layer).selected.update
}

/// The constant of an update with this symbol; 0 where it has none.
fn constant(update: &LayerUpdate, symbol: &str) -> f64 {
    update.constants.iter().find(|constant| constant.symbol == symbol).map_or(0.0, |constant| constant.value)
}

/// m, v and the new weight by the equations of the mathematics page, in `f64`.
fn by_the_equations(
    spec: &OptimizerSpec,
    told: &LayerUpdate,
    [gradient, before, m, v]: [f64; 4],
    begins: bool,
) -> [f64; 3] {
    let [eta, lambda, rho, alpha, epsilon, t] = ["η", "λ", "ρ", "α", "ε", "t"].map(|symbol| constant(told, symbol));
    let clipped = told.constants.iter().find(|constant| constant.symbol == "c").map_or(1.0, |c| c.value) * gradient;
    match *spec {
        OptimizerSpec::Sgd { nesterov, .. } => {
            let g = clipped + lambda * before;
            let m = if begins { g } else { rho * m + g };
            let step = match (rho > 0.0, nesterov) {
                (false, _) => g,
                (true, false) => m,
                (true, true) => g + rho * m,
            };
            [m, 0.0, before - eta * step]
        }
        OptimizerSpec::RmsProp { .. } => {
            let g = clipped + lambda * before;
            let v = alpha * v + (1.0 - alpha) * g * g;
            let u = g / (v.sqrt() + epsilon);
            let m = rho * m + u;
            [m, v, before - eta * if rho > 0.0 { m } else { u }]
        }
        OptimizerSpec::Adam { .. } | OptimizerSpec::AdamW { .. } => {
            let decoupled = matches!(spec, OptimizerSpec::AdamW { .. });
            let g = clipped + if decoupled { 0.0 } else { lambda * before };
            let (beta1, beta2) = (constant(told, "β₁"), constant(told, "β₂"));
            let (m, v) = (beta1 * m + (1.0 - beta1) * g, beta2 * v + (1.0 - beta2) * g * g);
            let corrected = [m / (1.0 - beta1.powf(t)), v / (1.0 - beta2.powf(t))];
            let decay = if decoupled { eta * lambda * before } else { 0.0 };
            [m, v, before - eta * corrected[0] / (corrected[1].sqrt() + epsilon) - decay]
        }
    }
}

fn close(one: f64, other: f64, scale: f64) -> bool {
    (one - other).abs() <= 2e-5 * scale.abs().max(one.abs()) + 1e-12
}

/// Compares the updates of three walks with the weights and with the equations.
fn check_updates(optimizer: OptimizerSpec, clip_norm: Option<f64>) {
    let data = spirals();
    let spec = TrainSpec { optimizer, clip_norm, ..spec(TOY, 1) };
    let mut trainer = Trainer::new(&spec, Arc::clone(&data)).unwrap();
    for number in 1..=3 {
        let before = weights(&trainer);
        walk(&mut trainer).unwrap();
        let after = weights(&trainer);
        let rate = trainer.learning_rate_at(number - 1);
        for (place, layer) in [(0, 0), (2, 2), (4, 4)] {
            let told = update(&mut trainer, layer).unwrap();
            assert_eq!(constant(&told, "η"), rate, "the learning rate after the schedule");
            assert_eq!(told.constants.iter().any(|constant| constant.symbol == "c"), clip_norm.is_some());
            let clips = told.equations.iter().any(|line| line == "g ← cg");
            assert_eq!((told.optimizer.as_str(), clips), (optimizer.name(), clip_norm.is_some()));
            // The largest changes of the layer are these.
            let changes = |at: usize| before[at].iter().zip(&after[at]).map(|(before, after)| (after - before).abs());
            let mut sizes: Vec<f32> = changes(place).chain(changes(place + 1)).collect();
            sizes.sort_by(|one, other| other.total_cmp(one));
            let shown: Vec<f32> = told.largest.iter().map(|entry| entry.change.abs() as f32).collect();
            assert_eq!(shown, sizes[..10.min(sizes.len())]);
            for entry in &told.largest {
                let parameter = trainer.network().parameters().nth(place + usize::from(entry.parameter == "bias"));
                let at = match *entry.index.as_slice() {
                    [unit, input] => unit * parameter.unwrap().shape.dimensions()[1] + input,
                    [unit] => unit,
                    _ => panic!("{entry:?}"),
                };
                let tensor = place + usize::from(entry.parameter == "bias");
                assert_eq!((entry.before as f32, entry.after as f32), (before[tensor][at], after[tensor][at]));
                assert_eq!(entry.gradient as f32, parameter.unwrap().gradient[at]);
                let state = [entry.first_before, entry.second_before].map(|state| state.unwrap_or(0.0));
                let given = [entry.gradient, entry.before, state[0], state[1]];
                let [m, v, weight] = by_the_equations(&optimizer, &told, given, number == 1);
                let context = format!("{optimizer:?} {number} {entry:?}");
                assert!(entry.first.is_none_or(|first| close(first, m, m)), "{context}: m = {m}");
                assert!(entry.second.is_none_or(|second| close(second, v, v)), "{context}: v = {v}");
                assert!(close(entry.after, weight, entry.before), "{context}: θ = {weight}");
                assert!(close(entry.change, weight - entry.before, 0.02 * entry.before), "{context}");
                // The step size is what m, or the gradient, is taken times, but for a decay apart from it.
                let decay = if matches!(optimizer, OptimizerSpec::AdamW { .. }) { constant(&told, "λ") } else { 0.0 };
                if matches!(optimizer, OptimizerSpec::Adam { .. } | OptimizerSpec::AdamW { .. }) {
                    let change = -entry.step_size * entry.first.unwrap() - rate * decay * entry.before;
                    assert!(close(entry.change, change, 0.02 * entry.before), "{context}: {change}");
                }
            }
        }
        assert_eq!(update(&mut trainer, 1), None, "an activation has nothing to update");
    }
}

#[test]
fn an_update_obeys_the_equation_of_its_optimizer_and_is_what_happened() {
    use OptimizerSpec::{Adam, AdamW, RmsProp, Sgd};
    for optimizer in [
        OptimizerSpec::SGD,
        Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.05 },
        Sgd { momentum: 0.9, nesterov: false, weight_decay: 0.05 },
        Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.0 },
        OptimizerSpec::RMS_PROP,
        RmsProp { alpha: 0.9, epsilon: 1e-3, momentum: 0.8, weight_decay: 0.05 },
        OptimizerSpec::ADAM,
        Adam { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weight_decay: 0.05 },
        OptimizerSpec::ADAM_W,
        AdamW { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weight_decay: 0.5 },
    ] {
        // One norm that clips and one that does not, and no clipping at all.
        for clip_norm in [None, Some(1e-3), Some(1e6)] {
            check_updates(optimizer, clip_norm);
        }
    }
}

#[test]
fn what_is_said_of_an_update_is_as_it_is_configured() {
    let told = |optimizer, clip_norm| {
        let spec = TrainSpec { optimizer, clip_norm, ..spec(TOY, 1) };
        let mut trainer = Trainer::new(&spec, spirals()).unwrap();
        let equations = |trainer: &mut Trainer| {
            walk(trainer).unwrap();
            update(trainer, 0).unwrap().equations.join("; ")
        };
        [equations(&mut trainer), equations(&mut trainer)]
    };
    let same = |text: &str| [text.to_owned(), text.to_owned()];
    assert_eq!(told(OptimizerSpec::SGD, None), same("θ ← θ − ηg"));
    let nesterov = OptimizerSpec::Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.1 };
    assert_eq!(
        told(nesterov, Some(1.0)),
        ["g ← cg; g ← g + λθ; m ← g; θ ← θ − η(g + ρm)", "g ← cg; g ← g + λθ; m ← ρm + g; θ ← θ − η(g + ρm)"]
    );
    assert_eq!(told(OptimizerSpec::RMS_PROP, None), same("v ← αv + (1 − α)g²; θ ← θ − ηg/(√v + ε)"));
    let adam = "m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²; m̂ = m/(1 − β₁ᵗ); v̂ = v/(1 − β₂ᵗ); θ ← θ − ηm̂/(√v̂ + ε)";
    assert_eq!(told(OptimizerSpec::ADAM, None), same(adam));
    assert_eq!(told(OptimizerSpec::ADAM_W, None), same(&format!("{adam} − ηλθ")));
}

#[test]
fn an_update_is_told_only_where_a_walk_stands_at_it() {
    let data = spirals();
    let mut trainer = trainer(TOY, &data, 1);
    assert_eq!(update(&mut trainer, 0), None);
    trainer.step().unwrap();
    assert_eq!(update(&mut trainer, 0), None, "nobody walked");
    walk(&mut trainer).unwrap();
    assert!(update(&mut trainer, 0).is_some() && update(&mut trainer, 4).is_some());
    trainer.advance_phase();
    assert_eq!(update(&mut trainer, 0), None, "that is the next minibatch");
    walk(&mut trainer).unwrap();
    trainer.leave_walk();
    assert_eq!(update(&mut trainer, 0), None);
}
