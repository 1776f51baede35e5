//! Activations: functions of each value by itself. Each is one file with its mathematics and its facts, and one entry
//! of the table here.
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

mod elu;
mod gelu;
mod leaky_relu;
mod relu;
mod sigmoid;
mod silu;
mod tanh;

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, PassContext};
use crate::nn::{
    LayerFacts, LayerProperty, Scalar,
    kernels::{elementwise::ElementCost, pointwise::map_arrays_in_parallel},
};

/// Symbols of the equations of most activations.
const POINTWISE_SYMBOLS: &str = "φ acts on each value alone, so ∂y/∂x is the diagonal matrix of φ′(x)";

/// Makes [`ActivationSpec`] and everything that differs from one activation to the next.
macro_rules! table_of_activations {
    ($($file:ident::$name:ident),+ $(,)?) => {
        $(pub use self::$file::$name;)+

        /// An activation with its setting.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum ActivationSpec {
            $(#[doc = concat!("See [`", stringify!($name), "`](struct@", stringify!($name), ").")] $name($name),)+
        }

        /// What is known of each activation, in the order of [`LAYER_FORMS`](crate::nn::LAYER_FORMS).
        pub const ACTIVATIONS: &[ActivationEntry] = &[$(ActivationEntry {
            facts: $name::FACTS,
            setting: $name::SETTING,
            from_setting: |setting| ActivationSpec::$name($name::from_setting(setting)),
        }),+];

        impl ActivationSpec {
            /// What others ask about it.
            pub fn facts(&self) -> &'static LayerFacts {
                match self { $(Self::$name(_) => &$name::FACTS,)+ }
            }

            /// Its setting with the value, if it takes one.
            pub fn setting(&self) -> Option<(ActivationSetting, f64)> {
                match self { $(Self::$name(activation) => $name::SETTING.zip(activation.setting()),)+ }
            }

            /// The layer that computes it.
            pub(in crate::nn) fn build<T: Scalar>(self) -> Box<dyn Layer<T>> {
                match self { $(Self::$name(activation) => Box::new(Pointwise::new(activation)),)+ }
            }
        }

        $(impl From<$name> for ActivationSpec {
            fn from(activation: $name) -> Self {
                Self::$name(activation)
            }
        })+
    };
}

table_of_activations! {
    relu::Relu,
    leaky_relu::LeakyRelu,
    elu::Elu,
    gelu::Gelu,
    silu::Silu,
    tanh::Tanh,
    sigmoid::Sigmoid,
}

/// An activation in the table.
#[derive(Clone, Copy, Debug)]
pub struct ActivationEntry {
    /// What others ask about it.
    pub facts: LayerFacts,
    /// The setting that it takes, if any.
    pub setting: Option<ActivationSetting>,
    /// The activation with that setting; any number for one that takes none.
    pub from_setting: fn(f64) -> ActivationSpec,
}

/// The number that an activation takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActivationSetting {
    /// Its name, in capitals in the written form: `slope`.
    pub name: &'static str,
    /// `a` or `an`, which goes before the name.
    pub article: &'static str,
    /// What it is unless given; `None` if it must be given.
    pub default: Option<f64>,
    /// The smallest valid number.
    pub least: f64,
    /// The largest valid number.
    pub most: f64,
    /// Values with which the gradient check tries it: in a network of its own, and in random ones.
    pub checked: [f64; 2],
}

/// What the file of an activation says of it besides its mathematics.
pub trait ActivationKind: Copy {
    /// What others ask about it.
    const FACTS: LayerFacts;

    /// The setting that it takes, if any.
    const SETTING: Option<ActivationSetting> = None;

    /// What φ and its derivative cost.
    const COSTS: [ElementCost; 2] = [ElementCost::Cheap; 2];

    /// The activation with that setting, which one that takes none ignores.
    fn from_setting(setting: f64) -> Self;

    /// The value of its setting, if it takes one.
    fn setting(&self) -> Option<f64> {
        None
    }

    /// Does when a network is built what no step should have to.
    fn prepare(&self) {}
}

impl ActivationSpec {
    /// Checks its setting; what is wrong with it as the end of a sentence.
    pub(in crate::nn) fn check(&self) -> Result<(), String> {
        match self.setting() {
            Some((ActivationSetting { name, article, least, most, .. }, value)) if !(least..=most).contains(&value) => {
                Err(format!("has {article} {name} of {value}; it must be from {least} to {most}"))
            }
            _ => Ok(()),
        }
    }
}

/// The mathematics of an activation y = φ(x), which acts on each value alone, so that ∂y/∂x = diag(φ′(x)).
pub trait Activation<T: Scalar>: ActivationKind + Send + Sync {
    /// φ(x).
    fn value(self, x: T) -> T;

    /// The smooth function that φ is above 0, or that it is elsewhere, at any x.
    fn smooth_piece(self, x: T, _is_above: bool) -> T {
        self.value(x)
    }

    /// ∂L/∂x = dy φ′(x), with y = φ(x).
    fn gradient(self, x: T, y: T, dy: T) -> T;
}

/// The layer of an activation: y = φ(x) and ∂L/∂x = dy ⊙ φ′(x).
///
/// Cached: nothing; x and y are given again.
pub struct Pointwise<A> {
    activation: A,
    /// Of a layer that is held on its choices, whether each value was above 0.
    held_above: Option<Vec<bool>>,
}

impl<A: ActivationKind> Pointwise<A> {
    /// The layer of this activation, with everything made that its steps need.
    pub fn new(activation: A) -> Self {
        activation.prepare();
        Self { activation, held_above: None }
    }
}

impl<T: Scalar, A: Activation<T>> Layer<T> for Pointwise<A> {
    fn forward(&mut self, x: ArrayView2<'_, T>, mut y: ArrayViewMut2<'_, T>, pass: &mut PassContext<T>) {
        let (activation, [cost, _]) = (self.activation, A::COSTS);
        if let Some(held_above) = &self.held_above {
            let held = x.iter().zip(held_above);
            y.iter_mut().zip(held).for_each(|(y, (&x, &is_above))| *y = activation.smooth_piece(x, is_above));
            return;
        }
        map_arrays_in_parallel(&pass.pool, cost, [x], y, move |[x]| activation.value(x));
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut PassContext<T>,
    ) {
        let (activation, [_, cost]) = (self.activation, A::COSTS);
        if let Some(dx) = dx {
            map_arrays_in_parallel(&pass.pool, cost, [x, y, dy], dx, move |[x, y, dy]| activation.gradient(x, y, dy));
        }
    }

    fn hold_choices(&mut self, x: ArrayView2<'_, T>) {
        if A::FACTS.has_property(LayerProperty::HasKink) {
            self.held_above = Some(x.iter().map(|&x| x > T::zero()).collect());
        }
    }
}
