//! The columns of a table: their names, and their values in the units of the file.

use crate::protocol::ColumnInfo;
use crate::text::resolved;

use super::display::harmless_name;
use super::layers::ChainLayer;
use crate::protocol::LayerRole;

/// Most columns whose names are kept.
const MAX_COLUMNS: usize = 4096;

/// The columns of a table, in the order in which the network reads them; none where the data are no table or the
/// source doesn't tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableColumns {
    columns: Vec<ColumnInfo>,
}

impl TableColumns {
    /// The columns of samples of this shape, harmless to show; none where a sample is no row of numbers.
    pub fn of(columns: &[ColumnInfo], shape: Option<&[usize]>) -> Self {
        let is_row = shape.is_none_or(|shape| shape.len() == 1);
        let harmless = |column: &ColumnInfo| ColumnInfo {
            name: harmless_name(column.name.trim()),
            offset: column.offset.filter(|offset| offset.is_finite()),
            scale: column.scale.filter(|scale| scale.is_finite() && *scale != 0.0),
        };
        Self { columns: columns.iter().take(if is_row { MAX_COLUMNS } else { 0 }).map(harmless).collect() }
    }

    /// Whether nothing is known of any column.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The name of a column; `None` where it has none but its number.
    pub fn name(&self, place: usize) -> Option<&str> {
        let name = self.columns.get(place)?.name.as_str();
        (!name.is_empty() && name != place.to_string()).then_some(name)
    }

    /// The name of a column, or else its number.
    pub fn name_or_number(&self, place: usize) -> String {
        self.name(place).map_or_else(|| place.to_string(), Into::into)
    }

    /// What a value that the network reads is in the file, with the digits that tell neighbours apart.
    pub fn value_in_file(&self, place: usize, value: f64) -> Option<String> {
        let column = self.columns.get(place)?;
        let (offset, scale) = column.offset.zip(column.scale)?;
        Some(resolved(offset + scale * value, scale.abs()))
    }

    /// Whether what the network reads is told apart from what is in the file: anywhere something else than 1 stands
    /// for 1.
    pub fn is_converted(&self) -> bool {
        self.columns
            .iter()
            .any(|column| column.offset.zip(column.scale).is_some_and(|(offset, scale)| (offset, scale) != (0.0, 1.0)))
    }

    /// The columns as the inputs of a layer: known where all layers before it change each value by itself.
    pub fn as_layer_inputs(&self, chain: &[ChainLayer], layer: usize) -> Option<&Self> {
        use LayerRole::{Activation, Normalization, Regularization};
        let by_itself = |layer: &ChainLayer| matches!(layer.role, Activation | Normalization | Regularization);
        let reads = chain.get(layer)?.input.len() <= 1 && chain[..layer].iter().all(by_itself);
        (reads && !self.is_empty()).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::made_up;

    fn column(name: &str, offset: f64, scale: f64) -> ColumnInfo {
        ColumnInfo { name: name.into(), offset: Some(offset), scale: Some(scale) }
    }

    #[test]
    fn values_come_back_in_the_units_of_the_file() {
        let infos = [column("alcohol", 13.0, 0.8), column("1", 1.7e9, 29.9), ColumnInfo::default()];
        let columns = TableColumns::of(&infos, Some(&[3]));
        assert_eq!((columns.name(0), columns.name(1), columns.name(2)), (Some("alcohol"), None, None));
        assert_eq!(columns.name_or_number(1), "1");
        assert_eq!(columns.value_in_file(0, 0.5), Some("13.4".into()));
        assert_eq!(columns.value_in_file(1, 1.0), Some("1700000029.9".into()));
        assert_eq!(columns.value_in_file(2, 1.0), None);
        assert_eq!(columns.value_in_file(9, 1.0), None);
        assert!(columns.is_converted() && !TableColumns::of(&[column("x", 0.0, 1.0)], None).is_converted());
    }

    #[test]
    fn names_are_harmless_and_of_tables_only() {
        let infos = [column("a\u{1b}[2J\u{202e}", f64::NAN, 0.0)];
        let columns = TableColumns::of(&infos, None);
        assert_eq!((columns.name(0), columns.value_in_file(0, 1.0)), (Some("a·[2J·"), None));
        assert!(TableColumns::of(&infos, Some(&[1, 28, 28])).is_empty());
    }

    #[test]
    fn layers_read_columns_until_one_mixes_them() {
        let columns = TableColumns::of(&[column("alcohol", 13.0, 0.8), column("ash", 2.0, 0.3)], Some(&[2]));
        let layers = [("batchnorm", 2, 2), ("dropout 0.1", 2, 2), ("linear 4", 2, 4), ("relu", 4, 4)];
        let infos = layers.iter().enumerate();
        let chain: Vec<ChainLayer> = infos
            .map(|(i, (text, from, to))| ChainLayer::of(i, &made_up::layer(i, text, &[*from], &[*to], 0)))
            .collect();
        let known: Vec<bool> = (0..5).map(|layer| columns.as_layer_inputs(&chain, layer).is_some()).collect();
        assert_eq!(known, [true, true, true, false, false]);
        assert!(TableColumns::default().as_layer_inputs(&chain, 0).is_none());
    }
}
