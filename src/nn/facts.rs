//! What others ask about a layer: how it is written, what it is for, its settings and its equations. The facts of each
//! kind stand in its own file.

/// What is the same for all layers of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerFacts {
    /// The kind, as it is written: `linear`.
    pub name: &'static str,
    /// How a layer is written: `linear UNITS`. Settings in brackets may be left out, and so may that of an activation.
    pub form: &'static str,
    /// What it is for.
    pub category: LayerCategory,
    /// What holds for it that does not for every layer.
    pub properties: &'static [LayerProperty],
    /// What it computes.
    pub equations: Equations,
}

impl LayerFacts {
    /// Whether this holds for the kind; what layers within a block have does not count.
    pub fn has_property(&self, property: LayerProperty) -> bool {
        let by_category = property == LayerProperty::KeepsPlaces && self.category == LayerCategory::Activation;
        by_category || self.properties.contains(&property)
    }
}

/// What holds for some kinds of layers and not for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerProperty {
    /// Its derivative jumps somewhere, so that the layer makes choices.
    HasKink,
    /// An output of 0 passes no gradient on, so that a unit can die.
    Rectifies,
    /// Its derivative goes to 0 for large inputs of either sign, so that the gradient shrinks on its way back.
    Saturates,
    /// Each value of the output belongs to the same place of the sample as at the input. It follows for an activation.
    KeepsPlaces,
}

/// What a layer is for in its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LayerCategory {
    /// Trained sums of its inputs.
    Weights,
    /// A function of each value by itself.
    Activation,
    /// Brings values to a common mean and variance.
    Normalization,
    /// Makes an image smaller.
    Pooling,
    /// Acts while training only, against overfitting.
    Regularization,
    /// Changes the shape of a sample and no value.
    Shape,
    /// Holds other layers.
    Block,
}

/// The equations of a layer or of the loss, as `docs/mathematics.md` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Equations {
    /// y from x.
    pub forward: &'static [&'static str],
    /// The gradients from dy = ∂L/∂y.
    pub backward: &'static [&'static str],
    /// What the symbols mean that no other layer has; empty if there are none.
    pub symbols: &'static str,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingValue {
    /// A number of things: units, channels, rows.
    Count(usize),
    /// Any finite number.
    Number(f64),
    /// Down and across an image.
    Pair(usize, usize),
    /// Layers as they are written: `linear 256`.
    Layers(Vec<String>),
}
