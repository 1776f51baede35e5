//! Charts, layers, hyperparameters and findings on one page.

mod side;
mod table;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, ChartSlot, Panel, Scale},
    ui::{
        layout::Layout,
        paint::Row,
        theme::{Role, Theme},
        widgets::chart::{self, ChartFrame, Heading},
    },
};

/// Draws the panels that have a place in `layout`.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, layout: &Layout) {
    for slot in ChartSlot::ALL {
        draw_chart(app, theme, buffer, layout.panel(Panel::Chart(slot)), slot);
    }
    table::draw(app, theme, buffer, layout.panel(Panel::Layers));
    side::controls(app, theme, buffer, layout.panel(Panel::Controls));
    side::findings(app, theme, buffer, layout.panel(Panel::Findings));
    side::facts(app, theme, buffer, layout.facts);
    for y in 0..layout.divider.height {
        Row::new(buffer, layout.divider, y).skip(1).put(theme.marks().bar, theme.style(Role::Faint));
    }
}

fn draw_chart(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, slot: ChartSlot) {
    if area.is_empty() {
        return;
    }
    let (view, panel) = (app.view(), Panel::Chart(slot));
    let chart = app.chart(slot, ChartFrame::of(area).columns());
    let refused = view.charts.scale(slot) == Scale::Log && chart.axis.scale == Scale::Linear;
    let settings = chart::settings(&chart, refused, theme);
    let heading = Heading { focused: view.focus() == panel, settings: &settings };
    chart::draw(buffer, area, &chart, &heading, theme);
}
