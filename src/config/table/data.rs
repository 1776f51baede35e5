//! The keys of `data`.

use super::super::keys::{ConfigKey, ValueKind};
use super::super::words::{SOURCE_VALUES, choose, set_source};
use super::SOURCE_KEY;
use crate::dataset::{Augmentations, HeaderRow, ImageSize, LabelColumn, Preprocessing};
use crate::optim::Range;

/// The keys in the order of `config.toml`.
pub(super) const KEYS: &[ConfigKey] = &[
    ConfigKey {
        path: SOURCE_KEY,
        about: "The built-in part of Fashion-MNIST, a toy problem in two dimensions, or a path: a folder with four IDX \
                files (train-images-idx3-ubyte, …), CIFAR-10 or CIFAR-100 in binary form as a folder or .tar.gz, a .csv or .tsv \
                file or a folder with train.csv and test.csv, a folder with train_x.npy, train_y.npy, test_x.npy and \
                test_y.npy, or a folder with a folder of PNG, JPEG, WebP or BMP images for each class, below train and test or not",
        kind: ValueKind::Text {
            values: SOURCE_VALUES,
            get: |c| c.data.source.to_string(),
            set: |c, text| set_source(c, text.as_ref()),
        },
    },
    ConfigKey {
        path: "data.preprocessing",
        about: "What is done to every value, as learnt from the training data: nothing (pixels are 0 to 255); scaled to \
                0 to 1; mean 0 and deviation 1 for each channel or column; or minus the mean at the same place, without \
                a division",
        kind: ValueKind::Text {
            values: "\"none\", \"scale\", \"standardize\", \"mean_image\"",
            get: |c| c.data.preprocessing.to_string(),
            set: |c, text| {
                choose(text, Preprocessing::ALL, Preprocessing::name).map(|kind| c.data.preprocessing = kind)
            },
        },
    },
    ConfigKey {
        path: "data.augment",
        about: "What is done to training images anew in every epoch: mirroring every other one, shifting by up to \
                PADDING pixels, setting a square of SIZE pixels to 0",
        kind: ValueKind::Texts {
            values: "\"flip\", \"crop PADDING\", \"cutout SIZE\", each at most once",
            least: 0,
            most: 3,
            get: |c| c.data.augment.list().map(|augmentation| augmentation.to_string()).collect(),
            clear: |c| c.data.augment = Augmentations::default(),
            push: |c, text| {
                text.parse().and_then(|augmentation| c.data.augment.push(augmentation)).map_err(|e| e.to_string())
            },
        },
    },
    ConfigKey {
        path: "data.image_size",
        about: "Size in pixels to which a folder's images are resized and cropped; 0 is none, all must have one size",
        kind: ValueKind::Text {
            values: "\"0\", \"SIZE\", \"HEIGHTxWIDTH\", as \"64\" or \"48x64\"",
            get: |c| c.data.image_size.map_or("0".into(), |size| size.to_string()),
            set: |c, text| ImageSize::parse(text).map(|size| c.data.image_size = size),
        },
    },
    ConfigKey {
        path: "data.label_column",
        about: "Column of a CSV file that holds the label",
        kind: ValueKind::Text {
            values: "\"last\", its number from 0, or its name",
            get: |c| c.data.label_column.to_string(),
            set: |c, text| {
                c.data.label_column = LabelColumn::parse(text);
                Ok(())
            },
        },
    },
    ConfigKey {
        path: "data.header",
        about: "Whether the first row of a CSV file names its columns; \"auto\" is yes if the label is chosen by name, if a \
                field of that row is no number where the rows below have numbers, or if it counts 0, 1, 2, …",
        kind: ValueKind::Text {
            values: "\"auto\", \"yes\", \"no\"",
            get: |c| c.data.header.name().into(),
            set: |c, text| choose(text, HeaderRow::ALL, HeaderRow::name).map(|header| c.data.header = header),
        },
    },
    ConfigKey {
        path: "data.leave_out",
        about: "Columns of a CSV file that are left out",
        kind: ValueKind::Texts {
            values: "names of columns or their numbers from 0",
            least: 0,
            most: 65_536,
            get: |c| c.data.leave_out.clone(),
            clear: |c| c.data.leave_out.clear(),
            push: |c, text| {
                c.data.leave_out.push(text.into());
                Ok(())
            },
        },
    },
    ConfigKey {
        path: "data.test_share",
        about: "Share of each class that is kept for testing where the data have no test part of their own",
        kind: ValueKind::Number {
            range: || Range { min: 0.0, min_included: false, max: 1.0, max_included: false },
            get: |c| c.data.test_share,
            set: |c, v| c.data.test_share = v,
        },
    },
    ConfigKey {
        path: "data.samples",
        about: "Points of a toy problem, for training and testing together",
        kind: ValueKind::Whole {
            min: 10,
            max: 1_000_000,
            get: |c| c.data.samples as u64,
            set: |c, v| c.data.samples = v as usize,
        },
    },
    ConfigKey {
        path: "data.noise",
        about: "Standard deviation by which the points of a toy problem are displaced",
        kind: ValueKind::Number {
            range: || Range { min: 0.0, min_included: true, max: 10.0, max_included: true },
            get: |c| c.data.noise,
            set: |c, v| c.data.noise = v,
        },
    },
    ConfigKey {
        path: "data.seed",
        about: "Seed of toy problems and of what is kept for testing; apart from run.seed, so that runs with different \
                seeds see the same data",
        kind: ValueKind::Whole { min: 0, max: i64::MAX as u64, get: |c| c.data.seed, set: |c, v| c.data.seed = v },
    },
];
