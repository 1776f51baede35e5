//! Ghosts: other recorded runs, laid over the charts of this one, and what is known of the runs that could be.

use std::path::{Path, PathBuf};

use super::branches::{Lineage, MAX_DRAWN_FUTURES};
use super::display::{harmless_name, harmless_sentence};
use super::metric::MetricStore;
use super::run::Run;
use super::series::StepRange;
use super::step_scale::{Alignment, StepScale};
use crate::protocol::{Event, RunInfo, StepReport};
use crate::text::{TextWidth, cut};

/// Most runs that are laid over the charts.
pub const MAX_GHOSTS: usize = 8;

/// How many looks curves over a chart have: first those of abandoned futures, then as many of other runs.
pub const OVERLAY_LOOKS: usize = MAX_DRAWN_FUTURES + MAX_GHOSTS;

/// Columns of the name of another run where there is little room.
const SHORT_NAME_COLUMNS: u16 = 6;

/// Most recorded runs that are listed.
pub const MAX_LISTED_RUNS: usize = 1000;

/// Most metrics that are kept of a run that lies over another.
const MAX_GHOST_METRICS: usize = 64;

/// Parts of a step of this run in which the steps of ghosts are placed: with other minibatches they lie between.
pub const PLACES_PER_STEP: u64 = 1024;

/// A recorded run that was read to be laid over another one. It is told what was recorded, event by event.
#[derive(Clone, Debug)]
pub struct GhostRun {
    run: Run,
    scale: StepScale,
}

impl GhostRun {
    /// A run of which nothing is known yet.
    pub fn new(name: &str) -> Self {
        Self { run: Run::new(name), scale: StepScale::default() }
    }

    /// Takes an event in, if it says what was measured, or on which branch.
    pub fn take_event(&mut self, event: Event) {
        let event = match event {
            Event::Step(report) => Event::Step(StepReport { layers: Vec::new(), ..report }),
            Event::Ready(mut info) => {
                // Neither layers nor samples are shown of it.
                info.layers.clear();
                info.quantities.clear();
                info.metrics.truncate(MAX_GHOST_METRICS);
                if let Some(data) = &mut info.data {
                    (data.classes, data.columns, data.notes) = Default::default();
                }
                self.scale.set_run_info(&info);
                Event::Ready(info)
            }
            Event::Evaluation(_)
            | Event::Changed { .. }
            | Event::Branched(_)
            | Event::Rewound(_)
            | Event::BranchDeleted { .. } => event,
            _ => return,
        };
        self.run.apply_event(event);
    }

    /// Takes in after how many seconds of training steps were reached.
    pub fn set_times(&mut self, times: Vec<(u64, f64)>) {
        self.scale.set_times(times);
    }
}

/// A recorded run as it is listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordedRun {
    /// Its folder, as it came.
    pub folder: PathBuf,
    /// Its name, safe to show.
    pub name: String,
    /// When it began, for people, safe to show.
    pub began: String,
    /// How it stands: `finished`.
    pub state: &'static str,
    /// Minibatches at its newest checkpoint.
    pub step: Option<u64>,
    /// Its best test accuracy.
    pub accuracy: Option<f64>,
}

/// What is asked of whoever can read recorded runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedRequest {
    /// Which there are.
    List,
    /// The run in this folder, to be laid over the charts.
    Load(PathBuf),
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum RecordedAnswer {
    /// The runs that there are, the newest first.
    List(Vec<RecordedRun>),
    /// A run that was asked for, or why it can't be read.
    Ghost {
        /// Its folder.
        folder: PathBuf,
        /// What was read.
        ghost: Result<Box<GhostRun>, String>,
    },
    /// After how many seconds of training steps of the run itself were reached.
    OwnTimes(Vec<(u64, f64)>),
    /// Something beside could not be read: a sentence.
    Problem(String),
}

/// A run that lies over the charts, or will.
#[derive(Clone, Debug)]
pub struct Ghost {
    /// Its folder.
    pub folder: PathBuf,
    /// Its name, safe to show; of several runs with one name, those that were laid over later have a number after it.
    pub name: String,
    /// The same where there is little room.
    pub short: String,
    /// How its curves look, below [`OVERLAY_LOOKS`]: as those of no branch and of no other ghost do.
    pub look: usize,
    state: GhostState,
}

#[derive(Clone, Debug)]
enum GhostState {
    Loading,
    Ready {
        run: Box<GhostRun>,
        /// Its values at steps of this run; `None` where it is not known which these are.
        aligned: Option<Box<AlignedGhost>>,
    },
}

/// The values of a ghost at the places of this run's steps: step times [`PLACES_PER_STEP`].
#[derive(Clone, Debug)]
pub struct AlignedGhost {
    /// The values.
    pub metrics: MetricStore,
    /// The way to the branch that it ended on.
    pub lineage: Lineage,
    /// Where something was changed on that way, ascending.
    pub cuts: Vec<u64>,
    /// Its newest step, as a step of this run.
    pub newest_step: u64,
    /// Places from one of its steps to the next, on average.
    pub places_per_step: f64,
}

impl Ghost {
    /// Whether it is being read.
    pub fn is_loading(&self) -> bool {
        matches!(self.state, GhostState::Loading)
    }

    /// Its values, where it is known to which steps they belong.
    pub fn aligned(&self) -> Option<&AlignedGhost> {
        match &self.state {
            GhostState::Ready { aligned, .. } => aligned.as_deref(),
            GhostState::Loading => None,
        }
    }
}

/// The places of steps of this run, at which those of a ghost stand.
pub(super) fn places_of(steps: StepRange) -> StepRange {
    let first = steps.first.saturating_mul(PLACES_PER_STEP);
    let after = steps.last.saturating_add(1).saturating_mul(PLACES_PER_STEP);
    StepRange { first, last: after.saturating_sub(1).max(first) }
}

/// The runs that lie over the charts, and those that could.
#[derive(Clone, Debug, Default)]
pub struct Ghosts {
    laid_over: Vec<Ghost>,
    /// The runs that there are; `None` before it was told.
    listed: Option<Vec<RecordedRun>>,
    alignment: Alignment,
    /// What the steps of the run itself amount to.
    own: StepScale,
    /// Whether the run has told of its data.
    is_own_told: bool,
}

impl Ghosts {
    /// Ghosts that are being read already.
    pub(super) fn loading(folders: &[PathBuf], alignment: Alignment) -> Self {
        let mut ghosts = Self { alignment, ..Self::default() };
        for folder in folders {
            ghosts.add_loading(folder, &folder.file_name().unwrap_or_default().to_string_lossy());
        }
        ghosts
    }

    /// The runs that lie over the charts, or will.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Ghost> {
        self.laid_over.iter()
    }

    /// The ghost of a folder.
    pub fn ghost_of(&self, folder: &Path) -> Option<&Ghost> {
        self.laid_over.iter().find(|ghost| ghost.folder == folder)
    }

    /// Why no curve of a ghost is drawn although it was read: it is not known where its steps belong.
    pub fn unaligned_reason(&self, ghost: &Ghost) -> Option<String> {
        let is_unaligned = matches!(&ghost.state, GhostState::Ready { aligned: None, .. });
        let whose = if self.own.knows(self.alignment) { "its" } else { "this run's" };
        (is_unaligned && self.is_own_told).then(|| unknown_text(self.alignment, whose))
    }

    /// Which ghost has no curves, and why; of several the newest.
    pub(super) fn unaligned_text(&self) -> Option<String> {
        self.laid_over.iter().rev().find_map(|ghost| self.unaligned_text_of(ghost))
    }

    fn unaligned_text_of(&self, ghost: &Ghost) -> Option<String> {
        let reason = self.unaligned_reason(ghost)?;
        Some(format!("{} is not drawn: {reason}", ghost.name))
    }

    /// The recorded runs that there are, the newest first; `None` before it was told.
    pub fn listed(&self) -> Option<&[RecordedRun]> {
        self.listed.as_deref()
    }

    /// By what steps are laid over each other.
    pub fn alignment(&self) -> Alignment {
        self.alignment
    }

    /// The newest step that a ghost has, as a step of this run.
    pub fn newest_step(&self) -> Option<u64> {
        self.laid_over.iter().filter_map(|ghost| Some(ghost.aligned()?.newest_step)).max()
    }

    /// Lays a run over the charts, which then has to be read, or takes it away. Refused with a reason.
    pub(super) fn toggle(&mut self, folder: &Path, name: &str) -> Result<Option<RecordedRequest>, String> {
        let before = self.laid_over.len();
        self.laid_over.retain(|ghost| ghost.folder != folder);
        if self.laid_over.len() < before {
            return Ok(None);
        }
        if !self.add_loading(folder, name) {
            return Err(format!("{MAX_GHOSTS} runs lie over the charts already; hide one first"));
        }
        Ok(Some(RecordedRequest::Load(folder.to_path_buf())))
    }

    fn add_loading(&mut self, folder: &Path, name: &str) -> bool {
        // From the last look on, since colours are used twice and branches begin with the first.
        let mut looks = (OVERLAY_LOOKS - MAX_GHOSTS..OVERLAY_LOOKS).rev();
        let free = looks.find(|look| self.laid_over.iter().all(|ghost| ghost.look != *look));
        let Some(look) = free.filter(|_| self.ghost_of(folder).is_none()) else { return false };
        let (name, short) = self.free_names(folder, &harmless_name(name));
        self.laid_over.push(Ghost { folder: folder.to_path_buf(), name, short, look, state: GhostState::Loading });
        true
    }

    /// What the run in a folder is called so that it is told from all others, and the same where there is little room, which
    /// only tells runs of one name apart.
    fn free_names(&self, folder: &Path, name: &str) -> (String, String) {
        let numbers = [String::new()].into_iter().chain((2..).map(|number| format!(" {number}")));
        let names = numbers.map(|number| {
            let room = SHORT_NAME_COLUMNS.saturating_sub(number.width() as u16);
            ([name, &number].concat(), [&*cut(name, room, ""), &number].concat())
        });
        let mut others =
            names.filter(|(name, _)| self.laid_over.iter().all(|ghost| ghost.folder == folder || ghost.name != *name));
        others.next().unwrap_or_default()
    }

    /// Takes an answer in; the reason if a run can't be read, or not be drawn.
    pub(super) fn take_answer(&mut self, answer: RecordedAnswer) -> Result<(), String> {
        match answer {
            RecordedAnswer::List(mut listed) => {
                listed.truncate(MAX_LISTED_RUNS);
                for recorded in &mut listed {
                    recorded.name = harmless_name(&recorded.name);
                    recorded.began = harmless_name(&recorded.began);
                    recorded.accuracy = recorded.accuracy.filter(|accuracy| accuracy.is_finite());
                }
                self.listed = Some(listed);
            }
            RecordedAnswer::OwnTimes(times) => {
                self.own.set_times(times);
                self.realign();
            }
            RecordedAnswer::Problem(problem) => return Err(harmless_sentence(&problem)),
            RecordedAnswer::Ghost { folder, ghost } => {
                // One that was taken away meanwhile is not wanted any more.
                let Some(at) = self.laid_over.iter().position(|ghost| ghost.folder == folder) else { return Ok(()) };
                match ghost {
                    Ok(read) => {
                        let aligned = read.aligned_to(&self.own, self.alignment).map(Box::new);
                        let (name, short) = self.free_names(&folder, &read.run.name);
                        (self.laid_over[at].name, self.laid_over[at].short) = (name, short);
                        self.laid_over[at].state = GhostState::Ready { run: read, aligned };
                        return self.unaligned_text_of(&self.laid_over[at]).map_or(Ok(()), Err);
                    }
                    Err(reason) => {
                        let name = self.laid_over.remove(at).name;
                        return Err(harmless_sentence(&format!("{name} can't be laid over the charts: {reason}")));
                    }
                }
            }
        }
        Ok(())
    }

    /// Lays steps over each other by something else. Refused with a reason.
    pub(super) fn set_alignment(&mut self, alignment: Alignment) -> Result<(), String> {
        if !self.own.knows(alignment) {
            return Err(unknown_text(alignment, "this run's"));
        }
        self.alignment = alignment;
        self.realign();
        Ok(())
    }

    /// Takes in what the run tells of its data.
    pub(super) fn set_run_info(&mut self, info: &RunInfo) {
        self.own.set_run_info(info);
        self.is_own_told = true;
        self.realign();
    }

    /// Puts the values of all ghosts where they belong on this run.
    fn realign(&mut self) {
        for ghost in &mut self.laid_over {
            if let GhostState::Ready { run, aligned } = &mut ghost.state {
                *aligned = run.aligned_to(&self.own, self.alignment).map(Box::new);
            }
        }
    }
}

/// Why steps can't be aligned: what they amount to is not known of `whose` steps.
fn unknown_text(by: Alignment, whose: &str) -> String {
    format!("can't align by {}: the {} of {whose} steps are not known", by.word(), by.plural())
}

impl GhostRun {
    /// Its values at the steps of a run of scale `own`.
    fn aligned_to(&self, own: &StepScale, by: Alignment) -> Option<AlignedGhost> {
        let scale = &self.scale;
        if !scale.knows(by) || !own.knows(by) {
            return None;
        }
        let place = |step: u64| {
            if step == u64::MAX {
                return step;
            }
            let there = scale.step_in(own, step as f64, by).unwrap_or(step as f64);
            (there * PLACES_PER_STEP as f64).round() as u64
        };
        let newest = place(self.run.step);
        Some(AlignedGhost {
            metrics: self.run.metrics.with_steps(&place),
            lineage: self.run.lineage().with_steps(&place),
            cuts: self.run.cuts_on(self.run.lineage()).into_iter().map(place).collect(),
            newest_step: newest.div_ceil(PLACES_PER_STEP),
            places_per_step: if self.run.step > 0 {
                newest as f64 / self.run.step as f64
            } else {
                PLACES_PER_STEP as f64
            },
        })
    }
}
