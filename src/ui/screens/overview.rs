//! Charts, layers, hyperparameters and findings on one page.

mod side;
mod table;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, ChartSlot, Panel, ValueScale},
    ui::{
        layout::Layout,
        paint::Row,
        theme::{Role, Theme},
        widgets::chart::{self, ChartFrame, ChartHeading},
    },
};

/// Draws the panels that have a place in `layout`.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, layout: &Layout) {
    for slot in ChartSlot::ALL {
        draw_chart(app, theme, buffer, layout.panel(Panel::Chart(slot)), slot);
    }
    table::draw(app, theme, buffer, layout.panel(Panel::Layers));
    side::draw_controls(app, theme, buffer, layout.panel(Panel::Controls));
    side::draw_findings(app, theme, buffer, layout.panel(Panel::Findings));
    side::draw_facts(app, theme, buffer, layout.facts);
    for y in 0..layout.divider.height {
        Row::new(buffer, layout.divider, y).skip(1).put(theme.marks().bar, theme.style(Role::Faint));
    }
}

fn draw_chart(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, slot: ChartSlot) {
    if area.is_empty() {
        return;
    }
    let (view, panel) = (app.view(), Panel::Chart(slot));
    let chart = app.chart(slot, ChartFrame::of(area).plot_size());
    let refused = view.charts.scale(slot) == ValueScale::Log && chart.axis.scale == ValueScale::Linear;
    let settings = chart::chart_settings_text(&chart, refused, theme);
    let heading = ChartHeading { focused: view.focused_panel() == panel, settings: &settings };
    chart::draw(buffer, area, &chart, &heading, theme);
}
