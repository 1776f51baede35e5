//! Predictions as CSV or as JSON lines.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use serde::{Serialize, Serializer, ser::SerializeMap};

/// How predictions are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PredictionFormat {
    /// A table with a row of names: `sample`, `true` where it is known, `class`, and `p(NAME)` for each class.
    #[default]
    Csv,
    /// One JSON object a line.
    Json,
}

/// A prediction with its names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SamplePrediction<'a> {
    /// What the sample is called.
    pub sample: &'a str,
    /// Its class, where it is known.
    pub truth: Option<&'a str>,
    /// The class that is predicted; `None` if the probabilities are no numbers.
    pub class: Option<&'a str>,
    /// The probability of each class.
    pub probabilities: &'a [f32],
}

/// Writes predictions.
#[derive(Debug)]
pub struct PredictionWriter<'a, W> {
    out: W,
    format: PredictionFormat,
    classes: &'a [String],
    /// Whether the table has a column for classes that are known.
    with_truth: bool,
}

impl<'a, W: Write> PredictionWriter<'a, W> {
    /// Begins a table or a list of predictions of these classes.
    ///
    /// # Errors
    /// When `out` can't be written to.
    pub fn begin(mut out: W, format: PredictionFormat, classes: &'a [String], with_truth: bool) -> io::Result<Self> {
        if format == PredictionFormat::Csv {
            out.write_all(if with_truth { b"sample,true,class" } else { b"sample,class" })?;
            for class in classes {
                write!(out, ",{}", quoted(&format!("p({class})")))?;
            }
            writeln!(out)?;
        }
        Ok(Self { out, format, classes, with_truth })
    }

    /// Writes one.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&mut self, prediction: SamplePrediction<'_>) -> io::Result<()> {
        if self.format == PredictionFormat::Json {
            let SamplePrediction { sample, truth, class, probabilities } = prediction;
            let probabilities = NamedProbabilities { classes: self.classes, values: probabilities };
            serde_json::to_writer(&mut self.out, &PredictionLine { sample, truth, class, probabilities })?;
            return writeln!(self.out);
        }
        self.out.write_all(quoted(prediction.sample).as_bytes())?;
        if self.with_truth {
            write!(self.out, ",{}", quoted(prediction.truth.unwrap_or_default()))?;
        }
        write!(self.out, ",{}", quoted(prediction.class.unwrap_or_default()))?;
        for probability in prediction.probabilities {
            write!(self.out, ",{probability}")?;
        }
        writeln!(self.out)
    }

    /// Writes what is left in buffers.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A field of a table, in quotes where it needs them.
fn quoted(field: &str) -> Cow<'_, str> {
    let has_blank_end = field.starts_with(char::is_whitespace) || field.ends_with(char::is_whitespace);
    if field.contains([',', '"', '\n', '\r']) || has_blank_end {
        Cow::Owned(format!("\"{}\"", field.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(field)
    }
}

/// A prediction as an object.
#[derive(Serialize)]
struct PredictionLine<'a> {
    sample: &'a str,
    #[serde(rename = "true", skip_serializing_if = "Option::is_none")]
    truth: Option<&'a str>,
    class: Option<&'a str>,
    probabilities: NamedProbabilities<'a>,
}

/// The probabilities by the names of the classes, in their order.
struct NamedProbabilities<'a> {
    classes: &'a [String],
    values: &'a [f32],
}

impl Serialize for NamedProbabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.classes.len()))?;
        for (class, value) in self.classes.iter().zip(self.values) {
            map.serialize_entry(class, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: PredictionFormat, with_truth: bool, predictions: &[SamplePrediction<'_>]) -> String {
        let classes = ["cat, small".to_owned(), "dog".to_owned()];
        let mut out = Vec::new();
        let mut writer = PredictionWriter::begin(&mut out, format, &classes, with_truth).unwrap();
        for &prediction in predictions {
            writer.write(prediction).unwrap();
        }
        writer.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_are_quoted_where_they_need_it() {
        let known = SamplePrediction {
            sample: "a \"b\".csv:2",
            truth: Some("dog"),
            class: Some("cat, small"),
            probabilities: &[0.75, 0.25],
        };
        let unknown =
            SamplePrediction { sample: "x.npy[0]", truth: None, class: None, probabilities: &[f32::NAN, f32::NAN] };
        assert_eq!(
            written(PredictionFormat::Csv, true, &[known, unknown]),
            "sample,true,class,\"p(cat, small)\",p(dog)\n\"a \"\"b\"\".csv:2\",dog,\"cat, small\",0.75,0.25\n\
             x.npy[0],,,NaN,NaN\n"
        );
        assert_eq!(
            written(PredictionFormat::Csv, false, &[unknown]),
            "sample,class,\"p(cat, small)\",p(dog)\nx.npy[0],,NaN,NaN\n"
        );
        assert_eq!(
            written(PredictionFormat::Json, true, &[known, unknown]),
            "{\"sample\":\"a \\\"b\\\".csv:2\",\"true\":\"dog\",\"class\":\"cat, small\",\"probabilities\":{\"cat, \
             small\":0.75,\"dog\":0.25}}\n{\"sample\":\"x.npy[0]\",\"class\":null,\"probabilities\":{\"cat, \
             small\":null,\"dog\":null}}\n"
        );
    }
}
