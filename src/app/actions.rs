//! What a key can do.

use super::editor::LineEdit;
use super::quit::QuitChoice;
use super::screen::Screen;

/// How to come to another sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleStep {
    /// Some rows further in the minibatch, round and round.
    Next(isize),
    /// The next one that is classified wrongly.
    Mistake,
    /// The one with the largest loss.
    Hardest,
    /// The one whose number a person types.
    Typed,
}

/// Something to do about a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Back to where nothing was wrong, and on with half of the learning rate with which it broke.
    HalveRate,
    /// Back to where nothing was wrong.
    GoBack,
    /// Back to before the minibatch where it broke out, and on without it.
    SkipMinibatch,
    /// No more of this kind of trouble.
    Silence,
    /// Nothing.
    Dismiss,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Pause, or go on.
    PauseOrResume,
    /// One minibatch.
    Advance,
    /// To the end of the epoch.
    AdvanceEpoch,
    /// Learning rate × 1.25.
    RaiseLearningRate,
    /// Learning rate ÷ 1.25.
    LowerLearningRate,
    /// Ask for a learning rate.
    TypeLearningRate,
    /// The next lower throttle.
    Slower,
    /// The next higher throttle, after the last full speed.
    Faster,
    /// No throttle.
    FullSpeed,
    /// Ask for more epochs.
    Extend,
    /// Save the run now.
    SaveRun,
    /// Go back to the cursor's step, after a question; without a cursor ask for the step.
    Rewind,
    /// Turn to a screen.
    Show(Screen),
    /// Freeze the display, or catch up.
    Freeze,
    /// Move the cursor by a number of columns.
    Cursor(i64),
    /// Half as many steps.
    ZoomIn,
    /// Twice as many steps.
    ZoomOut,
    /// The whole run.
    ResetView,
    /// Logarithmic scale on or off.
    LogScale,
    /// Logarithmic or linear axis of the steps.
    StepScale,
    /// The next smoothing.
    Smoothing,
    /// The next metric in the focused chart.
    Figure,
    /// The next quantity of the layers.
    Quantity,
    /// The next parameter of the selected layer.
    Parameter,
    /// The next subject of the Data screen.
    Subject,
    /// The other part of the data.
    Split,
    /// Move the selection among the data by columns and rows.
    Move {
        /// Columns to the right.
        across: isize,
        /// Rows down.
        down: isize,
    },
    /// Move it by a number of pages.
    Page(isize),
    /// Follow what is selected among the data.
    OpenEntry,
    /// Follow another sample.
    Follow(SampleStep),
    /// The selected layer's channels as pictures, or its numbers again.
    FeatureMaps,
    /// On by one phase of the current minibatch.
    AdvancePhase,
    /// Check the gradients of the selected layer.
    CheckGradients,
    /// Lay what is selected over the charts, or take it away.
    LayOver,
    /// Ask for a name of the selected branch.
    RenameBranch,
    /// Forget the selected branch, after a question.
    DeleteBranch,
    /// The focused panel alone, or all of them.
    Expand,
    /// Focus another panel.
    Focus {
        /// The one before instead of the next.
        backwards: bool,
    },
    /// Move the selection.
    Select(isize),
    /// Change what is selected.
    Open,
    /// Out of whatever is open.
    Back,
    /// Save the screen.
    SaveScreen,
    /// Take the mouse, or give it back.
    Mouse,
    /// Open the help.
    Help,
    /// Open the command line.
    CommandLine,
    /// Leave, perhaps after a question.
    Quit,
    /// Back to the shell for a while.
    Suspend,
    /// Move the help by a number of lines.
    Scroll(isize),
    /// Close help or line.
    Cancel,
    /// Do something about the trouble that is shown.
    Remedy(Remedy),
    /// Carry out the line or the chosen answer.
    Submit,
    /// Complete the word.
    Complete,
    /// Older lines of the history, or newer ones.
    Recall(isize),
    /// Change the line.
    Edit(LineEdit),
    /// Answer the question.
    Answer(QuitChoice),
    /// Answer yes.
    Confirm,
    /// Choose another answer.
    Choose {
        /// The one before instead of the next.
        backwards: bool,
    },
}
