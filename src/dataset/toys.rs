//! Toy problems: points in the plane that a straight line cannot separate, or that show at a glance what can.

use std::f64::consts::{PI, TAU};

use super::DataSpec;
use crate::random::{Purpose, Stream, stream};

/// A toy problem in two dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toy {
    /// Two circles around the same centre, of radius 1 and 0.5.
    Circles,
    /// The square from −1 to 1, its quadrants coloured like a chessboard.
    Xor,
    /// Three Gaussians with deviation 0.25 on a circle of radius 1.
    Gaussians,
    /// Three arms of a spiral that go once around each other.
    Spirals,
    /// Two half circles that reach into each other.
    Moons,
}

impl Toy {
    /// Every toy problem.
    pub const ALL: [Self; 5] = [Self::Circles, Self::Xor, Self::Gaussians, Self::Spirals, Self::Moons];

    /// Its word in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Circles => "circles",
            Self::Xor => "xor",
            Self::Gaussians => "gaussians",
            Self::Spirals => "spirals",
            Self::Moons => "moons",
        }
    }

    /// The names of its classes.
    pub(super) fn classes(self) -> Vec<String> {
        let names: &[&str] = match self {
            Self::Circles => &["outer", "inner"],
            Self::Xor => &["same sign", "different sign"],
            Self::Gaussians => &["right", "upper left", "lower left"],
            Self::Spirals => &["first arm", "second arm", "third arm"],
            Self::Moons => &["upper", "lower"],
        };
        names.iter().map(ToString::to_string).collect()
    }

    /// A point of a class, before noise.
    fn random_point(self, class: usize, numbers: &mut Stream) -> (f64, f64) {
        let third = TAU / 3.0 * class as f64;
        let on_circle = |radius: f64, angle: f64| (radius * angle.cos(), radius * angle.sin());
        match self {
            Self::Circles => on_circle([1.0, 0.5][class], TAU * numbers.uniform()),
            Self::Xor => {
                let (x, y) = (numbers.uniform(), numbers.uniform());
                let sign = if numbers.random_bits() & 1 == 0 { 1.0 } else { -1.0 };
                (sign * x, sign * if class == 0 { y } else { -y })
            }
            Self::Gaussians => {
                let (x, y) = on_circle(1.0, third);
                (x + 0.25 * numbers.normal(), y + 0.25 * numbers.normal())
            }
            Self::Spirals => {
                let along = numbers.uniform();
                on_circle(0.1 + 0.9 * along, third + TAU * along)
            }
            Self::Moons => {
                let (x, y) = on_circle(1.0, PI * numbers.uniform());
                if class == 0 { (x - 0.5, y - 0.25) } else { (0.5 - x, 0.25 - y) }
            }
        }
    }

    /// Draws `spec.samples` points, the classes in turn, each displaced by normal noise in both directions; the two
    /// numbers of each point, and their classes.
    pub(super) fn draw_points(self, spec: &DataSpec) -> (Vec<f32>, Vec<u8>) {
        let mut numbers = stream(spec.seed, Purpose::Data, self as u64);
        let classes = self.classes().len();
        let mut values = Vec::with_capacity(2 * spec.samples);
        let labels = (0..spec.samples).map(|sample| sample % classes).map(|class| {
            let (x, y) = self.random_point(class, &mut numbers);
            values.push((x + spec.noise * numbers.normal()) as f32);
            values.push((y + spec.noise * numbers.normal()) as f32);
            class as u8
        });
        let labels = labels.collect();
        (values, labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(toy: Toy, noise: f64, seed: u64) -> (Vec<[f32; 2]>, Vec<u8>) {
        let spec = DataSpec { samples: 600, noise, seed, ..DataSpec::default() };
        let (values, labels) = toy.draw_points(&spec);
        (values.chunks(2).map(|point| [point[0], point[1]]).collect(), labels)
    }

    #[test]
    fn every_class_has_its_share_and_the_seed_decides() {
        for toy in Toy::ALL {
            let (drawn, labels) = points(toy, 0.1, 7);
            let classes = toy.classes().len();
            for class in 0..classes {
                assert_eq!(labels.iter().filter(|&&label| usize::from(label) == class).count(), 600 / classes);
            }
            assert!(drawn.iter().flatten().all(|value| value.abs() < 3.0));
            assert_eq!(points(toy, 0.1, 7).0, drawn);
            assert_ne!(points(toy, 0.1, 8).0, drawn);
        }
    }

    #[test]
    fn without_noise_the_points_lie_where_they_should() {
        let radius = |[x, y]: [f32; 2]| f64::from(x).hypot(f64::from(y));
        let each = |toy, holds: &dyn Fn([f32; 2], u8) -> bool| {
            let (drawn, labels) = points(toy, 0.0, 1);
            for (point, label) in drawn.into_iter().zip(labels) {
                assert!(holds(point, label), "{toy:?} {point:?} {label}");
            }
        };
        each(Toy::Circles, &|point, label| (radius(point) - [1.0, 0.5][label as usize]).abs() < 1e-6);
        each(Toy::Xor, &|[x, y], label| x.abs() <= 1.0 && y.abs() <= 1.0 && (x * y >= 0.0) == (label == 0));
        each(Toy::Spirals, &|[x, y], label| {
            let turned = f64::from(y).atan2(f64::from(x)) - TAU / 3.0 * f64::from(label);
            let along = (radius([x, y]) - 0.1) / 0.9;
            let off = (turned - TAU * along).rem_euclid(TAU);
            off.min(TAU - off) < 1e-4
        });
        each(Toy::Moons, &|[x, y], label| {
            let (x, y) = if label == 0 { (x + 0.5, y + 0.25) } else { (0.5 - x, 0.25 - y) };
            (radius([x, y]) - 1.0).abs() < 1e-6 && y >= -1e-6
        });
        let (drawn, labels) = points(Toy::Gaussians, 0.0, 1);
        for class in 0..3_u8 {
            let of: Vec<[f32; 2]> =
                drawn.iter().zip(&labels).filter(|(_, label)| **label == class).map(|(point, _)| *point).collect();
            let center =
                [0, 1].map(|axis| of.iter().map(|point| f64::from(point[axis])).sum::<f64>() / of.len() as f64);
            let angle = TAU / 3.0 * f64::from(class);
            assert!((center[0] - angle.cos()).abs() < 0.07 && (center[1] - angle.sin()).abs() < 0.07, "{center:?}");
        }
    }

    #[test]
    fn noise_has_the_deviation_that_was_asked_for() {
        let (still, _) = points(Toy::Xor, 0.0, 5);
        assert!(still.iter().flatten().all(|value| value.abs() <= 1.0));
        let (drawn, labels) = points(Toy::Circles, 0.05, 5);
        let outer: Vec<f64> = drawn
            .iter()
            .zip(labels)
            .filter(|(_, label)| *label == 0)
            .map(|([x, y], _)| f64::from(*x).hypot(f64::from(*y)) - 1.0)
            .collect();
        let deviation = (outer.iter().map(|off| off * off).sum::<f64>() / outer.len() as f64).sqrt();
        assert!((deviation - 0.05).abs() < 0.01, "{deviation}");
    }

    #[test]
    fn golden_points_never_change() {
        let text: Vec<String> = Toy::ALL.map(|toy| format!("{:.4?}", points(toy, 0.1, 0).0[1])).to_vec();
        assert_eq!(text, GOLDEN);
    }

    // Four places, because the system's sine may differ in the last.
    const GOLDEN: [&str; 5] =
        ["[-0.2812, -0.2580]", "[-1.0092, 0.9345]", "[-0.2254, 0.6829]", "[0.1991, -0.5621]", "[0.2109, -0.6228]"];
}
