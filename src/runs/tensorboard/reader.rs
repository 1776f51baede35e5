//! Reading event files, trusting nothing in them.

use std::io::{self, Read};

use super::{
    message::{Field, Fields, field},
    record::{FOOTER_BYTES, HEADER_BYTES, MAX_RECORD_BYTES, masked_crc},
};

/// One record of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoggedEvent {
    /// Seconds since 1970.
    pub wall_time: f64,
    /// The step.
    pub step: u64,
    /// The values, each with its tag's number in [`LogReader::tags`].
    pub values: Vec<(usize, LoggedValue)>,
}

/// A value that was logged.
#[derive(Clone, Debug, PartialEq)]
pub enum LoggedValue {
    /// A number.
    Scalar(f64),
    /// A text.
    Text(String),
    /// Anything else.
    Other,
}

/// Reads the records of a log one after the other.
#[derive(Debug)]
pub struct LogReader<R> {
    source: R,
    /// Every tag that was met.
    tags: Vec<String>,
    contents: Vec<u8>,
    /// Bytes of the whole records that were read.
    sound_bytes: u64,
    /// Records whose contents were damaged.
    damaged: u64,
    /// What is wrong with the rest, if something is.
    problem: Option<String>,
}

impl<R: Read> LogReader<R> {
    /// Reads from the beginning of a file.
    pub fn new(source: R) -> Self {
        let contents = Vec::new();
        Self { source, tags: Vec::new(), contents, sound_bytes: 0, damaged: 0, problem: None }
    }

    /// The tags of the values so far.
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    /// Bytes up to the end of the last whole record.
    pub fn sound_bytes(&self) -> u64 {
        self.sound_bytes
    }

    /// Records that were passed over because their contents were damaged.
    pub fn damaged_records(&self) -> u64 {
        self.damaged
    }

    /// Why nothing more could be read, if the file does not simply end; a sentence with the byte.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// The next event; `None` at the end, or where nothing more can be read.
    ///
    /// # Errors
    /// When the source can't be read.
    pub fn next_event(&mut self) -> io::Result<Option<LoggedEvent>> {
        while self.problem.is_none() && self.read_record()? {
            match self.decode() {
                Some(event) => return Ok(Some(event)),
                None => self.damaged += 1,
            }
        }
        Ok(None)
    }

    /// Reads the contents of the next record whose checksum is right.
    fn read_record(&mut self) -> io::Result<bool> {
        loop {
            let mut header = [0; HEADER_BYTES];
            let read = read_up_to(&mut self.source, &mut header)?;
            if read == 0 {
                return Ok(false);
            }
            if read < HEADER_BYTES {
                return Ok(self.refuse("the file ends within a record"));
            }
            let (length, crc) = header.split_at(8);
            let (Some(&length), Some(&crc)) = (length.first_chunk(), crc.first_chunk()) else { return Ok(false) };
            if masked_crc(&length) != u32::from_le_bytes(crc) {
                return Ok(self.refuse("the length of a record is damaged"));
            }
            let length = u64::from_le_bytes(length);
            if length > MAX_RECORD_BYTES {
                return Ok(self.refuse("a record is longer than any can be"));
            }
            // Memory grows as contents arrive.
            self.contents.clear();
            (&mut self.source).take(length).read_to_end(&mut self.contents)?;
            let mut footer = [0; FOOTER_BYTES];
            let read = read_up_to(&mut self.source, &mut footer)?;
            if (self.contents.len() as u64) < length || read < FOOTER_BYTES {
                return Ok(self.refuse("the file ends within a record"));
            }
            self.sound_bytes += (HEADER_BYTES + FOOTER_BYTES) as u64 + length;
            if masked_crc(&self.contents) == u32::from_le_bytes(footer) {
                return Ok(true);
            }
            self.damaged += 1;
        }
    }

    fn refuse(&mut self, what: &str) -> bool {
        self.problem = Some(format!("{what}, after byte {}", self.sound_bytes));
        false
    }

    fn decode(&mut self) -> Option<LoggedEvent> {
        let contents = std::mem::take(&mut self.contents);
        let event = decode_event(&contents, &mut self.tags);
        self.contents = contents;
        event
    }
}

/// Fills as much of `buffer` as there is.
fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn decode_event(contents: &[u8], tags: &mut Vec<String>) -> Option<LoggedEvent> {
    let mut event = LoggedEvent::default();
    let mut fields = Fields(contents);
    while let Some((number, value)) = fields.next_field().ok()? {
        match (number, value) {
            (field::EVENT_WALL_TIME, Field::Double(time)) => event.wall_time = time,
            (field::EVENT_STEP, Field::Uint(step)) => event.step = step,
            (field::EVENT_SUMMARY, Field::Bytes(summary)) => {
                let mut values = Fields(summary);
                while let Some((number, value)) = values.next_field().ok()? {
                    if let (field::SUMMARY_VALUE, Field::Bytes(value)) = (number, value) {
                        event.values.push(decode_value(value, tags)?);
                    }
                }
            }
            _ => {}
        }
    }
    Some(event)
}

fn decode_value(contents: &[u8], tags: &mut Vec<String>) -> Option<(usize, LoggedValue)> {
    let (mut tag, mut logged) = (&[][..], LoggedValue::Other);
    let mut fields = Fields(contents);
    while let Some((number, value)) = fields.next_field().ok()? {
        match (number, value) {
            (field::VALUE_TAG, Field::Bytes(bytes)) => tag = bytes,
            (field::VALUE_SIMPLE, Field::Float(value)) => logged = LoggedValue::Scalar(f64::from(value)),
            (field::VALUE_TENSOR, Field::Bytes(tensor)) => logged = decode_text(tensor)?,
            _ => {}
        }
    }
    let tag = std::str::from_utf8(tag).ok()?;
    let known = tags.iter().position(|known| known == tag);
    let number = known.unwrap_or_else(|| {
        tags.push(tag.into());
        tags.len() - 1
    });
    Some((number, logged))
}

fn decode_text(tensor: &[u8]) -> Option<LoggedValue> {
    let mut fields = Fields(tensor);
    while let Some((number, value)) = fields.next_field().ok()? {
        if let (field::TENSOR_STRING, Field::Bytes(text)) = (number, value) {
            return Some(LoggedValue::Text(String::from_utf8_lossy(text).into_owned()));
        }
    }
    Some(LoggedValue::Other)
}
