//! The equations of `docs/mathematics.md`, one entry a kind of layer.

/// What a layer computes, and what its backward pass does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formulas {
    /// y from x.
    pub forward: &'static [&'static str],
    /// The gradients from dy = ∂L/∂y.
    pub backward: &'static [&'static str],
    /// What the symbols mean that no other layer has.
    pub words: &'static str,
}

const fn of(forward: &'static [&'static str], backward: &'static [&'static str], words: &'static str) -> Formulas {
    Formulas { forward, backward, words }
}

/// Softmax and cross entropy, behind the last layer.
pub const LOSS: Formulas = of(
    &["p = softmax(z)", "L = −Σ q log p"],
    &["∂p/∂z = diag(p) − p pᵀ", "∂L/∂z = (p − q)/B"],
    "z is what the last layer gives, q what p should be, B the samples of the batch",
);

const SLOPE: &str = "φ acts on each value alone, so ∂y/∂x is the diagonal matrix of φ′(x)";

/// The formulas of a layer of this kind: `linear 256`, `dropout 0.2`.
pub fn formulas(kind: &str) -> Formulas {
    match kind.split_whitespace().next().unwrap_or_default() {
        "linear" => of(&["y = x Wᵀ + b"], &["∂L/∂W = dyᵀ x", "∂L/∂b = Σₛ dyₛ", "∂L/∂x = dy W"], "s counts the samples"),
        "conv" => of(
            &["y = W U(x) + b"],
            &["∂L/∂W = dy U(x)ᵀ", "∂L/∂b = Σ dy", "∂L/∂U = Wᵀ dy"],
            "U(x) has a column for each place: what the kernel sees there",
        ),
        "batchnorm" => of(
            &["x̂ = (x − μ)/σ̂", "y = γ x̂ + β"],
            &["∂L/∂γ = Σ dy ⊙ x̂", "∂L/∂β = Σ dy", "∂L/∂x = γ/(nσ̂) · (n dy − ∂L/∂β − x̂ ⊙ ∂L/∂γ)"],
            "μ and σ̂ are those of a channel over the batch and its n values",
        ),
        "relu" => {
            of(&["y = max(x, 0)"], &["∂y/∂x = diag(1[x > 0])", "∂L/∂x = dy ⊙ 1[x > 0]"], "1[·] is 1 where it holds")
        }
        "leaky_relu" => {
            of(&["y = x for x > 0, a·x elsewhere"], &["φ′(x) = 1[x > 0] + a·1[x ≤ 0]", "∂L/∂x = dy ⊙ φ′(x)"], SLOPE)
        }
        "elu" => of(
            &["y = x for x > 0, α(eˣ − 1) elsewhere"],
            &["φ′(x) = 1[x > 0] + α eˣ·1[x ≤ 0]", "∂L/∂x = dy ⊙ φ′(x)"],
            SLOPE,
        ),
        "sigmoid" => of(&["y = 1/(1 + e⁻ˣ)"], &["φ′(x) = y (1 − y)", "∂L/∂x = dy ⊙ φ′(x)"], SLOPE),
        "tanh" => of(&["y = tanh x"], &["φ′(x) = 1 − y²", "∂L/∂x = dy ⊙ φ′(x)"], SLOPE),
        "silu" => of(&["y = x σ(x)"], &["φ′(x) = σ + x σ(1 − σ)", "∂L/∂x = dy ⊙ φ′(x)"], SLOPE),
        "gelu" => of(&["y = x Φ(x)"], &["φ′(x) = Φ(x) + x ϕ(x)", "∂L/∂x = dy ⊙ φ′(x)"], SLOPE),
        "dropout" => of(
            &["y = x ⊙ m"],
            &["∂y/∂x = diag(m)", "∂L/∂x = dy ⊙ m"],
            "m is 0 with probability p, else 1/(1 − p); 1 in evaluation",
        ),
        "maxpool" => of(&["y = max x over each window"], &["∂L/∂x = Σ dy of the windows it won"], ""),
        "avgpool" => {
            of(&["y = Σ x/k² over each window"], &["∂L/∂x = Σ dy/k² of the windows over it"], "k is the window's side")
        }
        "global_avgpool" => of(&["y = Σ x/P over each channel"], &["∂L/∂x = dy/P"], "P counts the places of a channel"),
        "flatten" => of(&["y = x as a vector"], &["∂L/∂x = dy"], ""),
        "residual" => of(
            &["y = F(x) + S(x)"],
            &["∂L/∂x = (∂F/∂x)ᵀ dy + (∂S/∂x)ᵀ dy"],
            "F are the layers of the block, S is its shortcut",
        ),
        _ => of(&["y = f(x)"], &["∂L/∂x = (∂y/∂x)ᵀ dy"], ""),
    }
}

/// The mathematics' letter for a parameter of a layer of this kind; within a block the way to it.
pub fn letter<'a>(kind: &str, parameter: &'a str) -> &'a str {
    match (kind.split_whitespace().next().unwrap_or_default(), parameter) {
        ("batchnorm", "weight") => "γ",
        ("batchnorm", "bias") => "β",
        (_, "weight") => "W",
        (_, "bias") => "b",
        _ => parameter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::LAYER_FORMS;

    /// What the page says in words, or for one element.
    const IN_WORDS: [&str; 10] = [
        "∂L/∂b = Σ dy",
        "∂y/∂x = diag(1[x > 0])",
        "∂L/∂x = dy ⊙ 1[x > 0]",
        "∂y/∂x = diag(m)",
        "y = max x over each window",
        "∂L/∂x = Σ dy of the windows it won",
        "y = Σ x/k² over each window",
        "∂L/∂x = Σ dy/k² of the windows over it",
        "y = Σ x/P over each channel",
        "y = x as a vector",
    ];

    #[test]
    fn every_kind_of_layer_is_on_the_page_of_the_mathematics() {
        let page = include_str!("../../../docs/mathematics.md");
        let unspaced = |text: &str| text.replace([' ', '\n'], "");
        let page = unspaced(page);
        for (kind, form) in LAYER_FORMS {
            let formula = formulas(form);
            assert_ne!(formula, formulas("something else"), "{kind} has no equations");
            for line in formula.forward.iter().chain(formula.backward) {
                // In its table of activations the page has the right sides only.
                let right = line.split_once(" = ").map_or(*line, |(_, right)| right);
                let known = [*line, right].iter().any(|text| page.contains(&unspaced(text)));
                assert!(known || IN_WORDS.contains(line), "{kind}: {line}");
            }
        }
        assert!(formulas("something else").forward[0].contains("f(x)") && !LOSS.words.is_empty());
    }
}
