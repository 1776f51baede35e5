//! The sets of characters that terminals have, and the marks of the dashboard in each.

/// Which characters a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlyphSet {
    /// Everything that the dashboard uses: braille, eighth blocks, mathematical symbols.
    Braille,
    /// What the fonts of text consoles have, which hold 256 or 512 characters: lines, half blocks, shades, arrows,
    /// Latin letters. It is what the Linux console's own font (code page 437) and those of Western Europe share.
    Blocks,
    /// ASCII.
    Ascii,
}

/// Beginnings of `TERM` on text consoles: those of Linux and of the BSDs, and DEC's terminals.
const CONSOLES: [&str; 7] = ["linux", "cons25", "wsvt", "vt1", "vt2", "vt3", "vt4"];

impl GlyphSet {
    /// What locale and `TERM` say; `variable` looks a variable up that is not empty.
    pub(super) fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(&variable).map(|text| text.to_lowercase());
        let utf8 = locale.map_or(cfg!(windows), |text| text.contains("utf-8") || text.contains("utf8"));
        let terminal = variable("TERM").unwrap_or_default();
        match utf8 {
            false => Self::Ascii,
            true if CONSOLES.iter().any(|console| terminal.starts_with(console)) => Self::Blocks,
            true => Self::Braille,
        }
    }

    /// The marks of the dashboard.
    pub(super) fn marks(self) -> &'static MarkSet {
        match self {
            Self::Braille => &UNICODE,
            Self::Blocks => &BLOCKS,
            Self::Ascii => &ASCII,
        }
    }

    /// Whether the set has a character.
    pub fn has(self, symbol: char) -> bool {
        match self {
            Self::Braille => true,
            Self::Blocks => symbol.is_ascii() || "─│┌┐└┘├┤┬┴┼▀▄█▌▐░▒▓←↑→↓◆".contains(symbol) || is_latin(symbol),
            Self::Ascii => symbol.is_ascii(),
        }
    }

    /// What is shown in the place of a character: itself, or what is most like it in the set.
    pub fn nearest(self, symbol: char) -> char {
        if self.has(symbol) {
            return symbol;
        }
        let near = match symbol {
            '\u{2800}'..='\u{28ff}' => half_block(u32::from(symbol) - 0x2800),
            '▁' | '▂' => '_',
            '▃' | '▅' => '▄',
            '▆' | '▇' | '▋' | '▊' | '▉' | '■' => '█',
            '▏' | '▎' | '▍' => '▌',
            '╭' => '┌',
            '╮' => '┐',
            '╰' => '└',
            '╯' => '┘',
            '╋' => '┼',
            '┊' => ':',
            '●' => '*',
            '◌' | '○' | '◇' | '□' => 'o',
            '‖' => '=',
            '✓' => '+',
            '✗' | '×' => 'x',
            '▸' | '›' | '→' => '>',
            '‹' | '←' => '<',
            '▲' | '△' => '^',
            '…' => '~',
            '÷' => '/',
            '–' | '—' | '−' | '·' => '-',
            '“' | '”' => '"',
            '‘' | '’' | '′' => '\'',
            '∂' => 'd',
            _ => '?',
        };
        if self.has(near) { near } else { '?' }
    }
}

/// The printable characters of Latin-1 beyond ASCII.
fn is_latin(symbol: char) -> bool {
    matches!(symbol, '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}')
}

/// The halves of a cell in which a braille pattern with these bits has dots.
fn half_block(bits: u32) -> char {
    const UPPER_DOTS: u32 = 0x1b;
    match (bits & UPPER_DOTS != 0, bits & !UPPER_DOTS != 0) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

/// The symbols of the dashboard, each one column wide but for that of either sign.
#[derive(Clone, Copy, Debug)]
pub struct MarkSet {
    /// Training.
    pub running: &'static str,
    /// Asked for, not yet done.
    pub pending: &'static str,
    /// Paused.
    pub paused: &'static str,
    /// Finished, or nothing to see.
    pub good: &'static str,
    /// Worth a look.
    pub watch: &'static str,
    /// Failed or harmed.
    pub bad: &'static str,
    /// From one value to the next.
    pub arrow: &'static str,
    /// Between parts of a line.
    pub dot: &'static str,
    /// In front of what is selected.
    pub pointer: &'static str,
    /// One evaluation in a chart.
    pub point: &'static str,
    /// A measurement that was not a number.
    pub not_a_number: &'static str,
    /// A person changed something here.
    pub intervention: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
    /// A vertical rule.
    pub bar: &'static str,
    /// The cursor in a chart.
    pub cursor: &'static str,
    /// Left out text.
    pub ellipsis: &'static str,
    /// Between two lengths.
    pub times: &'static str,
    /// Of either sign.
    pub plus_minus: &'static str,
    /// No value.
    pub none: &'static str,
}

const UNICODE: MarkSet = MarkSet {
    running: "●",
    pending: "◌",
    paused: "‖",
    good: "✓",
    watch: "!",
    bad: "✗",
    arrow: "→",
    dot: "·",
    pointer: "▸",
    point: "◆",
    not_a_number: "×",
    intervention: "▲",
    rule: "─",
    bar: "│",
    cursor: "┊",
    ellipsis: "…",
    times: "×",
    plus_minus: "±",
    none: "–",
};

const ASCII: MarkSet = MarkSet {
    running: "*",
    pending: "o",
    paused: "=",
    good: "+",
    watch: "!",
    bad: "x",
    arrow: ">",
    dot: "-",
    pointer: ">",
    point: "o",
    not_a_number: "x",
    intervention: "^",
    rule: "-",
    bar: "|",
    cursor: ":",
    ellipsis: "~",
    times: "x",
    plus_minus: "+-",
    none: "-",
};

const BLOCKS: MarkSet = MarkSet {
    arrow: "→",
    dot: "·",
    pointer: "»",
    point: "◆",
    not_a_number: "×",
    rule: "─",
    bar: "│",
    times: "×",
    plus_minus: "±",
    ..ASCII
};

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(marks: &MarkSet) -> String {
        format!("{marks:?}")
    }

    #[test]
    fn each_set_has_its_marks() {
        for glyphs in [GlyphSet::Braille, GlyphSet::Blocks, GlyphSet::Ascii] {
            let missing: String = texts(glyphs.marks()).chars().filter(|c| !glyphs.has(*c)).collect();
            assert_eq!(missing, "", "{glyphs:?}");
        }
    }

    #[test]
    fn what_stands_for_a_character_is_in_the_set() {
        for glyphs in [GlyphSet::Braille, GlyphSet::Blocks, GlyphSet::Ascii] {
            for symbol in '\0'..='\u{ffff}' {
                assert!(glyphs.has(glyphs.nearest(symbol)), "{symbol:?} in {glyphs:?}");
            }
        }
        let line = |glyphs: GlyphSet, text: &str| text.chars().map(|c| glyphs.nearest(c)).collect::<String>();
        assert_eq!(line(GlyphSet::Blocks, "⠉⠤⡇⠀▁▄▇▏▋╭é長"), "▀▄█ _▄█▌█┌é?");
        assert_eq!(line(GlyphSet::Ascii, "→…–é"), ">~-?");
    }
}
