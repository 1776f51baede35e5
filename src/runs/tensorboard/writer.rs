//! Writing event files.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    mem,
};

use super::{
    histogram::push_histogram,
    message::{self, field, push_bytes, push_double, push_float, push_uint},
    record::push_record,
    thinning::{TimedValue, ValueBucket, bucket_steps},
};

/// Version of the format, with which every file begins.
const FILE_VERSION: &[u8] = b"brain.Event:2";

/// Bytes that wait in memory before they are written.
const BUFFER_BYTES: usize = 1 << 16;

/// Writes one event file. Records are never written in part, but where the system fails.
#[derive(Debug)]
pub struct EventWriter<W> {
    out: W,
    /// Records that are not written yet.
    buffer: Vec<u8>,
    /// Bytes of the run's log so far, those of earlier files included.
    logged: u64,
    /// Steps of the open buckets, and the number of the bucket; empty while every value is written.
    bucket: Option<(u64, u64)>,
    /// The open buckets by tag.
    buckets: BTreeMap<Box<str>, ValueBucket>,
    /// Memory for an event, a summary and a value in the making.
    event: Vec<u8>,
    summary: Vec<u8>,
    value: Vec<u8>,
}

impl<W: Write> EventWriter<W> {
    /// Begins a file of a run whose earlier files have `logged` bytes. Times are seconds since 1970.
    pub fn new(out: W, logged: u64, wall_time: f64) -> Self {
        let mut writer = Self {
            out,
            buffer: Vec::with_capacity(BUFFER_BYTES),
            logged,
            bucket: None,
            buckets: BTreeMap::new(),
            event: Vec::new(),
            summary: Vec::new(),
            value: Vec::new(),
        };
        push_double(&mut writer.event, field::EVENT_WALL_TIME, wall_time);
        push_bytes(&mut writer.event, field::EVENT_FILE_VERSION, FILE_VERSION);
        writer.push_event();
        writer
    }

    /// Steps of which only some values are written; 1 where all are.
    pub fn thinning(&self) -> u64 {
        bucket_steps(self.logged)
    }

    /// Logs values of a minibatch or of an evaluation. After a long run, of each bucket of steps only some are written.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn scalars<'a>(
        &mut self,
        step: u64,
        wall_time: f64,
        values: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> io::Result<()> {
        let steps = self.thinning();
        if steps == 1 {
            for (tag, value) in values {
                self.push_scalar(tag, value);
            }
            self.push_summary(step, wall_time);
            return self.write_full_buffer();
        }
        let number = step / steps;
        if self.bucket != Some((steps, number)) {
            self.close_buckets();
            self.bucket = Some((steps, number));
        }
        for (tag, value) in values {
            let value = TimedValue { step, wall_time, value };
            match self.buckets.get_mut(tag) {
                Some(bucket) => bucket.add(value),
                None => {
                    self.buckets.insert(tag.into(), ValueBucket::new(value));
                }
            }
        }
        self.write_full_buffer()
    }

    /// Logs how values are distributed; those that are not finite are left out.
    ///
    /// # Errors
    /// As [`Self::scalars`].
    pub fn histogram(
        &mut self,
        step: u64,
        wall_time: f64,
        tag: &str,
        values: &mut dyn Iterator<Item = f64>,
    ) -> io::Result<()> {
        let mut histogram = Vec::new();
        push_histogram(&mut histogram, values);
        self.value.clear();
        push_bytes(&mut self.value, field::VALUE_TAG, tag.as_bytes());
        push_bytes(&mut self.value, field::VALUE_HISTOGRAM, &histogram);
        push_bytes(&mut self.summary, field::SUMMARY_VALUE, &self.value);
        self.push_summary(step, wall_time);
        self.write_full_buffer()
    }

    /// Logs a text.
    ///
    /// # Errors
    /// As [`Self::scalars`].
    pub fn text(&mut self, step: u64, wall_time: f64, tag: &str, text: &str) -> io::Result<()> {
        let (mut plugin, mut metadata, mut tensor) = (Vec::new(), Vec::new(), Vec::new());
        push_bytes(&mut plugin, field::PLUGIN_NAME, b"text");
        push_bytes(&mut metadata, field::METADATA_PLUGIN, &plugin);
        push_uint(&mut tensor, field::TENSOR_TYPE, message::STRING_TENSOR);
        push_bytes(&mut tensor, field::TENSOR_SHAPE, &[]);
        push_bytes(&mut tensor, field::TENSOR_STRING, text.as_bytes());
        self.value.clear();
        push_bytes(&mut self.value, field::VALUE_TAG, tag.as_bytes());
        push_bytes(&mut self.value, field::VALUE_TENSOR, &tensor);
        push_bytes(&mut self.value, field::VALUE_METADATA, &metadata);
        push_bytes(&mut self.summary, field::SUMMARY_VALUE, &self.value);
        self.push_summary(step, wall_time);
        self.write_full_buffer()
    }

    /// Writes what is complete, so that others can read it. Open buckets stay open.
    ///
    /// # Errors
    /// When the file can't be written; what was not is lost, since part of it may be there.
    pub fn flush(&mut self) -> io::Result<()> {
        let written = self.out.write_all(&self.buffer).and_then(|()| self.out.flush());
        self.buffer.clear();
        written
    }

    /// Writes everything, open buckets too.
    ///
    /// # Errors
    /// As [`Self::flush`].
    pub fn finish(&mut self) -> io::Result<()> {
        self.close_buckets();
        self.flush()
    }

    fn write_full_buffer(&mut self) -> io::Result<()> {
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn close_buckets(&mut self) {
        let mut buckets = mem::take(&mut self.buckets);
        // Values of one step and time stand in one record.
        let mut kept: Vec<(&str, TimedValue)> =
            buckets.iter().flat_map(|(tag, bucket)| bucket.kept().map(move |value| (&**tag, value))).collect();
        kept.sort_by_key(|(_, value)| value.step);
        for group in kept.chunk_by(|(_, a), (_, b)| a.step == b.step) {
            for (tag, value) in group {
                self.push_scalar(tag, value.value);
            }
            self.push_summary(group[0].1.step, group[0].1.wall_time);
        }
        buckets.clear();
        self.bucket = None;
    }

    fn push_scalar(&mut self, tag: &str, value: f64) {
        self.value.clear();
        push_bytes(&mut self.value, field::VALUE_TAG, tag.as_bytes());
        push_float(&mut self.value, field::VALUE_SIMPLE, value as f32);
        push_bytes(&mut self.summary, field::SUMMARY_VALUE, &self.value);
    }

    /// Appends an event with the summary in the making, unless that is empty.
    fn push_summary(&mut self, step: u64, wall_time: f64) {
        if self.summary.is_empty() {
            return;
        }
        push_double(&mut self.event, field::EVENT_WALL_TIME, wall_time);
        push_uint(&mut self.event, field::EVENT_STEP, step);
        push_bytes(&mut self.event, field::EVENT_SUMMARY, &self.summary);
        self.summary.clear();
        self.push_event();
    }

    fn push_event(&mut self) {
        let before = self.buffer.len();
        push_record(&mut self.buffer, &self.event);
        self.event.clear();
        self.logged += (self.buffer.len() - before) as u64;
    }
}
