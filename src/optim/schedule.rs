//! Learning-rate schedules: the factor by which the base rate is multiplied, a pure function of the step.
//!
//! The text is a shape and, after it, an optional warm-up:
//!
//! ```text
//! constant                            1
//! step EVERY GAMMA                    GAMMA to the power of (steps done / EVERY, rounded down)
//! exponential GAMMA [over STEPS]      GAMMA to the power of steps done / STEPS, STEPS being 1 if not given
//! cosine [FROM..TO] [floor SHARE]     1 before FROM, half a cosine down to SHARE at TO, SHARE from there on;
//!                                     FROM is the end of the warm-up, TO the end of the run and SHARE 0 if not given
//! one_cycle [rise SHARE] [start SHARE] [end SHARE]
//!                                     half a cosine up from `start` (0.04) to 1 over the share `rise` (0.3) of the
//!                                     run, half a cosine down to `end` (4e-6) over the rest; these are the defaults
//!                                     of PyTorch's OneCycleLR
//! … warmup STEPS                      times (steps done + 1) / STEPS until that is 1
//! ```

use std::{f64::consts::PI, fmt, str::FromStr};

use crate::text::{Safe, nearest};

/// A learning-rate schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    shape: ScheduleShape,
    /// Steps over which the rate rises from the start; 0 for none.
    warmup: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum ScheduleShape {
    Constant,
    Step { every: u64, gamma: f64 },
    Exponential { gamma: f64, over: u64 },
    Cosine { span: Option<(u64, u64)>, floor: f64 },
    OneCycle { rise: f64, start: f64, end: f64 },
}

/// The defaults of `PyTorch`'s `OneCycleLR`.
const DEFAULT_RISE_SHARE: f64 = 0.3;
const DEFAULT_START_FACTOR: f64 = 0.04;
const DEFAULT_END_FACTOR: f64 = 4e-6;

impl Schedule {
    /// The factor 1 throughout.
    pub const CONSTANT: Self = Self { shape: ScheduleShape::Constant, warmup: 0 };

    /// Half a cosine from 1 at the start to 0 at the end of the run.
    pub const COSINE: Self = Self { shape: ScheduleShape::Cosine { span: None, floor: 0.0 }, warmup: 0 };

    /// The factor for the update that follows `step` completed ones, in a run of `total_steps`. From 0 to 1.
    pub fn factor(&self, step: u64, total_steps: u64) -> f64 {
        let shape = match self.shape {
            ScheduleShape::Constant => 1.0,
            ScheduleShape::Step { every, gamma } => gamma.powf((step / every) as f64),
            ScheduleShape::Cosine { span, floor } => {
                let (from, to) = span.unwrap_or((self.warmup, total_steps));
                // A run that ends with its warm-up has no span: everything after it is the end.
                let share = if step >= to {
                    1.0
                } else {
                    step.saturating_sub(from) as f64 / to.saturating_sub(from).max(1) as f64
                };
                cosine_anneal(1.0, floor, share)
            }
            ScheduleShape::Exponential { gamma, over } => gamma.powf(step as f64 / over as f64),
            ScheduleShape::OneCycle { rise, start, end } => {
                // The steps of the largest rate and of the smallest, counted from 0 as PyTorch does.
                let (step, last) = (step as f64, total_steps as f64 - 1.0);
                let peak = rise * total_steps as f64 - 1.0;
                if step < peak {
                    cosine_anneal(start, 1.0, step / peak)
                } else {
                    let fall = (last - peak).max(f64::MIN_POSITIVE);
                    cosine_anneal(1.0, end, ((step - peak) / fall).min(1.0))
                }
            }
        };
        if step < self.warmup { shape * (step + 1) as f64 / self.warmup as f64 } else { shape }
    }
}

/// The way from one factor to another along half a cosine, at that share of it.
fn cosine_anneal(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (PI * share).cos())
}

impl Default for Schedule {
    fn default() -> Self {
        Self::CONSTANT
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shape {
            ScheduleShape::Constant => f.write_str("constant")?,
            ScheduleShape::Step { every, gamma } => write!(f, "step {every} {gamma}")?,
            ScheduleShape::Exponential { gamma, over: 1 } => write!(f, "exponential {gamma}")?,
            ScheduleShape::Exponential { gamma, over } => write!(f, "exponential {gamma} over {over}")?,
            ScheduleShape::OneCycle { rise, start, end } => {
                f.write_str("one_cycle")?;
                for (name, share, usual) in [
                    ("rise", rise, DEFAULT_RISE_SHARE),
                    ("start", start, DEFAULT_START_FACTOR),
                    ("end", end, DEFAULT_END_FACTOR),
                ] {
                    if share != usual {
                        write!(f, " {name} {share}")?;
                    }
                }
            }
            ScheduleShape::Cosine { span, floor } => {
                f.write_str("cosine")?;
                if let Some((from, to)) = span {
                    write!(f, " {from}..{to}")?;
                }
                if floor > 0.0 {
                    write!(f, " floor {floor}")?;
                }
            }
        }
        if self.warmup > 0 { write!(f, " warmup {}", self.warmup) } else { Ok(()) }
    }
}

/// Why a schedule could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleError(String);

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ScheduleError {}

/// How each shape is written.
const SCHEDULE_FORMS: [(&str, &str); 5] = [
    ("constant", "constant"),
    ("step", "step EVERY GAMMA"),
    ("exponential", "exponential GAMMA [over STEPS]"),
    ("cosine", "cosine [FROM..TO] [floor SHARE]"),
    ("one_cycle", "one_cycle [rise SHARE] [start SHARE] [end SHARE]"),
];

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let mut words: &[&str] = &text.split_whitespace().collect::<Vec<_>>();
        let mut warmup = 0;
        if let [rest @ .., "warmup", steps] = words {
            (words, warmup) = (rest, parse_count("`warmup` takes a number of steps of at least 1", steps)?);
        }
        let shape = match *words {
            ["constant"] => ScheduleShape::Constant,
            ["step", every, gamma] => ScheduleShape::Step {
                every: parse_count("`step` takes a number of steps of at least 1", every)?,
                gamma: parse_share("`step` takes a factor from 0 to 1", gamma)?,
            },
            ["exponential", gamma] => {
                ScheduleShape::Exponential { gamma: parse_share(EXPONENTIAL_USAGE, gamma)?, over: 1 }
            }
            ["exponential", gamma, "over", steps] => ScheduleShape::Exponential {
                gamma: parse_share(EXPONENTIAL_USAGE, gamma)?,
                over: parse_count("`over` takes a number of steps of at least 1", steps)?,
            },
            ["cosine", ref settings @ ..] => parse_cosine(settings, text)?,
            ["one_cycle", ref settings @ ..] => parse_one_cycle(settings, text)?,
            _ => return Err(misspelling_error(text, words.first().copied().unwrap_or_default())),
        };
        Ok(Self { shape, warmup })
    }
}

const EXPONENTIAL_USAGE: &str = "`exponential` takes a factor from 0 to 1";

/// Reads what follows `one_cycle`.
fn parse_one_cycle(settings: &[&str], text: &str) -> Result<ScheduleShape, ScheduleError> {
    let (mut rise, mut start, mut end) = (None, None, None);
    for pair in settings.chunks(2) {
        let (slot, takes) = match pair.first() {
            Some(&"rise") => (&mut rise, "`rise` takes a share of the run from 0 to 1"),
            Some(&"start") => (&mut start, "`start` takes a share of the learning rate from 0 to 1"),
            Some(&"end") => (&mut end, "`end` takes a share of the learning rate from 0 to 1"),
            _ => return Err(misspelling_error(text, "one_cycle")),
        };
        let [_, value] = pair else { return Err(misspelling_error(text, "one_cycle")) };
        if slot.replace(parse_share(takes, value)?).is_some() {
            return Err(misspelling_error(text, "one_cycle"));
        }
    }
    Ok(ScheduleShape::OneCycle {
        rise: rise.unwrap_or(DEFAULT_RISE_SHARE),
        start: start.unwrap_or(DEFAULT_START_FACTOR),
        end: end.unwrap_or(DEFAULT_END_FACTOR),
    })
}

/// Reads what follows `cosine`.
fn parse_cosine(settings: &[&str], text: &str) -> Result<ScheduleShape, ScheduleError> {
    let (span, settings) = match settings {
        [span, rest @ ..] if span.contains("..") => (Some(parse_step_range(span)?), rest),
        all => (None, all),
    };
    match settings {
        [] => Ok(ScheduleShape::Cosine { span, floor: 0.0 }),
        ["floor", floor] => {
            let floor = parse_share("`floor` takes a share of the learning rate from 0 to 1", floor)?;
            Ok(ScheduleShape::Cosine { span, floor })
        }
        _ => Err(misspelling_error(text, "cosine")),
    }
}

/// Reads `FROM..TO`.
fn parse_step_range(text: &str) -> Result<(u64, u64), ScheduleError> {
    let (from, to) = text.split_once("..").unwrap_or((text, ""));
    match (from.parse(), to.parse()) {
        (Ok(from), Ok(to)) if from < to => Ok((from, to)),
        (Ok(_), Ok(_)) => Err(ScheduleError(format!("`{}` ends before it begins", Safe(text)))),
        _ => Err(ScheduleError(format!("`cosine` takes steps as in `100..2000`, not `{}`", Safe(text)))),
    }
}

fn parse_count(takes: &str, text: &str) -> Result<u64, ScheduleError> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(ScheduleError(format!("{takes}, not `{}`", Safe(text)))),
    }
}

fn parse_share(takes: &str, text: &str) -> Result<f64, ScheduleError> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(ScheduleError(format!("{takes}, not `{}`", Safe(text)))),
    }
}

/// The error for `text`: how its shape is written, or else the nearest shape and all there are.
fn misspelling_error(text: &str, shape: &str) -> ScheduleError {
    if let Some((_, form)) = SCHEDULE_FORMS.iter().find(|(name, _)| *name == shape) {
        return ScheduleError(format!("`{}` is not a valid schedule; write `{form} [warmup STEPS]`", Safe(text)));
    }
    let hint = match nearest(shape, SCHEDULE_FORMS.iter().map(|(name, _)| *name)) {
        Some(near) => format!("did you mean `{near}`? "),
        None => String::new(),
    };
    let forms: Vec<String> = SCHEDULE_FORMS.iter().map(|(_, form)| format!("`{form}`")).collect();
    let forms = forms.join(", ");
    ScheduleError(format!(
        "`{}` is not a schedule; {hint}valid: {forms}, each with `warmup STEPS` after it",
        Safe(text)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(text: &str) -> Schedule {
        text.parse().unwrap()
    }

    fn factors(text: &str, total: u64, steps: &[u64]) -> Vec<f64> {
        steps.iter().map(|&step| schedule(text).factor(step, total)).collect()
    }

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
    }

    #[test]
    fn shapes_have_the_values_they_should() {
        assert_eq!(factors("constant", 10, &[0, 9, 99]), [1.0; 3]);
        assert_eq!(factors("step 10 0.5", 100, &[0, 9, 10, 19, 20, 35]), [1.0, 1.0, 0.5, 0.5, 0.25, 0.125]);
        let steps = [0, 25, 50, 75, 100, 999];
        let (high, low) = (0.5 + 0.5_f64.sqrt() / 2.0, 0.5 - 0.5_f64.sqrt() / 2.0);
        assert!(close(&factors("cosine", 100, &steps), &[1.0, high, 0.5, low, 0.0, 0.0]));
        assert!(close(&factors("cosine 50..150 floor 0.2", 500, &[0, 50, 100, 150, 400]), &[1.0, 1.0, 0.6, 0.2, 0.2]));
    }

    // PyTorch 2.15.0:
    //
    // import torch
    // def rates(total, **settings):
    //     optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    //     schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=total, **settings)
    //     for step in range(total):
    //         yield optimizer.param_groups[0]["lr"]
    //         optimizer.step()
    //         if step < total - 1:
    //             schedule.step()
    // print(list(rates(20))[::3], list(rates(10, pct_start=0.45, div_factor=10, final_div_factor=100)))
    #[test]
    fn one_cycle_is_that_of_pytorch() {
        let expected = [
            0.040_000_000_000_000_036,
            0.668_328_157_299_974_7,
            0.987_464_006_235_087_2,
            0.811_745_653_949_763_1,
            0.500_002,
            0.188_258_346_050_237,
            0.012_539_993_764_912_55,
        ];
        assert!(close(&factors("one_cycle", 20, &[0, 3, 6, 9, 12, 15, 18]), &expected));
        let expected = [
            0.1,
            0.269_429_589_163_569_85,
            0.650_134_420_280_341_4,
            0.955_435_990_556_088_5,
            0.979_766_740_320_441_5,
            0.827_602_936_605_67,
            0.571_586_261_717_506,
            0.293_000_201_005_557_8,
            0.080_293_860_350_824_93,
            0.001,
        ];
        let steps: Vec<u64> = (0..10).collect();
        assert!(close(&factors("one_cycle rise 0.45 start 0.1 end 0.001", 10, &steps), &expected));
        // Beyond the end it stays there, and no run is too short.
        assert!(close(&factors("one_cycle", 20, &[19, 20, 500]), &[4e-6; 3]));
        for total in 0..5 {
            for text in ["one_cycle", "one_cycle rise 0", "one_cycle rise 1"] {
                let all = factors(text, total, &[0, 1, 2, 3, 4, 5]);
                assert!(all.iter().all(|factor| (0.0..=1.0).contains(factor)), "{text} {total}: {all:?}");
            }
        }
    }

    #[test]
    fn exponential_falls_by_its_factor() {
        assert!(close(&factors("exponential 0.5", 9, &[0, 1, 3]), &[1.0, 0.5, 0.125]));
        assert!(close(&factors("exponential 0.25 over 10", 99, &[0, 5, 10, 20]), &[1.0, 0.5, 0.25, 0.0625]));
    }

    #[test]
    fn warmup_rises_to_one_and_multiplies_the_shape() {
        assert!(close(&factors("constant warmup 4", 9, &[0, 1, 2, 3, 4, 8]), &[0.25, 0.5, 0.75, 1.0, 1.0, 1.0]));
        assert!(close(&factors("step 2 0.5 warmup 4", 9, &[0, 2, 3, 4]), &[0.25, 0.375, 0.5, 0.25]));
        // Without steps of its own the cosine begins where the warm-up ends.
        assert!(close(&factors("cosine warmup 10", 30, &[4, 9, 10, 20, 30]), &[0.5, 1.0, 1.0, 0.5, 0.0]));
        assert!(factors("cosine warmup 10", 10, &[0, 9, 10, 11]).iter().all(|factor| factor.is_finite()));
    }

    #[test]
    fn text_and_schedule_agree_both_ways() {
        for text in [
            "constant",
            "step 1000 0.1",
            "cosine",
            "cosine 100..2000",
            "cosine floor 0.01",
            "cosine 100..2000 floor 0.01 warmup 200",
            "constant warmup 5",
            "exponential 0.999",
            "exponential 0.9 over 100 warmup 5",
            "one_cycle",
            "one_cycle rise 0.1 end 0.01",
        ] {
            assert_eq!(schedule(text).to_string(), text);
        }
        assert_eq!(schedule("  cosine   1..2 ").to_string(), "cosine 1..2");
    }

    #[test]
    fn errors_are_precise() {
        let error = |text: &str| text.parse::<Schedule>().unwrap_err().to_string();
        assert_eq!(error("step 0 0.1"), "`step` takes a number of steps of at least 1, not `0`");
        assert_eq!(error("step 10 nan"), "`step` takes a factor from 0 to 1, not `nan`");
        assert_eq!(error("step 10"), "`step 10` is not a valid schedule; write `step EVERY GAMMA [warmup STEPS]`");
        assert_eq!(error("exponential 1.5"), "`exponential` takes a factor from 0 to 1, not `1.5`");
        assert_eq!(error("one_cycle rise 2"), "`rise` takes a share of the run from 0 to 1, not `2`");
        for text in ["one_cycle rise", "one_cycle rise 0.1 rise 0.2", "one_cycle 0.1"] {
            assert!(error(text).ends_with("write `one_cycle [rise SHARE] [start SHARE] [end SHARE] [warmup STEPS]`"));
        }
        assert_eq!(error("cosine 9..3"), "`9..3` ends before it begins");
        assert_eq!(error("cosine 9.."), "`cosine` takes steps as in `100..2000`, not `9..`");
        assert_eq!(error("cosine floor 2"), "`floor` takes a share of the learning rate from 0 to 1, not `2`");
        assert_eq!(error("constant warmup x"), "`warmup` takes a number of steps of at least 1, not `x`");
        assert_eq!(
            error("cosin"),
            "`cosin` is not a schedule; did you mean `cosine`? valid: `constant`, `step EVERY GAMMA`, \
             `exponential GAMMA [over STEPS]`, `cosine [FROM..TO] [floor SHARE]`, \
             `one_cycle [rise SHARE] [start SHARE] [end SHARE]`, each with `warmup STEPS` after it"
        );
        assert!(error("").contains("valid: `constant`"));
    }
}
