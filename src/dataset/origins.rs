//! Where the samples of a part stand in the files that they were read from.

/// Where samples come from, so that a person finds them there.
#[derive(Clone, Debug, Default)]
pub(super) enum PartOrigins {
    /// The number of a sample says where it is, as in files of tensors that are one part, or nothing does.
    #[default]
    Numbers,
    /// They are rows of a table.
    Lines {
        /// Its name, harmless to show.
        file: String,
        /// The line on which each row begins, from 1.
        lines: Vec<u32>,
    },
    /// They are rows of an array from which others were split off.
    Rows {
        /// The name of its file, harmless to show.
        file: String,
        /// The row of each, from 0.
        rows: Vec<u32>,
    },
    /// Each has a file of its own: the names, harmless to show.
    Files(Vec<String>),
}

impl PartOrigins {
    /// Where a sample is: `table.csv:414`, `x.npy[413]`, or `cats/017.png`.
    pub fn of(&self, sample: usize) -> Option<String> {
        match self {
            Self::Numbers => None,
            Self::Lines { file, lines } => Some(format!("{file}:{}", lines.get(sample)?)),
            Self::Rows { file, rows } => Some(format!("{file}[{}]", rows.get(sample)?)),
            Self::Files(files) => files.get(sample).cloned(),
        }
    }

    /// Those of the rows `first`, which is sorted, and those of the others.
    pub fn split(self, first: &[u32]) -> (Self, Self) {
        match self {
            Self::Numbers => (Self::Numbers, Self::Numbers),
            Self::Lines { file, lines } => {
                let (of_first, of_others) = split_rows(lines, first);
                (Self::Lines { file: file.clone(), lines: of_first }, Self::Lines { file, lines: of_others })
            }
            Self::Rows { file, rows } => {
                let (of_first, of_others) = split_rows(rows, first);
                (Self::Rows { file: file.clone(), rows: of_first }, Self::Rows { file, rows: of_others })
            }
            Self::Files(files) => {
                let (of_first, of_others) = split_rows(files, first);
                (Self::Files(of_first), Self::Files(of_others))
            }
        }
    }
}

/// The items at the places `first`, which are sorted, and all others.
fn split_rows<T>(items: Vec<T>, first: &[u32]) -> (Vec<T>, Vec<T>) {
    let mut first = first.iter().copied().peekable();
    let (mut of_first, mut of_others) = (Vec::new(), Vec::new());
    for (row, item) in (0..).zip(items) {
        let part = if first.next_if_eq(&row).is_some() { &mut of_first } else { &mut of_others };
        part.push(item);
    }
    (of_first, of_others)
}
