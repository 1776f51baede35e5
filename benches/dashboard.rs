//! What the dashboard costs: training throughput with it, paired with training throughput without it; and how long
//! the first frame takes from the start of the process.
//!
//! ```text
//! cargo bench --bench dashboard            seven pairs
//! cargo bench --bench dashboard -- 15      fifteen
//! ```
//!
//! Both runs are the default run prolonged to sixty epochs, at full speed with the default number of threads; the
//! dashboard's is drawn into a pseudo-terminal of 200×60 that is read as fast as it writes. The figure is steps a
//! second as the program reports it at the end. Only the ratio of neighbouring runs counts on a machine that others
//! use.
//!
//! On Linux the system's clocks of the threads tell besides, what share of one processor the drawing thread takes while
//! that run trains, in true colour and in 256 colours, and what all threads take while it is paused.

#[cfg(unix)]
fn main() {
    unix::main();
}

#[cfg(not(unix))]
fn main() {
    eprintln!("this benchmark needs a pseudo-terminal");
}

#[cfg(unix)]
mod unix {
    #![allow(clippy::print_stdout, clippy::unwrap_used)]

    use std::{
        fs,
        io::{Read, Write},
        process::Command,
        sync::Mutex,
        thread,
        time::{Duration, Instant},
    };

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    const GRADTOP: &str = env!("CARGO_BIN_EXE_gradtop");
    const ARGUMENTS: [&str; 3] = ["train", "--set", "run.epochs=60"];

    /// The dashboard's pseudo-terminal.
    const SIZE: PtySize = PtySize { rows: 60, cols: 200, pixel_width: 0, pixel_height: 0 };

    /// How long clocks are watched.
    const WATCHED: Duration = Duration::from_secs(8);

    /// A screen that says nothing new for so long shows the end of its run.
    const QUIET: Duration = Duration::from_millis(250);

    pub fn main() {
        let pairs = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(7);
        let (mut ratios, mut starts) = (Vec::new(), Vec::new());
        for pair in 1..=pairs {
            let (headless, (dashboard, first_frame)) = (headless(), dashboard());
            starts.push(first_frame);
            ratios.push(dashboard / headless);
            println!(
                "pair {pair}: headless {headless:.0} steps/s, dashboard {dashboard:.0}, ratio {:.3}",
                dashboard / headless
            );
        }
        ratios.sort_by(f64::total_cmp);
        let median = ratios[ratios.len() / 2];
        println!("ratio min {:.3} median {median:.3} max {:.3}", ratios[0], ratios[ratios.len() - 1]);
        starts.sort_by(f64::total_cmp);
        let (median, most) = (starts[starts.len() / 2], starts[starts.len() - 1]);
        println!("first frame median {median:.1} ms, max {most:.1} ms");
        for (colours, variables) in [
            ("true colour", [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]),
            ("256 colours", [("TERM", "xterm-256color"), ("COLORTERM", "")]),
        ] {
            if let Some((drawing, paused)) = clocks(variables) {
                println!("{colours}: drawing takes {drawing:.2} % of one processor; paused, all threads {paused:.3} %");
            }
        }
    }

    /// The drawing thread's share of a processor while the run trains, and that of all threads while it is paused, in
    /// percent; `None` where the system does not tell.
    fn clocks(variables: [(&str, &str); 2]) -> Option<(f64, f64)> {
        let pair = native_pty_system().openpty(SIZE).unwrap();
        let mut command = CommandBuilder::new(GRADTOP);
        command.args(["train", "--set", "run.epochs=100000"]);
        for (name, value) in variables {
            command.env(name, value);
        }
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let (mut reader, mut keyboard) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
        let mut buffer = vec![0; 1 << 16];
        let reading = thread::spawn(move || while let Ok(1..) = reader.read(&mut buffer) {});
        let process = child.process_id().unwrap();
        let settle = || thread::sleep(Duration::from_secs(3));
        settle();
        // The first thread of the process draws.
        let drawing = share(|| busy(process, process));
        keyboard.write_all(b" ").unwrap();
        settle();
        let paused = share(|| threads(process)?.into_iter().map(|thread| busy(process, thread)).sum());
        child.kill().unwrap();
        child.wait().unwrap();
        reading.join().unwrap();
        drawing.zip(paused)
    }

    /// The percentage of the time that a clock, in nanoseconds, goes on.
    fn share(clock: impl Fn() -> Option<u64>) -> Option<f64> {
        let (start, before) = (Instant::now(), clock()?);
        thread::sleep(WATCHED);
        Some((clock()? - before) as f64 / start.elapsed().as_nanos() as f64 * 100.0)
    }

    /// The threads of a process.
    fn threads(process: u32) -> Option<Vec<u32>> {
        let entries = fs::read_dir(format!("/proc/{process}/task")).ok()?;
        entries.map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
    }

    /// Nanoseconds that a thread has run.
    fn busy(process: u32, thread: u32) -> Option<u64> {
        let text = fs::read_to_string(format!("/proc/{process}/task/{thread}/schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    }

    fn headless() -> f64 {
        let output = Command::new(GRADTOP).args(ARGUMENTS).arg("--headless").output().unwrap();
        rate(&String::from_utf8_lossy(&output.stdout)).unwrap()
    }

    /// Steps a second, and milliseconds to the first frame.
    fn dashboard() -> (f64, f64) {
        let pair = native_pty_system().openpty(SIZE).unwrap();
        let mut command = CommandBuilder::new(GRADTOP);
        command.args(ARGUMENTS);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        let start = Instant::now();
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let mut keyboard = pair.master.take_writer().unwrap();
        let mut parser = vt100::Parser::new(SIZE.rows, SIZE.cols, 0);
        let mut buffer = vec![0; 1 << 16];
        while !parser.screen().contents().contains("gradtop") {
            let count = reader.read(&mut buffer).unwrap();
            assert!(count > 0, "it ended before its first frame");
            parser.process(&buffer[..count]);
        }
        let first_frame = start.elapsed().as_secs_f64() * 1e3;

        // A terminal's own work is not the dashboard's, and stands at the other end of the line; so what comes is only
        // kept until it is quiet, as it is after the last step.
        let kept = Mutex::new(Vec::new());
        let mut found = None;
        thread::scope(|scope| {
            let reading = scope.spawn(|| {
                while let Ok(count @ 1..) = reader.read(&mut buffer) {
                    kept.lock().unwrap().extend_from_slice(&buffer[..count]);
                }
            });
            let mut before = 0;
            while !reading.is_finished() {
                thread::sleep(QUIET);
                let quiet = {
                    let mut kept = kept.lock().unwrap();
                    let quiet = (kept.len() == before).then(|| std::mem::take(&mut *kept));
                    before = kept.len();
                    quiet
                };
                if let Some(bytes) = quiet {
                    parser.process(&bytes);
                    let mut banner = parser.screen().rows(0, SIZE.cols).take(6);
                    let finished = banner.find(|row| row.contains("finished at")).and_then(|row| rate(&row));
                    if found.is_none() && finished.is_some() {
                        found = finished;
                        keyboard.write_all(b"q").unwrap();
                    }
                }
            }
        });
        child.wait().unwrap();
        (found.unwrap(), first_frame)
    }

    /// The number before the word `steps/s`.
    fn rate(text: &str) -> Option<f64> {
        let before = &text[..text.find(" steps/s")?];
        before.rsplit(|c: char| !(c.is_ascii_digit() || c == '.' || c == 'e')).next()?.parse().ok()
    }
}
