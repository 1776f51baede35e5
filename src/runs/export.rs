//! What was recorded of a run, for other programs and for people: a table, an object, a figure and a page.

mod figure;
mod markup;
mod object;
mod page;
mod samples;
mod table;

pub use figure::training_figure;
pub use object::write_json;
pub use page::html_page;
pub use table::write_csv;

#[cfg(test)]
mod tests;
