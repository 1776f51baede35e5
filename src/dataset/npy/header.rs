//! The header of an npy file: a Python dictionary with the keys `descr`, `fortran_order` and `shape`.

use super::element::NpyElement;
use crate::text::Safe;

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NpyHeader {
    pub element: NpyElement,
    pub big_endian: bool,
    /// The axes, outermost first.
    pub shape: Vec<u64>,
}

impl NpyHeader {
    /// Bytes in which a value is kept: pixels stay the bytes that they are stored as.
    pub fn bytes_per_value(&self) -> usize {
        if self.element == NpyElement::U8 && self.shape.len() > 2 { 1 } else { size_of::<f32>() }
    }

    /// Reads the text of a header, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut scanner = HeaderScanner { rest: text };
        let (mut element, mut fortran, mut shape) = (None, None, None);
        scanner.expect('{')?;
        while !scanner.accept('}') {
            let key = scanner.read_string()?;
            scanner.expect(':')?;
            let again = match key {
                "descr" => element.replace(scanner.read_element_type()?).is_some(),
                "fortran_order" => fortran.replace(scanner.read_boolean()?).is_some(),
                "shape" => shape.replace(scanner.read_shape()?).is_some(),
                other => return Err(format!("has a header with the unknown key '{}'", Safe(other))),
            };
            if again {
                return Err(format!("has a header with the key '{key}' twice"));
            }
            if !scanner.accept(',') {
                scanner.expect('}')?;
                break;
            }
        }
        if !scanner.rest.trim().is_empty() {
            return Err("has a header that goes on after its end".into());
        }
        let (Some((element, big_endian)), Some(fortran), Some(shape)) = (element, fortran, shape) else {
            return Err("has a header without descr, fortran_order or shape".into());
        };
        if fortran && shape.len() > 1 {
            return Err("is in Fortran's order; save numpy.ascontiguousarray(array) instead".into());
        }
        Ok(Self { element, big_endian, shape })
    }

    /// Number of elements, if it can be counted.
    pub fn element_count(&self) -> Option<u64> {
        self.shape.iter().try_fold(1_u64, |product, &side| product.checked_mul(side))
    }
}

/// Reads the few forms of Python that a header has.
struct HeaderScanner<'a> {
    rest: &'a str,
}

impl<'a> HeaderScanner<'a> {
    /// Passes over `wanted` if it comes next, and blanks before it.
    fn accept(&mut self, wanted: char) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.accept(wanted) {
            return Ok(());
        }
        let found: String = self.rest.chars().take(12).collect();
        Err(format!("has a header with `{}` where `{wanted}` should be", Safe(&found)))
    }

    fn read_string(&mut self) -> Result<&'a str, String> {
        let quote = if self.accept('"') { '"' } else { '\'' };
        if quote == '\'' {
            self.expect('\'')?;
        }
        let (text, rest) = self.rest.split_once(quote).ok_or("has a header with a text that does not end")?;
        self.rest = rest;
        Ok(text)
    }

    fn read_boolean(&mut self) -> Result<bool, String> {
        self.rest = self.rest.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err("has a fortran_order that is neither True nor False".into())
    }

    /// The type of elements, and whether it is big-endian.
    fn read_element_type(&mut self) -> Result<(NpyElement, bool), String> {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('[') {
            return Err("holds records of several fields; save one array of numbers".into());
        }
        let text = self.read_string()?;
        let (order, kind) = match text.split_at_checked(1) {
            Some((order @ ("<" | ">" | "|"), kind)) => (order, kind),
            _ => ("|", text),
        };
        let element = match kind {
            "b1" => NpyElement::Bool,
            "u1" => NpyElement::U8,
            "i1" => NpyElement::I8,
            "u2" => NpyElement::U16,
            "i2" => NpyElement::I16,
            "u4" => NpyElement::U32,
            "i4" => NpyElement::I32,
            "u8" => NpyElement::U64,
            "i8" => NpyElement::I64,
            "f4" => NpyElement::F32,
            "f8" => NpyElement::F64,
            _ => return Err(unreadable_type(text, kind)),
        };
        if order == "|" && element.size_in_bytes() > 1 {
            return Err(format!("has elements of type '{}' without an order of their bytes", Safe(text)));
        }
        Ok((element, order == ">"))
    }

    fn read_shape(&mut self) -> Result<Vec<u64>, String> {
        self.expect('(')?;
        let mut shape = Vec::new();
        while !self.accept(')') {
            if self.accept('-') {
                return Err("has a negative side in its shape".into());
            }
            self.rest = self.rest.trim_start();
            let digits = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = self.rest.split_at(digits);
            if number.is_empty() {
                return Err("has a shape that is not made of whole numbers".into());
            }
            shape.push(
                number
                    .parse()
                    .map_err(|_| format!("has a side of {} in its shape, which is too large", Safe(number)))?,
            );
            self.rest = rest;
            if shape.len() > 32 {
                return Err("has more than 32 axes".into());
            }
            if !self.accept(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }
}

/// Why elements of this type are not read, and what to save instead.
fn unreadable_type(text: &str, kind: &str) -> String {
    let instead = match kind.chars().next() {
        Some('O') => return "holds Python objects, which could run code; save numbers".into(),
        Some('U' | 'S') => "words: save numpy.unique(y, return_inverse=True)[1], and the words in classes.txt",
        Some('f') => "save x.astype(numpy.float32), or of labels y.astype(numpy.int64)",
        Some('c') => "save array.real, or array.real and array.imag as two columns",
        Some('M' | 'm') => "save array.astype(numpy.int64)",
        _ => "save numbers",
    };
    format!("has elements of type '{}'; valid: bool, whole numbers, float32 and float64; {instead}", Safe(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(descr: &str, shape: &str) -> Result<NpyHeader, String> {
        NpyHeader::parse(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}          \n"))
    }

    #[test]
    fn what_numpy_writes_is_read() {
        let header = |element, big_endian, shape: &[u64]| Ok(NpyHeader { element, big_endian, shape: shape.to_vec() });
        assert_eq!(parse("'<f4'", "(3, 4)"), header(NpyElement::F32, false, &[3, 4]));
        assert_eq!(parse("'>i8'", "(7,)"), header(NpyElement::I64, true, &[7]));
        assert_eq!(parse("'|u1'", "()"), header(NpyElement::U8, false, &[]));
        let other = "{\"shape\":(2,1),\"fortran_order\":False,\"descr\":\"|b1\"}";
        assert_eq!(NpyHeader::parse(other), header(NpyElement::Bool, false, &[2, 1]));
        // In one dimension both orders are the same.
        let one = "{'descr': '<f8', 'fortran_order': True, 'shape': (5,), }";
        assert_eq!(NpyHeader::parse(one), header(NpyElement::F64, false, &[5]));
    }

    #[test]
    fn types_and_shapes_that_cannot_be_are_named() {
        for (descr, shape, words) in [
            ("'|O'", "(3,)", "Python objects"),
            ("'<c16'", "(3,)", "'<c16'"),
            ("'<U5'", "(3,)", "'<U5'"),
            ("'f4'", "(3,)", "order of their bytes"),
            ("[('x', '<f4')]", "(3,)", "several fields"),
            ("'<f4'", "(-3,)", "negative side"),
            ("'<f4'", "(3, -1)", "negative side"),
            ("'<f4'", "(99999999999999999999999,)", "too large"),
            ("'<f4'", "(3.5,)", "should be"),
            ("'<f4'", "(x,)", "whole numbers"),
            ("'<f4'", "3", "should be"),
        ] {
            let error = parse(descr, shape).unwrap_err();
            assert!(error.contains(words), "{descr} {shape}: {error}");
        }
        for (text, words) in [
            ("", "should be"),
            ("{'descr': '<f4'}", "without descr"),
            ("{'descr': '<f4', 'descr': '<f4'}", "twice"),
            ("{'evil': '<f4'}", "unknown key 'evil'"),
            ("{'descr': '<f4", "does not end"),
            ("{'descr': '<f4', 'fortran_order': 1}", "neither True nor False"),
            ("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}", "Fortran"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} import os", "after its end"),
        ] {
            let error = NpyHeader::parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        let many = format!("({})", "1,".repeat(100));
        assert!(parse("'<f4'", &many).unwrap_err().contains("32 axes"));
    }
}
