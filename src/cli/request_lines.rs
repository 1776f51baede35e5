//! Requests that a program writes to standard input, one a line.

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::mpsc::SyncSender,
};

use gradtop::{protocol::RequestLine, threads::spawn_thread, train::worker::Incoming};

use super::start;

/// Longest line in bytes, its end included.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Reads standard input on a thread of its own. Its end, or an error, means that nothing more will be asked.
///
/// # Errors
/// When the system gives no thread.
pub fn read_from_standard_input(requests: SyncSender<Incoming>) -> io::Result<()> {
    spawn_thread("requests", move || {
        if let Err(error) = send_lines(BufReader::new(io::stdin()), &requests) {
            start::print_complaint(&format!("gradtop: standard input: {error}"));
        }
        // A worker that has ended needs nothing.
        let _ = requests.send(Incoming::EndOfRequests);
    })?;
    Ok(())
}

/// Sends every line that is a request; complains about the others.
fn send_lines(mut input: impl BufRead, requests: &SyncSender<Incoming>) -> io::Result<()> {
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if input.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.len() as u64 == MAX_LINE_BYTES && line.last() != Some(&b'\n') {
            input.skip_until(b'\n')?;
            complain(number, &format!("longer than {MAX_LINE_BYTES} bytes; left out"));
            continue;
        }
        match std::str::from_utf8(&line).map(str::trim) {
            Ok("") => {}
            Ok(text) => match RequestLine::parse(text) {
                Ok(line) => {
                    // A worker that has ended reads no more.
                    if requests.send(Incoming::Line(line)).is_err() {
                        break;
                    }
                }
                Err(problem) => complain(number, &problem),
            },
            Err(_) => complain(number, "not in UTF-8; left out"),
        }
    }
    Ok(())
}

fn complain(line: u64, problem: &str) {
    start::print_complaint(&format!("gradtop: standard input, line {line}: {problem}"));
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use gradtop::protocol::{Command, CommandId, Request};

    use super::*;

    #[test]
    fn lines_that_are_no_requests_are_left_out() {
        let long = "x".repeat(3 * MAX_LINE_BYTES as usize);
        let mut input = format!("\n{{\"id\":1,\"command\":\"pause\"}}\r\n{long}\nnonsense\n").into_bytes();
        input.extend(b"\xff\n{\"id\":2,\"command\":\"resume\"}");
        let (send, requests) = sync_channel(8);
        send_lines(input.as_slice(), &send).unwrap();
        let asked = |id, command| Incoming::from(Request { id: CommandId(id), command });
        let sent: Vec<Incoming> = requests.try_iter().collect();
        assert_eq!(sent, [asked(1, Command::Pause), asked(2, Command::Resume)]);
    }
}
