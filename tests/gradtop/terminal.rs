//! A pseudo-terminal with the real binary in it: keys and signals in, the screen out.

use std::{
    io::{Read, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Longest that anything may take before a test gives up; far above what it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A run of gradtop in a terminal of its own.
pub struct Session {
    child: Box<dyn Child + Send + Sync>,
    /// Absent after the terminal was closed, as the keyboard is.
    master: Option<Box<dyn MasterPty + Send>>,
    keyboard: Option<Box<dyn Write + Send>>,
    screen: Arc<Mutex<vt100::Parser>>,
    /// All bytes that were written to the terminal.
    output: Arc<Mutex<Vec<u8>>>,
    /// Ends the reader, and with it the terminal, after the next bytes.
    closed: Arc<AtomicBool>,
    modes: String,
}

impl Session {
    /// Starts gradtop with `arguments` and `variables` in a terminal of 120×36.
    pub fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_gradtop"));
        command.args(arguments);
        command.cwd(env!("CARGO_TARGET_TMPDIR"));
        Self::start_command(command, variables)
    }

    /// Starts gradtop with `arguments` in a shell that has run `limits`, a command of its own.
    pub fn start_limited(limits: &str, arguments: &[&str]) -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", &format!("{limits} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_gradtop")]);
        command.args(arguments);
        command.cwd(env!("CARGO_TARGET_TMPDIR"));
        Self::start_command(command, &[])
    }

    /// Starts a line of the shell, to which gradtop is `$GRADTOP`.
    pub fn start_shell(line: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_shell_in(env!("CARGO_TARGET_TMPDIR").as_ref(), line, variables)
    }

    /// Starts such a line in a folder.
    pub fn start_in(place: &Path, line: &str) -> Self {
        Self::start_shell_in(place, line, &[])
    }

    fn start_shell_in(place: &Path, line: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", line]);
        command.cwd(place);
        command.env("GRADTOP", env!("CARGO_BIN_EXE_gradtop"));
        Self::start_command(command, variables)
    }

    fn start_command(mut command: CommandBuilder, variables: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: 36, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let modes = modes(pair.master.as_ref());
        let usual = [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("RUST_BACKTRACE", "0")];
        for (name, value) in usual.iter().chain(variables) {
            command.env(name, value);
        }
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(size.rows, size.cols, 0)));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let shared = Arc::clone(&screen);
        let (output, closed) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (copy, done) = (Arc::clone(&output), Arc::clone(&closed));
        thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || done.load(Ordering::SeqCst) {
                    return;
                }
                copy.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..count]);
                let mut screen = shared.lock().unwrap_or_else(PoisonError::into_inner);
                // The emulator can panic over what was written for a size that it had before; the next frame is whole.
                if catch_unwind(AssertUnwindSafe(|| screen.process(&buffer[..count]))).is_err() {
                    let (rows, columns) = screen.screen().size();
                    *screen = vt100::Parser::new(rows, columns, 0);
                }
            }
        });
        let keyboard = pair.master.take_writer().unwrap();
        // The slave side stays open in `pair.slave` only until here; the program holds its own.
        drop(pair.slave);
        Self { child, master: Some(pair.master), keyboard: Some(keyboard), screen, output, closed, modes }
    }

    /// What the screen shows as text.
    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Takes nothing from the terminal for as long as the result is kept, as a terminal that is stopped or gone slow.
    pub fn stop_reading(&self) -> impl Sized + '_ {
        self.screen.lock().unwrap()
    }

    /// Types bytes.
    pub fn press(&mut self, keys: &str) {
        let keyboard = self.keyboard.as_mut().unwrap();
        keyboard.write_all(keys.as_bytes()).unwrap();
        keyboard.flush().unwrap();
    }

    /// All that was written to the terminal, with its escape sequences.
    pub fn raw_output(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap()).into_owned()
    }

    /// Closes the terminal, as its window does.
    pub fn close_terminal(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // The reader leaves with what is drawn at the new size.
        self.resize(110, 30);
        (self.keyboard, self.master) = (None, None);
    }

    /// Types `piece` again and again until the screen shows `text`.
    pub fn flood_until_shown(&mut self, piece: &'static [u8], text: &str) {
        let mut keyboard = self.keyboard.take().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let typist = thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                keyboard.write_all(piece).unwrap();
            }
            keyboard
        });
        self.wait_for(text);
        stop.store(true, Ordering::SeqCst);
        self.keyboard = Some(typist.join().unwrap());
    }

    /// Types `pieces` one after the other, for as long as the terminal takes them.
    ///
    /// A terminal that takes no more would keep this thread waiting for ever, so that another one types.
    pub fn flood(&mut self, pieces: Vec<Vec<u8>>) {
        let mut keyboard = self.keyboard.take().unwrap();
        let (done, back) = mpsc::channel();
        thread::spawn(move || {
            for piece in pieces {
                keyboard.write_all(&piece).unwrap();
            }
            // The test has given up.
            let _ = done.send(keyboard);
        });
        self.keyboard = Some(back.recv_timeout(PATIENCE).expect("what is typed should be read"));
    }

    /// Waits until the screen satisfies `condition` and returns it.
    pub fn wait(&self, what: &str, condition: impl Fn(&str) -> bool) -> String {
        self.wait_until(what, || condition(&self.text()));
        self.text()
    }

    /// Waits until `condition` holds.
    pub fn wait_until(&self, what: &str, condition: impl Fn() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < PATIENCE, "waited for {what}; the screen shows:\n{}", self.text());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the screen shows `text`.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    /// Gives the terminal a new size.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(rows, columns);
        self.master.as_ref().unwrap().resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let id = self.child.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Processor time that the program has used so far.
    #[cfg(target_os = "linux")]
    pub fn processor_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.process_id().unwrap())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        ticks as f64 / 100.0
    }

    /// The most memory that the program has occupied so far, in bytes.
    #[cfg(target_os = "linux")]
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.process_id().unwrap())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        1024 * line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    }

    /// One-letter state of the process as the system reports it: `T` is stopped.
    #[cfg(target_os = "linux")]
    pub fn process_state(&self) -> char {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.process_id().unwrap())).unwrap();
        stat.rsplit(") ").next().unwrap().chars().next().unwrap()
    }

    /// Whether the dashboard has the terminal.
    pub fn shows_dashboard(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    /// Waits for the end and returns the exit status.
    pub fn end(&mut self) -> u32 {
        self.end_within(PATIENCE)
    }

    /// Waits for the end, but not longer than this, and returns the exit status.
    pub fn end_within(&mut self, patience: Duration) -> u32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(start.elapsed() < patience, "the program did not end; the screen shows:\n{}", self.text());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asserts that every mode of the terminal is as it was before the program started.
    pub fn assert_restored(&self) {
        assert_eq!(modes(self.master.as_ref().unwrap().as_ref()), self.modes, "line discipline");
        self.wait_until("every mode of the screen to be off", || {
            let parser = self.screen.lock().unwrap();
            let screen = parser.screen();
            !(screen.alternate_screen()
                || screen.hide_cursor()
                || screen.bracketed_paste()
                || screen.application_cursor()
                || screen.application_keypad()
                || screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None)
        });
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It has usually ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

/// The number after `label` on the screen, thousands separators removed.
pub fn number_after(screen: &str, label: &str) -> Option<u64> {
    let rest = &screen[screen.find(label)? + label.len()..];
    let digits: String = rest
        .trim_start()
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}
