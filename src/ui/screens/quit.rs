//! "Stop and quit?" and "Keep this run?"

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, QuitChoice, RunFate},
    text::{cut_start, thousands},
    ui::{
        paint::Row,
        theme::{Role, Theme},
        widgets::dialog,
    },
};

/// Columns of the box's content.
const DIALOG_COLUMNS: u16 = 52;

/// Draws the question whether to quit, with `choice` selected.
pub fn draw_quit(app: &App, choice: QuitChoice, theme: Theme, buffer: &mut Buffer, area: Rect) {
    draw(app, ("leave gradtop?", record_sentence(app, theme)), (choice, QuitChoice::QUIT_ANSWERS), theme, buffer, area);
}

/// Draws the question whether to keep the run, with `choice` selected.
pub fn draw_keep(app: &App, choice: QuitChoice, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let place = match &app.live().record.folder {
        Some(folder) => sentence_with_folder("It is recorded in ", folder, theme),
        None => String::new(),
    };
    draw(app, ("keep this run?", place), (choice, QuitChoice::KEEP_ANSWERS), theme, buffer, area);
}

fn draw(
    app: &App,
    (title, sentence): (&str, String),
    (choice, answers): (QuitChoice, &[QuitChoice]),
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    let height = 3 + answers.len() as u16;
    let inside = dialog::draw(buffer, area, title, (DIALOG_COLUMNS, height), theme);
    let step = thousands(app.live().step);
    let under_way = app.live().is_under_way();
    let state = if under_way {
        format!("The training is at step {step}; leaving stops it.")
    } else {
        format!("The training ended at step {step}.")
    };
    Row::new(buffer, inside, 0).put(&state, theme.style(Role::Text));
    Row::new(buffer, inside, 1).put(&sentence, theme.style(Role::Muted));
    for (y, answer) in (3..).zip(answers) {
        let (key, label) = match answer {
            QuitChoice::Leave(RunFate::Undecided) => ("y", "stop and quit"),
            QuitChoice::Leave(RunFate::Kept) => ("y", "keep it and quit"),
            QuitChoice::Leave(RunFate::Discarded) => ("n", "delete it and quit"),
            QuitChoice::Cancel if under_way => ("Esc", "go on training"),
            QuitChoice::Cancel => ("Esc", "stay here"),
        };
        let chosen = *answer == choice;
        let mut row = Row::new(buffer, inside, y).with_ellipsis(theme.marks().ellipsis);
        row.put_left_aligned(if chosen { theme.marks().pointer } else { " " }, 2, theme.style(Role::Focus));
        row.put_left_aligned(key, 5, theme.style(Role::Key));
        row.put(&format!(" {label} "), theme.style(if chosen { Role::Selected } else { Role::Text }));
    }
}

/// What is left of the run when the dashboard is left. A source saves what is not saved yet when it stops.
fn record_sentence(app: &App, theme: Theme) -> String {
    let record = &app.live().record;
    match (&record.folder, &record.problem, record.saved_step) {
        (None, _, _) => "Nothing of it is kept.".into(),
        (Some(folder), None, _) => sentence_with_folder("The run is saved in ", folder, theme),
        (Some(_), Some(_), Some(step)) => format!("Saving fails: it is kept up to step {} only.", thousands(step)),
        (Some(_), Some(_), None) => "Saving fails: nothing of this training may be kept.".into(),
    }
}

fn sentence_with_folder(beginning: &str, folder: &str, theme: Theme) -> String {
    let width = DIALOG_COLUMNS.saturating_sub(beginning.len() as u16 + 1);
    format!("{beginning}{}.", cut_start(folder, width, theme.marks().ellipsis))
}
