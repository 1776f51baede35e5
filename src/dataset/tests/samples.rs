//! Samples for a network that is trained: they become what the same ones were in its training, or are refused by name.

use super::arrays::{floats, npy};
use super::images::{colored, grey, write};
use super::*;
use image::ImageFormat;

mod columns;

fn whole(spec: &DataSpec) -> Dataset {
    load(spec, &mut |_, _| ControlFlow::Continue(())).unwrap()
}

fn read(paths: &[&Path], preparation: &SamplePreparation) -> Result<InputSamples, DataError> {
    let sources: Vec<Source> = paths.iter().map(|&path| Source::Path(path.into())).collect();
    read_samples(&sources, preparation, &mut |_, _| ControlFlow::Continue(()))
}

fn read_error(path: &Path, preparation: &SamplePreparation) -> String {
    let folder = path.parent().unwrap().to_string_lossy().into_owned();
    read(&[path], preparation).map(|_| ()).unwrap_err().to_string().replace(&folder, "…").replace('\\', "/")
}

/// The values of a part as the network sees them, bit for bit.
fn bits(split: &DataSplit) -> Vec<u32> {
    let mut values = vec![0.0_f32; split.len() * split.features()];
    split.gather(&(0..split.len() as u32).collect::<Vec<_>>(), &mut values);
    values.into_iter().map(f32::to_bits).collect()
}

/// Makes sure that samples are those of the test part, with its labels if they are known.
fn assert_same(samples: &InputSamples, test: &DataSplit, known: bool) {
    assert_eq!(bits(&samples.samples), bits(test));
    let truth: Vec<Option<u8>> = test.labels.iter().map(|&label| known.then_some(label)).collect();
    assert_eq!(samples.truth, truth);
}

/// Data of each kind in a folder: a table, an array of numbers, one of pixels stored as numbers, images.
fn kinds() -> Vec<(TempDir, DataSpec)> {
    let table = TempDir::with_prefix("table").unwrap();
    put(&table, "train.csv", b"a,kind,b\n1.5,dog,1700000000.25\n0.1,cat,1700000003.5\n7,dog,1700000009.125\n");
    put(&table, "test.csv", b"a,kind,b\n0.3,cat,1700000001.75\n1e3,dog,1700000005.5\n");
    let array = TempDir::with_prefix("array").unwrap();
    put(&array, "train_x.npy", &npy("'<f4'", "(3, 2)", &floats(&[0.1, 0.2, 0.7, 1e5, -3.3, 8.0])));
    put(&array, "train_y.npy", &npy("'|u1'", "(3,)", &[0, 1, 0]));
    put(&array, "test_x.npy", &npy("'<f4'", "(2, 2)", &floats(&[0.9, -7.7, 1.1, 1e6])));
    put(&array, "test_y.npy", &npy("'|u1'", "(2,)", &[1, 0]));
    let pixels = TempDir::with_prefix("pixels").unwrap();
    put(&pixels, "train_x.npy", &npy("'<f4'", "(2, 2, 2)", &floats(&[0.0, 9.0, 255.0, 3.0, 4.0, 8.0, 77.0, 31.0])));
    put(&pixels, "train_y.npy", &npy("'|u1'", "(2,)", &[0, 1]));
    put(&pixels, "test_x.npy", &npy("'|u1'", "(1, 2, 2)", &[1, 2, 200, 4]));
    put(&pixels, "test_y.npy", &npy("'|u1'", "(1,)", &[1]));
    let images = TempDir::with_prefix("images").unwrap();
    for (number, name) in
        ["train/cat/1", "train/dog/1", "train/dog/2", "test/cat/3", "test/dog/4"].into_iter().enumerate()
    {
        let color = [20 * number as u8, 255 - number as u8, 7];
        write(&images, &format!("{name}.png"), &colored(4, 3, color, ImageFormat::Png));
    }
    let with_spec = |folder: TempDir| {
        let spec = of(&folder);
        (folder, spec)
    };
    let mut kinds: Vec<(TempDir, DataSpec)> = [table, array, pixels, images].map(with_spec).into();
    kinds[0].1.label_column = LabelColumn::Name("kind".into());
    kinds
}

#[test]
fn a_preparation_comes_back_the_same_and_samples_become_what_they_were() {
    for (folder, spec) in kinds() {
        for preprocessing in Preprocessing::ALL {
            let data = whole(&DataSpec { preprocessing, ..spec.clone() });
            let text = serde_json::to_string(&data.preparation).unwrap();
            let back: SamplePreparation = serde_json::from_str(&text).unwrap();
            assert_eq!(back, data.preparation, "{text}");
            // A checkpoint has it within another value.
            let value = serde_json::to_value(&back).unwrap();
            let value: serde_json::Value = serde_json::from_str(&value.to_string()).unwrap();
            assert_eq!(serde_json::from_value::<SamplePreparation>(value).unwrap(), back);
            let samples = read(&[folder.path()], &back).unwrap();
            assert_same(&samples, &data.test, true);
        }
    }
}

#[test]
fn files_alone_give_the_same_samples() {
    let kinds = kinds();
    for (at, name, known) in [(0, "test.csv", true), (1, "test_x.npy", false), (2, "test_x.npy", false)] {
        let (folder, spec) = &kinds[at];
        let data = whole(spec);
        let samples = read(&[&folder.path().join(name)], &data.preparation).unwrap();
        assert_same(&samples, &data.test, known);
    }
    let (folder, spec) = &kinds[3];
    let data = whole(spec);
    let file = |name: &str| folder.path().join(name);
    let samples = read(&[&file("test/cat/3.png"), &file("test/dog/4.png")], &data.preparation).unwrap();
    assert_same(&samples, &data.test, false);
    assert!(samples.name(1).ends_with("4.png"));
    // Images directly in a folder have no class.
    let samples = read(&[&file("test/dog")], &data.preparation).unwrap();
    assert_eq!((samples.samples.len(), samples.truth), (1, vec![None]));
    // The same numbers in another type are the same samples.
    let (folder, spec) = &kinds[1];
    let data = whole(spec);
    let wide: Vec<u8> =
        [0.9_f32, -7.7, 1.1, 1e6].into_iter().flat_map(|number| f64::from(number).to_be_bytes()).collect();
    put(folder, "wide.npy", &npy("'>f8'", "(2, 2)", &wide));
    let samples = read(&[&folder.path().join("wide.npy")], &data.preparation).unwrap();
    assert_same(&samples, &data.test, false);
    assert!(samples.name(1).ends_with("wide.npy[1]"));
    let (folder, spec) = &kinds[2];
    let data = whole(spec);
    put(folder, "wide.npy", &npy("'<i8'", "(1, 2, 2)", &[1_i64, 2, 200, 4].map(i64::to_le_bytes).concat()));
    assert_same(&read(&[&folder.path().join("wide.npy")], &data.preparation).unwrap(), &data.test, false);
}

#[test]
fn samples_of_another_kind_are_refused_with_what_was_trained_on() {
    let kinds = kinds();
    let [table, array, pixels, images] = [0, 1, 2, 3].map(|at| whole(&kinds[at].1).preparation);
    let folder = TempDir::with_prefix("inputs").unwrap();
    let path = |name: &str| folder.path().join(name);
    put(&folder, "x.csv", b"a,b\n1,2\n");
    put(&folder, "three.npy", &npy("'<f4'", "(1, 3)", &floats(&[1.0; 3])));
    put(&folder, "half.npy", &npy("'<f4'", "(2, 2, 2)", &floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.5, 8.0])));
    put(&folder, "one.npy", &npy("'|u1'", "(2, 2)", &[1, 2, 3, 4]));
    put(&folder, "dark.npy", &npy("'|u1'", "(1, 2, 2)", &[1, 0, 1, 0]));
    write(&folder, "grey.png", &grey(4, 3, 7));
    write(&folder, "large.png", &colored(8, 6, [1, 2, 3], ImageFormat::Png));
    write(&folder, "cow/1.png", &colored(4, 3, [1, 2, 3], ImageFormat::Png));
    for (name, preparation, expected) in [
        ("x.csv", &images, "…/x.csv: a table, but the network was trained on images of 4×3 pixels"),
        ("grey.png", &table, "…/grey.png: images, but the network was trained on samples of 2 numbers"),
        ("three.npy", &array, "…/three.npy: samples of the shape [3], but the network was trained on [2]"),
        (
            "half.npy",
            &pixels,
            "…/half.npy: value 2 of sample 1 is 0.5, but the network was trained on pixels, whole numbers from 0 to 255",
        ),
        (
            "one.npy",
            &pixels,
            "…/one.npy: samples of the shape [2], but the network was trained on [1, 2, 2]; a single sample needs an axis \
             before the others: save x[None]",
        ),
        (
            "large.png",
            &images,
            "…/large.png: 8×6 pixels, but the network was trained on 4×3; bring it to that size, or train with \
             data.image_size",
        ),
        (
            "large.png",
            &pixels,
            "…/large.png: has colours, but the network was trained on grey images; convert it to grey",
        ),
        ("cow", &table, "…/cow: images, but the network was trained on samples of 2 numbers"),
    ] {
        assert_eq!(read_error(&path(name), preparation), expected);
    }
    let error = read(&[folder.path()], &images).unwrap_err().to_string();
    assert!(error.contains("large.png: 8×6 pixels") || error.contains("cow: a folder of images"), "{error}");
    fs::remove_file(path("large.png")).unwrap();
    let error = read(&[folder.path()], &images).unwrap_err().to_string();
    assert!(
        error.contains("cow: a folder of images that is named like no class of the network; its classes: cat, dog")
    );
    assert!(read_error(&path("nothing.csv"), &table).starts_with("…/nothing.csv: No such file"));
    put(&folder, "x.txt", b"");
    assert!(read_error(&path("x.txt"), &table).starts_with("…/x.txt: a file of no kind that is known; valid: a .csv"));
    // Grey images among coloured ones are made coloured, as in a training.
    assert_eq!(read(&[&path("grey.png")], &images).unwrap().samples.len(), 1);
    let dark = read(&[&path("dark.npy")], &pixels).unwrap();
    assert!(dark.notes.iter().any(|note| note.text.contains("were they divided by 255?")), "{:?}", dark.notes);
}

#[test]
fn images_are_resized_if_they_were_in_the_training() {
    let kinds = kinds();
    let (folder, spec) = &kinds[3];
    let data = whole(&DataSpec { image_size: Some(ImageSize { height: 2, width: 2 }), ..spec.clone() });
    let samples = read(&[&folder.path().join("test")], &data.preparation).unwrap();
    assert_same(&samples, &data.test, true);
}

#[test]
fn other_data_are_evaluated_on_their_test_part_with_classes_by_name() {
    let trained = whole(&DataSpec { preprocessing: Preprocessing::MeanImage, ..DataSpec::default() });
    let read = |source: &Source| {
        read_samples(std::slice::from_ref(source), &trained.preparation, &mut |_, _| ControlFlow::Continue(()))
    };
    let samples = read(&Source::FashionMnist).unwrap();
    assert_same(&samples, &trained.test, true);
    let small = folder();
    let error = read(&Source::Path(small.path().into())).unwrap_err().to_string();
    assert!(
        error.ends_with("samples of the shape [1, 2, 3], but the network was trained on grey images of 28×28 pixels")
    );
    // The list of classes may be in another order.
    let kinds = kinds();
    put(&kinds[1].0, "classes.txt", b"no\nyes\n");
    let data = whole(&kinds[1].1);
    assert_same(&self::read(&[kinds[1].0.path()], &data.preparation).unwrap(), &data.test, true);
    put(&kinds[1].0, "classes.txt", b"yes\nno\n");
    let turned = self::read(&[kinds[1].0.path()], &data.preparation).unwrap();
    assert_eq!(turned.truth, [Some(0), Some(1)]);
    put(&kinds[1].0, "classes.txt", b"yes\nperhaps\n");
    let error = self::read(&[kinds[1].0.path()], &data.preparation).unwrap_err().to_string();
    assert!(
        error.contains("the class \"perhaps\" of item 0 is no class of the network; its classes: no, yes"),
        "{error}"
    );
}

#[test]
fn a_preparation_that_was_changed_by_hand_is_refused() {
    let kinds = kinds();
    let preparation = |at: usize| serde_json::to_value(whole(&kinds[at].1).preparation).unwrap();
    let table = preparation(0);
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut changed = table.clone();
        change(&mut changed);
        serde_json::from_value::<SamplePreparation>(changed).is_err()
    };
    assert!(!refused(&|_| ()));
    for shape in
        [serde_json::json!([]), serde_json::json!([0]), serde_json::json!([3]), serde_json::json!([u64::MAX, 9, 9])]
    {
        assert!(refused(&|value| value["shape"] = shape.clone()), "{shape}");
    }
    assert!(refused(&|value| value["classes"] = serde_json::json!(["one"])));
    assert!(refused(&|value| value["classes"] = serde_json::json!(["one", "two", "three"])));
    assert!(refused(&|value| value["table"] = serde_json::Value::Null));
    assert!(refused(&|value| value["table"]["layout"]["values"] = serde_json::json!([0, 99])));
    assert!(refused(&|value| value["table"]["layout"]["width"] = serde_json::json!(1)));
    assert!(refused(&|value| value["table"]["layout"]["names"] = serde_json::json!(["a"])));
    assert!(refused(&|value| value["preprocessing"]["numbers"]["run"] = serde_json::json!(0)));
    assert!(refused(&|value| value["preprocessing"]["numbers"]["pairs"][0][1] = serde_json::json!(0.0)));
    let mut images = preparation(3);
    images["preprocessing"]["pixels"] = serde_json::json!([[0.0, 1.0], [0.0, 1.0]]);
    assert!(serde_json::from_value::<SamplePreparation>(images).is_err());
}

#[test]
fn what_is_left_out_of_a_folder_is_noted() {
    let kinds = kinds();
    let preparation = whole(&kinds[3].1).preparation;
    let folder = TempDir::with_prefix("mixed").unwrap();
    for name in ["1.png", ".2.png", "dog/3.png", "dog/.4.png"] {
        write(&folder, name, &colored(4, 3, [1, 2, 3], ImageFormat::Png));
    }
    put(&folder, "old.gif", b"");
    put(&folder, "notes.txt", b"");
    put(&folder, "dog/notes.txt", b"");
    let samples = read(&[folder.path()], &preparation).unwrap();
    assert_eq!(samples.truth, [None, Some(1)]);
    let notes: Vec<&str> = samples.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[0].starts_with("dog: 1 file left out (1 .txt)"), "{notes:?}");
    assert!(notes[1].starts_with("dog: 1 image left out: a name that begins with a dot"), "{notes:?}");
    assert!(notes[2].contains(": 3 files left out (1 .gif, 1 .png, 1 .txt); "), "{notes:?}");
    let samples = read(&[kinds[3].0.path()], &preparation).unwrap();
    assert!(samples.notes[0].text.ends_with("of what is in it, test is read"), "{:?}", samples.notes);
}

#[test]
fn what_can_not_be_samples_is_refused_with_the_reason() {
    let kinds = kinds();
    let table = whole(&kinds[0].1).preparation;
    let folder = TempDir::with_prefix("inputs").unwrap();
    let path = |name: &str| folder.path().join(name);
    put(&folder, "empty.csv", b"");
    put(&folder, "word.csv", b"a,b\n1,2\nx,2\n");
    fs::create_dir(path("folder.csv")).unwrap();
    fs::create_dir(path("nothing")).unwrap();
    for (name, expected) in [
        ("empty.csv", "…/empty.csv: there are no rows"),
        ("word.csv", "…/word.csv, line 3: \"x\" in column 0 (a) is no number; write numbers"),
        ("folder.csv", "…/folder.csv: a folder with no samples in it; valid: a .csv or .tsv file"),
        ("nothing", "…/nothing: a folder with no samples in it; valid: "),
        ("absent.csv", "…/absent.csv: No such file or directory (os error 2)"),
    ] {
        let error = read_error(&path(name), &table);
        assert!(error.starts_with(expected), "{error}");
    }
    let toy = Source::parse("moons");
    let error = read_samples(&[toy], &table, &mut |_, _| ControlFlow::Continue(())).map(|_| ()).unwrap_err();
    assert!(error.to_string().starts_with("moons: a toy problem has no samples of its own"), "{error}");
}
