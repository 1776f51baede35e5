//! The event loop: everything that is ready is taken in, then the screen is drawn once, then it sleeps.

use std::{
    future::{Future, pending},
    io::{self, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, time::sleep_until};

use super::{
    attention::AttentionSignal,
    events::{Input, InputReader},
    frame::FrameRenderer,
    graphics::{self, PictureProtocol},
    layout::Layout,
    recorded_runs::RecordedRuns,
    terminal::{
        Signals, Terminal, can_suspend, is_in_foreground, signals::CaughtSignal, stop_in_background,
        use_batch_scheduling, window_size,
    },
    theme::{ColorDepth, Theme},
};
use crate::{
    app::{App, Effect, Exit, Message, Signal},
    files::{OutputError, OutputFile},
    protocol::{Event, Request},
};

/// Batches of events taken in before the next frame, at most.
const MAX_BATCHES_PER_FRAME: usize = 64;

/// Inputs taken in before the next frame, at most, so that a flood of keys does not stop the drawing.
const MAX_INPUTS_PER_FRAME: usize = 4096;

/// How long reports may wait after a frame, at most, so that a fast source seldom wakes the loop; the channel holds
/// more.
const MAX_REPORT_WAIT: Duration = Duration::from_millis(40);

/// What the dashboard is told about its terminal.
#[derive(Clone, Copy, Debug)]
pub struct UiSettings {
    /// Frames a second, at most; at least 1.
    pub fps: u32,
    /// How everything looks; see [`Theme::detect`].
    pub theme: Theme,
    /// How pictures reach the terminal; see [`PictureProtocol::detect`].
    pub pictures: PictureProtocol,
    /// How attention is drawn to a run that ended, broke or paused by itself.
    pub attention: AttentionSignal,
}

/// How the dashboard was left.
#[derive(Clone, Copy, Debug)]
pub struct LeftDashboard {
    /// Why.
    pub exit: Exit,
    /// When that was decided; putting the terminal back has taken some time since.
    pub since: Instant,
}

/// Shows `app` on the terminal until it is left.
///
/// [`wait_for_foreground`](super::wait_for_foreground) comes first. `events` is what the source reports; closing it means
/// that the source is gone. What it reports after the dashboard was left stays there. `send` takes requests to the source
/// and fails once the source is gone. `notify` is told what a person should be called for, `recorded` reads other runs. Must run on the thread that
/// will see a panic's exit status: a panic while drawing puts the terminal back and goes on unwinding from here.
///
/// # Errors
/// When there is no terminal, or the operating system gives no threads or signals.
pub async fn run(
    app: App,
    events: &mut mpsc::Receiver<Vec<Event>>,
    send: impl FnMut(Request) -> io::Result<()>,
    notify: impl FnMut(&str),
    recorded: RecordedRuns,
    settings: UiSettings,
) -> io::Result<LeftDashboard> {
    run_with_inputs(app, events, send, notify, recorded, settings, InputReader::start).await
}

/// As [`run`], with inputs from `start_reading`, which is called when the terminal is in raw mode.
pub(super) async fn run_with_inputs(
    app: App,
    events: &mut mpsc::Receiver<Vec<Event>>,
    send: impl FnMut(Request) -> io::Result<()>,
    notify: impl FnMut(&str),
    recorded: RecordedRuns,
    settings: UiSettings,
    start_reading: impl FnOnce() -> io::Result<InputReader>,
) -> io::Result<LeftDashboard> {
    // The theme alone decides about colours; crossterm's own idea of NO_COLOR loses bold and reverse as well.
    crossterm::style::force_color_output(settings.theme.depth != ColorDepth::None);
    use_batch_scheduling();
    // Before the terminal is touched, so that no signal finds it changed with no handler to change it back.
    let signals = Signals::listen()?;
    let size = window_size();
    let terminal = Terminal::enter(app.mouse_captured(), settings.pictures)?;
    // Before anything is shown: there is never a dashboard without keys.
    let inputs = start_reading()?;
    let mut dashboard = Dashboard {
        app,
        send,
        notify,
        recorded,
        terminal,
        frames: FrameRenderer::new(settings.theme, settings.pictures),
        signal: settings.attention,
        unicode: settings.theme.has_blocks(),
        attention: Vec::new(),
        interval: Duration::from_secs(1) / settings.fps.max(1),
        start: Instant::now(),
        drawn: None,
        next_frame: Instant::now(),
        rest: None,
        suspended: false,
        left: None,
    };
    dashboard.take_window_size(size);
    dashboard.draw()?;
    let left = dashboard.event_loop(events, inputs, signals).await?;
    dashboard.terminal.leave();
    Ok(left)
}

struct Dashboard<S, N> {
    app: App,
    send: S,
    /// Told what a person is called for.
    notify: N,
    recorded: RecordedRuns,
    terminal: Terminal,
    frames: FrameRenderer,
    signal: AttentionSignal,
    /// Whether the terminal can show more than ASCII.
    unicode: bool,
    /// What draws attention, until the next frame.
    attention: Vec<u8>,
    interval: Duration,
    start: Instant,
    /// The app's revision that is on the screen.
    drawn: Option<u64>,
    next_frame: Instant,
    /// Until then what the source reports may wait.
    rest: Option<Instant>,
    suspended: bool,
    left: Option<LeftDashboard>,
}

impl<S: FnMut(Request) -> io::Result<()>, N: FnMut(&str)> Dashboard<S, N> {
    async fn event_loop(
        &mut self,
        events: &mut mpsc::Receiver<Vec<Event>>,
        mut inputs: InputReader,
        mut signals: Signals,
    ) -> io::Result<LeftDashboard> {
        let mut source_open = true;
        loop {
            self.handle_ready_events(events, &mut inputs, &mut source_open)?;
            if self.terminal.output().is_broken() {
                self.dispatch(Message::Signal(Signal::HangUp));
            }
            if let Some(left) = self.left {
                return Ok(left);
            }
            self.draw()?;
            let waits = self.next_wakeup();
            let rest = self.rest.filter(|_| source_open);
            tokio::select! {
                input = inputs.next() => self.handle_input(input)?,
                () = sleep_until(rest.unwrap_or_else(Instant::now).into()), if rest.is_some() => self.rest = None,
                batch = events.recv(), if source_open && rest.is_none() => self.dispatch_batch(batch, &mut source_open),
                Some(answer) = self.recorded.answers.recv() => self.dispatch(Message::Recorded(answer)),
                caught = signals.next() => self.handle_signal(caught, &mut signals).await,
                () = waits.until => {}
                () = self.terminal.output().written(), if waits.for_output => {}
            }
        }
    }

    /// Takes in everything that is ready.
    fn handle_ready_events(
        &mut self,
        events: &mut mpsc::Receiver<Vec<Event>>,
        inputs: &mut InputReader,
        source_open: &mut bool,
    ) -> io::Result<()> {
        self.dispatch_tick();
        for _ in 0..MAX_INPUTS_PER_FRAME {
            match inputs.try_next() {
                Some(input) if self.left.is_none() => self.handle_input(input)?,
                _ => break,
            }
        }
        for _ in 0..MAX_BATCHES_PER_FRAME {
            match events.try_recv() {
                Ok(batch) => self.dispatch_batch(Some(batch), source_open),
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn dispatch_tick(&mut self) {
        let now = self.start.elapsed();
        self.dispatch(Message::Tick { now });
    }

    fn dispatch_batch(&mut self, batch: Option<Vec<Event>>, source_open: &mut bool) {
        *source_open = batch.is_some();
        self.dispatch(batch.map_or(Message::SourceGone, Message::Events));
    }

    fn handle_input(&mut self, input: Input) -> io::Result<()> {
        self.dispatch_tick();
        let message = match input {
            Input::Key(key) => Message::Key(key),
            Input::Paste(text) => Message::Paste(text),
            Input::Gone => Message::Signal(Signal::HangUp),
            Input::Unreadable => {
                return Err(io::Error::other("no key can be read any more: the thread that reads them broke"));
            }
            Input::Resize => {
                self.update_window_size();
                return Ok(());
            }
            Input::Press { x, y } => {
                let pointer = self.layout().and_then(|layout| layout.pointer_for_press(&self.app, x, y));
                let Some(pointer) = pointer else { return Ok(()) };
                Message::Pointer(pointer)
            }
            Input::Wheel { x, y, up } => {
                let pointer = self.layout().and_then(|layout| layout.pointer_for_wheel(&self.app, x, y, up));
                let Some(pointer) = pointer else { return Ok(()) };
                Message::Pointer(pointer)
            }
        };
        self.dispatch(message);
        Ok(())
    }

    fn layout(&self) -> Option<Layout> {
        let (width, height) = self.app.size();
        Layout::of(&self.app, ratatui::layout::Rect::new(0, 0, width, height))
    }

    fn update_window_size(&mut self) {
        self.take_window_size(window_size());
    }

    fn take_window_size(&mut self, (columns, rows): (u16, u16)) {
        self.dispatch(Message::Resize { columns, rows });
        if self.frames.resize(graphics::cell_size()) {
            self.drawn = None;
        }
    }

    async fn handle_signal(&mut self, caught: CaughtSignal, signals: &mut Signals) {
        match caught {
            CaughtSignal::End(number) => self.dispatch(Message::Signal(match number {
                1 => Signal::HangUp,
                2 => Signal::Interrupt,
                3 => Signal::Quit,
                _ => Signal::Terminate,
            })),
            CaughtSignal::Resize => self.update_window_size(),
            CaughtSignal::Suspend if self.suspended => {}
            CaughtSignal::Suspend => {
                self.suspended = true;
                self.terminal.suspend(false);
            }
            // `bg` lets it go on without the terminal.
            CaughtSignal::Resume if !is_in_foreground() => {
                self.suspended = true;
                stop_in_background();
            }
            CaughtSignal::Resume => {
                signals.forget_suspensions().await;
                self.suspended = false;
                if self.terminal.resume().is_err() {
                    // The system also continues the processes of a terminal that it takes away.
                    return self.dispatch(Message::Signal(Signal::HangUp));
                }
                self.frames.redraw_all();
                self.drawn = None;
                self.update_window_size();
            }
        }
    }

    fn dispatch(&mut self, message: Message) {
        let mut effects = self.app.update(message);
        while !effects.is_empty() {
            let answers: Vec<Message> = effects.drain(..).filter_map(|effect| self.perform_effect(effect)).collect();
            effects = answers.into_iter().flat_map(|answer| self.app.update(answer)).collect();
        }
    }

    /// Does what the app asked for; some things have an answer.
    fn perform_effect(&mut self, effect: Effect) -> Option<Message> {
        match effect {
            Effect::Send(request) => return (self.send)(request).err().map(|_| Message::SourceGone),
            Effect::Quit(exit) => {
                self.left.get_or_insert_with(|| LeftDashboard { exit, since: Instant::now() });
            }
            Effect::SaveScreen { path, is_usual_name } => {
                let picture = self.frames.render_svg(&self.app);
                return Some(Message::ScreenSaved(save_picture(path, is_usual_name, &picture)));
            }
            Effect::Recorded(request) => return self.recorded.ask(request).map(Message::Recorded),
            Effect::Suspend => {
                if !can_suspend() {
                    return Some(Message::CantSuspend);
                }
                self.suspended = true;
                self.terminal.suspend(true);
            }
            Effect::CaptureMouse(mouse) => {
                // A terminal that is gone is noticed elsewhere.
                let _ = self.terminal.set_mouse(mouse);
            }
            // With the next frame, so that it is in the middle of none; of several the last counts.
            Effect::Notify(text) => {
                self.attention = self.signal.sequence(&text, self.unicode);
                (self.notify)(&text);
            }
        }
        None
    }

    /// Draws if there is something new, the last frame is old enough, and the terminal has taken that.
    fn draw(&mut self) -> io::Result<()> {
        let now = Instant::now();
        if !self.is_draw_due() || now < self.next_frame || self.terminal.output().is_busy() {
            return Ok(());
        }
        let mut bytes = self.frames.draw(&self.app)?.unwrap_or_default();
        bytes.append(&mut self.attention);
        if !bytes.is_empty() && !self.terminal.output().try_send(bytes) {
            // The terminal is gone; the loop ends on that.
            self.frames.redraw_all();
        }
        // In time on average, although timers are late.
        let timer = now - self.next_frame < self.interval / 4;
        self.next_frame = if timer { self.next_frame } else { now } + self.interval;
        self.rest = Some(self.next_frame.min(now + MAX_REPORT_WAIT));
        self.drawn = Some(self.app.revision());
        Ok(())
    }

    fn is_draw_due(&self) -> bool {
        !self.suspended && self.drawn != Some(self.app.revision())
    }

    /// What the loop waits for besides messages: nothing at all when nothing changes.
    fn next_wakeup(&self) -> NextWakeup<impl Future<Output = ()> + use<S, N>> {
        let for_output = self.is_draw_due() && self.terminal.output().is_busy();
        let frame = (self.is_draw_due() && !for_output).then_some(self.next_frame);
        let deadline = self.app.next_deadline().map(|deadline| self.start + deadline);
        let until = [frame, deadline].into_iter().flatten().min();
        let until = async move {
            match until {
                Some(until) => sleep_until(until.into()).await,
                None => pending().await,
            }
        };
        NextWakeup { until, for_output }
    }
}

struct NextWakeup<F> {
    until: F,
    for_output: bool,
}

/// Writes a picture and gives its path in full, so that a person can find it, or why it is not written. Where something
/// has the usual name it gets another one; a name that a person typed must be free.
fn save_picture(path: PathBuf, is_usual_name: bool, picture: &str) -> Result<PathBuf, String> {
    let path = std::path::absolute(&path).unwrap_or(path);
    let saved = if is_usual_name {
        OutputFile::write_numbered(&path, picture.as_bytes())
    } else {
        let output = OutputFile::check(&path, false, &[]);
        output.and_then(|output| output.write(|out| out.write_all(picture.as_bytes()))).map(|()| path)
    };
    saved.map_err(|error| match error {
        OutputError::Exists(path) => format!("{path} exists; give another name"),
        error => error.to_string(),
    })
}
