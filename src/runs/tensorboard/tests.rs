use std::io;

use proptest::prelude::*;

use super::{
    record::push_record,
    thinning::{BYTES_FOR_DOUBLING, FULL_BYTES, TimedValue, ValueBucket, bucket_steps},
    *,
};

fn read_all(bytes: &[u8]) -> (Vec<LoggedEvent>, LogReader<&[u8]>) {
    let mut reader = LogReader::new(bytes);
    let mut events = Vec::new();
    while let Some(event) = reader.next_event().unwrap() {
        events.push(event);
    }
    (events, reader)
}

/// A file with scalars of two steps, a text and a histogram.
fn small_file() -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = EventWriter::new(&mut file, 0, 1.5);
    writer.scalars(1, 2.5, [("train/loss", 2.25), ("train/accuracy", 0.5)]).unwrap();
    writer.scalars(2, 3.5, [("test/loss", f64::NAN)]).unwrap();
    writer.text(2, 3.5, "finding", "half of layer 0 is dead").unwrap();
    writer.histogram(3, 4.5, "layer/0.weight/weights", &mut [0.5, -1.0, f64::INFINITY, 0.0].into_iter()).unwrap();
    writer.finish().unwrap();
    drop(writer);
    file
}

#[test]
fn what_is_written_is_read() {
    let file = small_file();
    let (events, reader) = read_all(&file);
    assert_eq!((reader.problem(), reader.damaged_records(), reader.sound_bytes()), (None, 0, file.len() as u64));
    assert_eq!(reader.tags(), ["train/loss", "train/accuracy", "test/loss", "finding", "layer/0.weight/weights"]);
    let scalars = vec![(0, LoggedValue::Scalar(2.25)), (1, LoggedValue::Scalar(0.5))];
    assert_eq!(events[1], LoggedEvent { wall_time: 2.5, step: 1, values: scalars });
    assert!(matches!(events[2].values[0].1, LoggedValue::Scalar(value) if value.is_nan()));
    assert_eq!(events[3].values, [(3, LoggedValue::Text("half of layer 0 is dead".into()))]);
    assert_eq!((events[4].step, &events[4].values[0].1), (3, &LoggedValue::Other));
}

#[test]
fn a_record_is_that_of_the_format() {
    // The usual check of CRC-32C; a record without contents is its length 0 and two checksums.
    assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
    let mut record = Vec::new();
    push_record(&mut record, b"");
    assert_eq!(record, [0, 0, 0, 0, 0, 0, 0, 0, 0x29, 0x03, 0x98, 0x07, 0xd8, 0xea, 0x82, 0xa2]);
}

#[test]
fn a_file_that_is_cut_gives_all_whole_records() {
    let file = small_file();
    let (whole, _) = read_all(&file);
    for length in 0..file.len() {
        let (events, reader) = read_all(&file[..length]);
        assert!(
            events.len() < whole.len() && events[..] == whole[..events.len()]
                || format!("{events:?}") == format!("{:?}", &whole[..events.len()])
        );
        assert!(reader.sound_bytes() <= length as u64);
        assert_eq!(reader.problem().is_none(), reader.sound_bytes() == length as u64, "{length}");
    }
}

#[test]
fn no_bit_can_flip_unnoticed() {
    let file = small_file();
    let (whole, _) = read_all(&file);
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut file = file.clone();
            file[at] ^= 1 << bit;
            let (events, reader) = read_all(&file);
            assert!(reader.problem().is_some() || reader.damaged_records() > 0, "byte {at}, bit {bit}");
            assert!(events.len() < whole.len());
        }
    }
}

#[test]
fn a_length_beyond_all_reason_allocates_nothing() {
    let mut file = small_file();
    let length = u64::MAX.to_le_bytes();
    file.extend_from_slice(&length);
    file.extend_from_slice(&record::masked_crc(&length).to_le_bytes());
    let (events, reader) = read_all(&file);
    assert_eq!(events.len(), 5);
    assert!(reader.problem().unwrap().starts_with("a record is longer than any can be, after byte"));
}

/// Counts bytes and keeps none.
struct Counted<'a>(&'a mut u64);

impl io::Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        *self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_grows_ever_more_slowly() {
    let mut written = 0;
    let mut writer = EventWriter::new(Counted(&mut written), FULL_BYTES - 1000, 0.0);
    let tags = ["train/loss", "train/accuracy", "learning_rate"];
    for step in 1..=400_000_u64 {
        let value = (step as f64).sin();
        writer.scalars(step, step as f64, tags.map(|tag| (tag, value))).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    // Every value would be 44 million bytes.
    assert!(written < 16_000_000, "{written}");
    // From here on each further piece of the log takes twice as many steps as the one before: after 20 of them more than
    // a billion, although a bucket of a network with a few layers has five kilobytes.
    assert_eq!([0, 1, 19].map(|doublings| bucket_steps(FULL_BYTES + doublings * BYTES_FOR_DOUBLING)), [2, 4, 1 << 20]);
    let steps_of = |doublings| BYTES_FOR_DOUBLING / 5000 * bucket_steps(FULL_BYTES + doublings * BYTES_FOR_DOUBLING);
    assert!((0..20).map(steps_of).sum::<u64>() > 1_400_000_000);
    const { assert!(FULL_BYTES + 20 * BYTES_FOR_DOUBLING < 100_000_000) };
}

#[test]
fn a_bucket_keeps_least_largest_and_last() {
    let value = |step, value| TimedValue { step, wall_time: 0.0, value };
    let mut bucket = ValueBucket::new(value(1, 5.0));
    for (step, of) in [(2, 9.0), (3, 1.0), (4, 4.0)] {
        bucket.add(value(step, of));
    }
    assert_eq!(bucket.kept().map(|kept| kept.step).collect::<Vec<_>>(), [2, 3, 4]);
    bucket.add(value(5, f64::NAN));
    assert_eq!(bucket.kept().map(|kept| kept.step).collect::<Vec<_>>(), [3, 5], "what is no number stays");
    assert_eq!(ValueBucket::new(value(1, 5.0)).kept().count(), 1);
}

proptest! {
    #[test]
    fn any_scalars_come_back(values in proptest::collection::vec((0_u64..1_000_000, -1e30_f32..1e30), 0..50)) {
        let mut file = Vec::new();
        let mut writer = EventWriter::new(&mut file, 0, 0.0);
        for (step, value) in &values {
            writer.scalars(*step, 0.0, [("a", f64::from(*value))]).unwrap();
        }
        writer.finish().unwrap();
        drop(writer);
        let (events, _) = read_all(&file);
        let read: Vec<_> = events[1..].iter().map(|event| (event.step, event.values[0].1.clone())).collect();
        let expected: Vec<_> = values.iter().map(|(step, v)| (*step, LoggedValue::Scalar(f64::from(*v)))).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut record = Vec::new();
        push_record(&mut record, &bytes);
        read_all(&record);
        read_all(&bytes);
    }
}
