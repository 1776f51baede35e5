//! How long `gradtop open` takes to show a run of ten million steps.
//!
//! ```text
//! cargo bench --bench opening              opens it fifteen times
//! cargo bench --bench opening -- RUN       opens this recorded run instead, which must have finished
//! ```
//!
//! First a small network on the circles is trained for ten million steps and recorded, which takes one to three
//! minutes. The run is then opened in a pseudo-terminal of 200×60. Told is the time from the start of the process to
//! the first picture that has numbers of the run on it, and to the picture that has all of it.

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
        path::{Path, PathBuf},
        process::{Command, Stdio},
        time::Instant,
    };

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    const GRADTOP: &str = env!("CARGO_BIN_EXE_gradtop");

    const SIZE: PtySize = PtySize { rows: 60, cols: 200, pixel_width: 0, pixel_height: 0 };

    const TIMES: usize = 15;

    pub fn main() {
        let given = std::env::args().skip(1).find(|argument| Path::new(argument).is_dir());
        let folder = std::env::temp_dir().join(format!("gradtop-opening-{}", std::process::id()));
        let run = given.as_ref().map_or_else(|| record(&folder), PathBuf::from);
        let bytes: u64 = fs::read_dir(&run).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        println!("a run whose measurements take {:.1} MB", bytes as f64 / 1e6);
        let (first, whole): (Vec<f64>, Vec<f64>) = (0..TIMES).map(|_| open(&run)).unzip();
        print_times("first picture with its numbers", first);
        print_times("all of it", whole);
        if given.is_none() {
            fs::remove_dir_all(folder).unwrap();
        }
    }

    /// Trains for ten million steps, recorded below this folder, and gives the folder of the run.
    fn record(folder: &Path) -> PathBuf {
        let mut command = Command::new(GRADTOP);
        command.args(["train", "--headless", "--data", "circles", "--layers", "linear 4, tanh, linear classes"]);
        command.args(["--batch-size", "16", "--threads", "1", "--set", "run.steps=10000000", "--set"]);
        let status = command.arg(format!("run.directory={}", folder.display())).stdout(Stdio::null()).status();
        assert!(status.unwrap().success());
        fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()
    }

    /// Milliseconds to the first picture with numbers of the run, and to the one with all of it.
    fn open(run: &Path) -> (f64, f64) {
        let pair = native_pty_system().openpty(SIZE).unwrap();
        let mut command = CommandBuilder::new(GRADTOP);
        command.arg("open");
        command.arg(run);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        let start = Instant::now();
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let mut keyboard = pair.master.take_writer().unwrap();
        let mut parser = vt100::Parser::new(SIZE.rows, SIZE.cols, 0);
        let mut buffer = vec![0; 1 << 16];
        let mut until = |shown: &dyn Fn(&str) -> bool| {
            while !shown(&parser.screen().contents()) {
                let count = reader.read(&mut buffer).unwrap();
                assert!(count > 0, "it ended before its picture: {}", parser.screen().contents());
                parser.process(&buffer[..count]);
            }
            start.elapsed().as_secs_f64() * 1e3
        };
        let first = until(&|screen| screen.lines().any(has_loss));
        let whole = until(&|screen| screen.contains("finished at"));
        keyboard.write_all(b"q").unwrap();
        while let Ok(1..) = reader.read(&mut buffer) {}
        child.wait().unwrap();
        (first, whole)
    }

    /// Whether a row tells the loss of a minibatch: `loss  train 0.694`.
    fn has_loss(row: &str) -> bool {
        let mut words = row.split_whitespace().skip_while(|word| *word != "loss").skip(1);
        words.next() == Some("train") && words.next().is_some_and(|word| word.parse::<f64>().is_ok())
    }

    fn print_times(what: &str, mut times: Vec<f64>) {
        times.sort_by(f64::total_cmp);
        println!("{what}: median {:.0} ms, max {:.0} ms", times[times.len() / 2], times[times.len() - 1]);
    }
}
