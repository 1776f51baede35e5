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
//! second as the program reports it at the end. Only the ratio of neighbouring runs counts on a machine that others use.

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
        io::{Read, Write},
        process::Command,
        time::Instant,
    };

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    const GRADTOP: &str = env!("CARGO_BIN_EXE_gradtop");
    const ARGUMENTS: [&str; 3] = ["train", "--set", "run.epochs=60"];

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
    }

    fn headless() -> f64 {
        let output = Command::new(GRADTOP).args(ARGUMENTS).arg("--headless").output().unwrap();
        rate(&String::from_utf8_lossy(&output.stdout)).unwrap()
    }

    /// Steps a second, and milliseconds to the first frame.
    fn dashboard() -> (f64, f64) {
        let size = PtySize { rows: 60, cols: 200, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(GRADTOP);
        command.args(ARGUMENTS);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        let start = Instant::now();
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let mut keyboard = pair.master.take_writer().unwrap();
        let mut parser = vt100::Parser::new(size.rows, size.cols, 0);
        let mut buffer = vec![0; 1 << 16];
        let (mut found, mut first_frame) = (None, None);
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            parser.process(&buffer[..count]);
            if first_frame.is_none() && parser.screen().contents().contains("gradtop") {
                first_frame = Some(start.elapsed().as_secs_f64() * 1e3);
            }
            // Reading the whole screen is dear, so only the rows where a finished run says so.
            if found.is_none() {
                let mut banner = parser.screen().rows(0, size.cols).take(6);
                found = banner.find(|row| row.contains("finished at")).and_then(|row| rate(&row));
                if found.is_some() {
                    keyboard.write_all(b"q").unwrap();
                }
            }
        }
        child.wait().unwrap();
        (found.unwrap(), first_frame.unwrap())
    }

    /// The number before the word `steps/s`.
    fn rate(text: &str) -> Option<f64> {
        let before = &text[..text.find(" steps/s")?];
        before.rsplit(|c: char| !(c.is_ascii_digit() || c == '.' || c == 'e')).next()?.parse().ok()
    }
}
