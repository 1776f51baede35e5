//! Calling a person back to the terminal.

/// Most characters of the sentence that a terminal is given to show.
const MAX_SENTENCE_CHARACTERS: usize = 100;

/// How the terminal is asked to draw attention when a run ends, breaks or pauses by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AttentionSignal {
    /// Not at all.
    #[default]
    Off,
    /// BEL: a sound, or whatever the terminal makes of it.
    Bell,
    /// OSC 9: a notification of the desktop with a sentence, where the terminal knows it.
    Osc9,
}

impl AttentionSignal {
    /// The bytes that ask for it. Without `unicode`, other characters than ASCII become `?`.
    pub fn sequence(self, sentence: &str, unicode: bool) -> Vec<u8> {
        match self {
            Self::Off => Vec::new(),
            Self::Bell => vec![b'\x07'],
            Self::Osc9 => {
                // A control character would end the sequence, and what follows would be taken for another one.
                let harmless = sentence.chars().filter(|c| !c.is_control()).take(MAX_SENTENCE_CHARACTERS);
                let shown: String = harmless.map(|c| if unicode || c.is_ascii() { c } else { '?' }).collect();
                format!("\x1b]9;{shown}\x07").into_bytes()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_can_neither_end_the_sequence_nor_grow() {
        let sentence = format!("gradtop: w\u{7}\u{1b}]52;c;AA\u{9c}ine finished · {}", "x".repeat(500));
        let bytes = String::from_utf8(AttentionSignal::Osc9.sequence(&sentence, true)).unwrap();
        let inside = bytes.strip_prefix("\u{1b}]9;").unwrap().strip_suffix('\u{7}').unwrap();
        assert!(inside.starts_with("gradtop: w]52;c;AAine finished · x") && inside.chars().count() == 100, "{inside}");
        assert!(!inside.chars().any(char::is_control));
        assert_eq!(AttentionSignal::Osc9.sequence("a · b", false), b"\x1b]9;a ? b\x07");
        assert_eq!(AttentionSignal::Bell.sequence(&sentence, true), [7]);
        assert!(AttentionSignal::Off.sequence(&sentence, true).is_empty());
    }
}
