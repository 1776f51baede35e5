//! Activations: functions of each value by itself. Each is one file with its mathematics and its facts, and one entry of
//! the table here.

mod elu;
mod gelu;
mod leaky_relu;
mod relu;
mod sigmoid;
mod silu;
mod tanh;

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, Pass, sides};
use crate::nn::{
    LayerFacts, Scalar,
    kernels::{
        elementwise::Cost,
        pointwise::{Part, for_each_part},
    },
};

/// Symbols of the equations of most activations.
const ELEMENT_BY_ELEMENT: &str = "φ acts on each value alone, so ∂y/∂x is the diagonal matrix of φ′(x)";

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

/// A layer with y = φ(x), element by element, so ∂y/∂x = diag(φ′(x)) and ∂L/∂x = dy ⊙ φ′(x).
///
/// It is computed part by part, so that a layer before it can have it done while its own output is at hand. Cached:
/// nothing; x and y are given again.
pub trait Activation<T: Scalar>: Send + Sync {
    /// What φ and its derivative cost.
    fn costs(&self) -> [Cost; 2] {
        [Cost::Cheap; 2]
    }

    /// Writes y = φ(x) from x.
    fn value(&self, part: Part<'_, T, 1>);

    /// Writes dx = dy ⊙ φ′(x) from x, y and dy.
    fn gradient(&self, part: Part<'_, T, 3>);

    /// Whether φ′ jumps at 0.
    fn has_kink(&self) -> bool {
        false
    }

    /// Whether a y of 0 passes no gradient on, so that a unit can die.
    fn rectifies(&self) -> bool {
        false
    }
}

/// The layer that computes an activation.
pub struct Pointwise<A>(A);

impl<A: ActivationKind> Pointwise<A> {
    /// The layer of this activation, with everything made that its steps need.
    pub fn new(activation: A) -> Self {
        activation.prepare();
        Self(activation)
    }
}

impl<T: Scalar, A: Activation<T>> Layer<T> for Pointwise<A> {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut Pass<'_, T>) {
        activate(&self.0, &x, y, pass);
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut Pass<'_, T>,
    ) {
        if let Some(dx) = dx {
            backpropagate(&self.0, [x, y, dy], dx, pass);
        }
    }

    fn activation(&self) -> Option<&dyn Activation<T>> {
        Some(&self.0)
    }

    fn choices(&self, x: ArrayView2<'_, T>, choices: &mut [Vec<u32>]) {
        if self.0.has_kink() {
            sides(x, choices);
        }
    }

    fn has_kink(&self) -> bool {
        self.0.has_kink()
    }

    fn rectifies(&self) -> bool {
        self.0.rectifies()
    }
}

/// y = φ(x), spread over the threads.
pub(super) fn activate<T: Scalar>(
    activation: &dyn Activation<T>,
    x: &ArrayView2<'_, T>,
    y: ArrayViewMut2<'_, T>,
    pass: &Pass<'_, T>,
) {
    let [cost, _] = activation.costs();
    for_each_part(pass.pool, cost, [*x], y, |part| activation.value(part));
}

/// dx = dy ⊙ φ′(x) from x, y and dy, spread over the threads.
pub(super) fn backpropagate<T: Scalar>(
    activation: &dyn Activation<T>,
    given: [ArrayView2<'_, T>; 3],
    dx: ArrayViewMut2<'_, T>,
    pass: &Pass<'_, T>,
) {
    let [_, cost] = activation.costs();
    for_each_part(pass.pool, cost, given, dx, |part| activation.gradient(part));
}
