//! Made-up answers about the inside of made-up networks, the same every time.

use super::{
    fixture::{self, hear, noise},
    looks_table,
};
use crate::{
    app::App,
    protocol::{
        inspection::{Distribution, LayerView, ParameterView, UnitFigures},
        *,
    },
};

/// A network of which the made-up runs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Fully connected, on images.
    Mlp,
    /// Convolutions with batch normalization.
    Cnn,
    /// Two numbers in, two classes out.
    Toy,
    /// A table with names of columns and notes.
    Wine,
}

fn layer(index: usize, kind: &str, input: &[usize], output: &[usize], parameters: u64) -> LayerInfo {
    made_up::layer(index, kind, input, output, parameters)
}

impl Network {
    /// What stays the same during its run.
    pub fn info(self) -> RunInfo {
        let Event::Ready(mut info) = fixture::info() else { unreachable!() };
        match self {
            Self::Mlp | Self::Wine => {}
            Self::Cnn => {
                info.data = Some(fixture::data("cifar-10", &[3, 32, 32]));
                info.layers = vec![
                    layer(0, "conv 16 3x3", &[3, 32, 32], &[16, 32, 32], 448),
                    layer(1, "batchnorm", &[16, 32, 32], &[16, 32, 32], 32),
                    layer(2, "relu", &[16, 32, 32], &[16, 32, 32], 0),
                    layer(3, "maxpool 2", &[16, 32, 32], &[16, 16, 16], 0),
                    layer(4, "conv 32 3x3", &[16, 16, 16], &[32, 16, 16], 4_640),
                    layer(5, "batchnorm", &[32, 16, 16], &[32, 16, 16], 64),
                    layer(6, "relu", &[32, 16, 16], &[32, 16, 16], 0),
                    layer(7, "global_avgpool", &[32, 16, 16], &[32], 0),
                    layer(8, "linear", &[32], &[10], 330),
                ];
            }
            Self::Toy => {
                info.data = Some(fixture::data("spirals", &[2]));
                info.layers = vec![
                    layer(0, "linear", &[2], &[16], 48),
                    layer(1, "tanh", &[16], &[16], 0),
                    layer(2, "linear", &[16], &[16], 272),
                    layer(3, "tanh", &[16], &[16], 0),
                    layer(4, "linear", &[16], &[2], 34),
                ];
            }
        }
        if self == Self::Wine {
            info.data = Some(looks_table::data());
            info.layers = vec![
                layer(0, "linear", &[13], &[16], 224),
                layer(1, "relu", &[16], &[16], 0),
                layer(2, "linear", &[16], &[3], 51),
            ];
        }
        info.parameters = info.layers.iter().map(|layer| layer.parameters).sum();
        *info
    }

    /// What a step reports.
    fn report(self, step: u64) -> StepReport {
        let mut report = fixture::report(step);
        let Some(template) = report.layers.first() else { return report };
        let gradient_norm = template.values[0].1;
        let layers = self.info().layers;
        let trained = layers.iter().enumerate().filter(|(_, layer)| layer.parameters != Some(0));
        let probe = |(index, _): (usize, &LayerInfo)| {
            let norm = gradient_norm / (1.0 + index as f64).powi(2);
            let dead = (self != Self::Toy && index < 4).then_some(0.08 * index as f64);
            made_up::probe(index, [Some(norm), Some(0.013 / 12.0), dead], Health::Good)
        };
        report.layers = trained.map(probe).collect();
        report
    }

    /// A dashboard in the middle of its run.
    pub fn running(self) -> App {
        let mut app = fixture::loading();
        hear(&mut app, [Event::Ready(Box::new(self.info())), fixture::controls(1e-3, Some(40.0))]);
        hear(&mut app, [fixture::state(RunState::Running, 0, None)]);
        for step in 1..=1000 {
            hear(&mut app, [Event::Step(self.report(step))]);
            if step % 20 == 0 {
                hear(&mut app, self.answers(step));
            }
        }
        app
    }

    /// What is known of the inside of all its layers at a step.
    pub fn answers(self, step: u64) -> Vec<Event> {
        let layers = self.info().layers;
        let trained = layers.iter().enumerate().filter(|(_, layer)| layer.parameters != Some(0));
        trained.map(|(index, layer)| answer(step, index, layer)).collect()
    }
}

/// A bell around `mean` that is `deviation` wide.
fn bell(count: usize, zeros: usize, mean: f64, deviation: f64) -> Distribution {
    const BINS: usize = 48;
    let bin = |i: usize| {
        let x = (i as f64 + 0.5) / BINS as f64 * 6.0 - 3.0;
        ((-x * x / 2.0).exp() * (count - zeros) as f64 / 20.0 * (1.0 + 0.3 * noise(i as u64 + count as u64))).ceil()
            as u32
    };
    Distribution {
        count,
        zeros,
        not_finite: 0,
        minimum: mean - 3.0 * deviation,
        maximum: mean + 3.0 * deviation,
        mean,
        deviation,
        norm: deviation * (count as f64).sqrt(),
        bins: (0..BINS).map(bin).collect(),
    }
}

fn answer(step: u64, index: usize, layer: &LayerInfo) -> Event {
    let units = layer.output.as_ref().map_or(1, |output| output[0]);
    let normalizes = layer.role == LayerRole::Normalization;
    let count = (layer.parameters.unwrap_or(0) as usize - units).max(1);
    let progress = step as f64 / 1000.0;
    let list = |seed: u64, mean: f64, spread: f64| -> Vec<f32> {
        (0..units.min(512) as u64).map(|unit| (mean + 2.0 * spread * noise(unit + seed)) as f32).collect()
    };
    let figures = if normalizes {
        UnitFigures {
            gamma: list(1, 1.0, 0.3),
            beta: list(2, 0.0, 0.4),
            running_means: list(3, 0.1, 0.5),
            running_variances: list(4, 0.8, 0.4),
            means: list(5, 0.0, 0.3),
            ..UnitFigures::default()
        }
    } else {
        UnitFigures {
            weight_norms: list(6, 1.0, 0.4),
            gradient_norms: list(7, 0.01, 0.008),
            means: list(8, 0.1, 0.6),
            zeros: list(9, 0.3, 0.2),
            ..UnitFigures::default()
        }
    };
    let view = LayerView {
        layer: index,
        minibatch: step + 1,
        parameters: vec![ParameterView {
            name: if normalizes { "gamma" } else { "weight" }.into(),
            shape: vec![units, count / units.max(1)],
            values: bell(count, 0, 0.002, 0.03 + 0.04 * progress),
            gradients: Some(bell(count, count / 9, 0.0, 0.002 / (1.0 + 6.0 * progress))),
        }],
        activations: Some(bell(64 * units, 64 * units / 3, 0.2 + 0.6 * progress, 0.7)),
        errors: None,
        units: UnitFigures { count: units, ..figures },
    };
    fixture::inspection(step, Query::Layer { layer: index }, Answer::Layer(view))
}
