//! The tree of the branches, one row each, with what they reached.

use ratatui::{buffer::Buffer, layout::Rect};

use super::STEP_COLUMNS;
use crate::{
    app::{App, BranchFigure, BranchRow, BranchTree, Panel},
    text::{TextWidth, thousands},
    ui::{
        layout::{
            first_row,
            runs::{TREE_HEAD_ROWS, tree_rows},
        },
        paint::Row,
        screens::{hidden_rows_text, title},
        theme::{Role, Theme},
    },
};

/// Columns of one value, and of the mark of the best beside it.
const VALUE_COLUMNS: u16 = 9;
const MARK_COLUMNS: u16 = 2;

/// Columns of one figure: its best value and its newest.
const FIGURE_COLUMNS: u16 = 2 * VALUE_COLUMNS + MARK_COLUMNS;

/// Fewest columns for what was changed, in a narrow window and in others.
const CHANGE_COLUMNS: [u16; 2] = [14, 24];

/// Columns from which a window is not narrow.
const WIDE_COLUMNS: u16 = 100;

/// Fewest columns of a name.
const MIN_NAME_COLUMNS: u16 = 10;

/// Levels of the tree that are indented, in a narrow window and in others.
const INDENTED_LEVELS: [usize; 2] = [3, 6];

/// Widths of the columns.
struct TreeColumns {
    name: u16,
    change: u16,
    figures: usize,
    /// Levels of the tree that are indented.
    levels: usize,
}

impl TreeColumns {
    fn of(tree: &BranchTree, theme: Theme, width: u16) -> Self {
        let wide = usize::from(width >= WIDE_COLUMNS);
        let levels = INDENTED_LEVELS[wide];
        let widest = tree.rows.iter().map(|row| name_text(row, levels, theme).width()).max().unwrap_or(0) as u16;
        let name = (widest + 1).clamp(MIN_NAME_COLUMNS, (width / 4).max(MIN_NAME_COLUMNS));
        // Pointer, mark of the current one, step where it begins and newest step.
        let taken = 4 + name + 2 * STEP_COLUMNS;
        let least = CHANGE_COLUMNS[wide];
        let rest = width.saturating_sub(taken);
        let figures = usize::from(rest.saturating_sub(least) / FIGURE_COLUMNS).min(tree.figures.len());
        Self { name, change: rest.saturating_sub(figures as u16 * FIGURE_COLUMNS), figures, levels }
    }
}

/// Draws title, headings and rows.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let (tree, selected) = app.runs_screen().branches();
    let columns = TreeColumns::of(&tree, theme, area.width);
    let room = tree_rows(area);
    draw_headings(app, theme, buffer, area, &tree, &columns);
    let first = first_row(selected, tree.rows.len(), room);
    let focused = app.view().focused_panel() == Panel::Branches;
    for (y, (index, branch)) in (TREE_HEAD_ROWS..).zip(tree.rows.iter().enumerate().skip(first).take(room)) {
        let row = Row::new(buffer, area, y).with_ellipsis(theme.marks().ellipsis);
        draw_branch(row, theme, (branch, focused && index == selected), &columns, &tree.figures);
    }
}

fn draw_headings(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, tree: &BranchTree, columns: &TreeColumns) {
    let muted = theme.style(Role::Muted);
    let figures = &tree.figures[..columns.figures];
    let start = area.right().saturating_sub(columns.figures as u16 * FIGURE_COLUMNS);
    let mut row = title(app, theme, buffer, area, Panel::Branches);
    row.reserve_right(area.right() - start);
    let hidden = tree.rows.len().saturating_sub(tree_rows(area));
    if hidden > 0 {
        row.put(&hidden_rows_text(hidden, theme), muted).skip(2);
    }
    if let Some(current) = tree.rows.iter().find(|row| row.is_current) {
        let goes_on = app.run().branches.is_before_tip();
        let goes_on = goes_on.then(|| format!(", which goes on to step {}", thousands(current.newest_step)));
        let step = thousands(app.run().step);
        let stand = format!("at step {step} of {}{}", current.name, goes_on.unwrap_or_default());
        row.put(&stand, muted);
    }
    if let Some(parting) = tree.parting.filter(|_| figures.iter().any(|figure| figure.is_evaluated)) {
        let judged = format!("   best of what came after step {}", thousands(parting));
        row.put_all(&[(&judged, muted)]);
    }
    let mut names = Row::new(buffer, Rect { x: start, width: area.right() - start, ..area }, 0)
        .with_ellipsis(theme.marks().ellipsis);
    for figure in figures {
        names.put_right_aligned(&figure.title, FIGURE_COLUMNS, muted);
    }
    let mut row = Row::new(buffer, area, 1).with_ellipsis(theme.marks().ellipsis);
    row.skip(4).put_left_aligned("name", columns.name, muted);
    row.put_right_aligned("from", STEP_COLUMNS, muted).skip(1);
    row.put_left_aligned("change", columns.change.saturating_sub(1), muted);
    row.put_right_aligned("last step", STEP_COLUMNS, muted);
    for figure in figures {
        row.put_right_aligned(if figure.is_evaluated { "best" } else { "" }, VALUE_COLUMNS, muted).skip(MARK_COLUMNS);
        row.put_right_aligned(if figure.is_evaluated { "latest" } else { "last 50" }, VALUE_COLUMNS, muted);
    }
}

fn draw_branch(
    mut row: Row,
    theme: Theme,
    (branch, selected): (&BranchRow, bool),
    columns: &TreeColumns,
    figures: &[BranchFigure],
) {
    let marks = theme.marks();
    let (text, muted) = (theme.style(Role::Text), theme.style(Role::Muted));
    row.put_left_aligned(if selected { marks.pointer } else { " " }, 2, theme.style(Role::Focus));
    match branch.look {
        _ if branch.is_current => row.put_left_aligned(marks.running, 2, theme.style(Role::Good)),
        Some(look) => row.put_left_aligned(marks.rule, 2, theme.overlay_style(look)),
        None => row.skip(2),
    };
    let name = name_text(branch, columns.levels, theme);
    let (guides, name) = name.split_at(name.len() - branch.name.len());
    let end = row.position() + columns.name;
    row.put(&guides.chars().take(usize::from(columns.name)).collect::<String>(), theme.style(Role::Faint));
    let role = if selected { Role::Selected } else { Role::Text };
    row.put_left_aligned(name, end.saturating_sub(row.position() + 1), theme.style(role)).skip_to(end);
    let from = branch.from.map_or_else(|| marks.none.to_owned(), |from| thousands(from.step));
    row.put_right_aligned(&from, STEP_COLUMNS, muted).skip(1);
    row.put_left_aligned(&branch.change, columns.change.saturating_sub(1), theme.style(Role::Change));
    row.put_right_aligned(&thousands(branch.newest_step), STEP_COLUMNS, text);
    for (result, figure) in branch.results.iter().zip(figures).take(columns.figures) {
        let value = |value: Option<f64>| value.map(|value| figure.unit.format_value(value));
        let best = value(result.best).unwrap_or_else(|| marks.none.into());
        let best = if figure.is_evaluated { best } else { String::new() };
        let role = if result.is_best_of_all { Role::Good } else { Role::Text };
        row.put_right_aligned(&best, VALUE_COLUMNS, theme.style(role));
        row.put_right_aligned(
            if result.is_best_of_all { marks.good } else { " " },
            MARK_COLUMNS,
            theme.style(Role::Good),
        );
        row.put_right_aligned(&value(result.newest).unwrap_or_else(|| marks.none.into()), VALUE_COLUMNS, text);
    }
}

/// The name of a branch after the lines that lead to it on the last levels.
fn name_text(branch: &BranchRow, levels: usize, theme: Theme) -> String {
    let [straight, fork, end, nothing] =
        if theme.has_blocks() { ["│ ", "├ ", "└ ", "  "] } else { ["| ", "|-", "`-", "  "] };
    let guides = &branch.guides[branch.guides.len().saturating_sub(levels)..];
    let mut text = String::new();
    if let Some((own, before)) = guides.split_last() {
        text.extend(before.iter().map(|more| if *more { straight } else { nothing }));
        text.push_str(if *own { fork } else { end });
    }
    text.push_str(&branch.name);
    text
}
