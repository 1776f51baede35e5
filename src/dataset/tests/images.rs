//! Folders of images, what a path is taken for, and augmentation as loading sees it.

use image::{GrayImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;
use crate::dataset::pictures::decode_single;

/// An image of one colour as a file.
fn colored(width: u32, height: u32, color: [u8; 3], format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    RgbImage::from_pixel(width, height, Rgb(color)).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn grey(width: u32, height: u32, value: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    GrayImage::from_pixel(width, height, image::Luma([value])).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn write(folder: &TempDir, name: &str, contents: &[u8]) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

/// Two classes of two images of 4×2 pixels each, in this part.
fn fill(folder: &TempDir, part: &str) {
    let png = |red| colored(4, 2, [red, 20, 30], ImageFormat::Png);
    write(folder, &format!("{part}dog/2.png"), &png(4));
    write(folder, &format!("{part}dog/10.png"), &png(3));
    write(folder, &format!("{part}cat/b.PNG"), &png(2));
    write(folder, &format!("{part}cat/a.png"), &png(1));
    write(folder, &format!("{part}cat/notes.txt"), b"no image");
    write(folder, &format!("{part}cat/.hidden.png"), b"no image");
}

fn error(folder: &TempDir) -> String {
    let error = load_folder(folder.path(), Preprocessing::None).map(|_| ()).unwrap_err().to_string();
    error.replace(&*folder.path().to_string_lossy(), "…").replace('\\', "/")
}

#[test]
fn a_class_is_a_folder_and_all_is_in_the_order_of_names() {
    let folder = TempDir::with_prefix("images").unwrap();
    fill(&folder, "train/");
    fill(&folder, "test/");
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!((data.shape.as_slice(), data.classes.join(" ")), (&[3, 2, 4][..], "cat dog".into()));
    assert_eq!((data.train.labels.as_slice(), data.test.len()), (&[0, 0, 1, 1][..], 4));
    let mut rows = vec![0.0_f32; 4 * 24];
    data.train.gather(&[0, 1, 2, 3], &mut rows);
    let heads: Vec<f32> = rows.iter().step_by(8).copied().collect();
    assert_eq!(heads, [1.0, 20.0, 30.0, 2.0, 20.0, 30.0, 3.0, 20.0, 30.0, 4.0, 20.0, 30.0]);
    assert_eq!(describe(&of(&folder)).unwrap(), description(&data));
    assert_interruptible(&of(&folder));

    // Without a test part, a share of each class is split off.
    let folder = TempDir::with_prefix("images").unwrap();
    fill(&folder, "");
    let spec = DataSpec { test_share: 0.5, ..of(&folder) };
    let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!((data.train.labels.as_slice(), data.test.labels.as_slice()), (&[0, 1][..], &[0, 1][..]));
    assert_eq!(describe(&spec).unwrap(), description(&data));
}

#[test]
fn jpeg_grey_and_transparent_images_become_planes() {
    let ([channels, ..], pixels) = decode_single("x", &colored(8, 8, [200, 100, 50], ImageFormat::Jpeg)).unwrap();
    let near = |value: u8, wanted: u8| value.abs_diff(wanted) < 5;
    assert!(channels == 3 && near(pixels[0], 200) && near(pixels[64], 100) && near(pixels[191], 50), "{pixels:?}");
    assert_eq!(decode_single("x", &grey(3, 2, 7)).unwrap(), ([1, 2, 3], vec![7; 6]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    RgbaImage::from_pixel(1, 1, Rgba([1, 2, 3, 0])).write_to(&mut bytes, ImageFormat::Png).unwrap();
    assert_eq!(decode_single("x", bytes.get_ref()).unwrap(), ([3, 1, 1], vec![1, 2, 3]));
    // Grey among colours is taken as it is; colours among grey are not.
    let folder = TempDir::with_prefix("images").unwrap();
    fill(&folder, "train/");
    fill(&folder, "test/");
    write(&folder, "train/dog/11.png", &grey(4, 2, 9));
    assert_eq!(load_folder(folder.path(), Preprocessing::None).unwrap().train.len(), 5);
    write(&folder, "train/cat/0.png", &grey(4, 2, 9));
    assert_eq!(error(&folder), "…/train/cat/a.png: has colours, but the first image is grey; all must be of one kind");
}

#[test]
fn images_that_do_not_fit_are_named() {
    let folder = TempDir::with_prefix("images").unwrap();
    fill(&folder, "train/");
    fill(&folder, "test/");
    write(&folder, "train/dog/2.png", &colored(4, 3, [0; 3], ImageFormat::Png));
    assert_eq!(error(&folder), "…/train/dog/2.png: 4×3 pixels, but the first has 4×2; all must have one size");
    write(&folder, "train/dog/2.png", b"GIF89a no png");
    assert!(error(&folder).starts_with("…/train/dog/2.png: "), "{}", error(&folder));
    write(&folder, "train/dog/2.png", b"");
    assert_eq!(error(&folder), "…/train/dog/2.png: neither a PNG nor a JPEG image");
    let sound = colored(4, 2, [9; 3], ImageFormat::Png);
    for length in 0..sound.len() - 12 {
        write(&folder, "train/dog/2.png", &sound[..length]);
        assert!(error(&folder).starts_with("…/train/dog/2.png: "), "{length}");
    }
    write(&folder, "train/dog/2.png", &sound);
    write(&folder, "test/bird/1.png", &sound);
    assert_eq!(error(&folder), "…/test/bird: is no class of the training images");
    fs::remove_dir_all(folder.path().join("test/bird")).unwrap();
    fs::create_dir(folder.path().join("train/ant")).unwrap();
    assert_eq!(error(&folder), "…/train/ant: has no PNG or JPEG image in it");
    fs::remove_dir_all(folder.path().join("train/ant")).unwrap();
    fs::rename(folder.path().join("test"), folder.path().join("kept")).unwrap();
    fs::create_dir(folder.path().join("test")).unwrap();
    assert_eq!(error(&folder), "…/test: has no folder with images in it");
    fs::remove_dir_all(folder.path().join("train/cat")).unwrap();
    assert_eq!(error(&folder), "…/train: 1 folders with images; valid: 2 to 256, one for each class");
}

/// A PNG whose header claims this many pixels, with hardly any data.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8], data: &[u8]| {
        file.extend((data.len() as u32).to_be_bytes());
        let body = [kind, data].concat();
        let mut crc = flate2::Crc::new();
        crc.update(&body);
        file.extend(&body);
        file.extend(crc.sum().to_be_bytes());
    };
    chunk(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat());
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
    zlib.write_all(&vec![0; 1 << 20]).unwrap();
    chunk(b"IDAT", &zlib.finish().unwrap());
    chunk(b"IEND", b"");
    file
}

#[test]
fn a_png_of_65535_squared_allocates_nothing() {
    let text = decode_single("x", &bomb(65535, 65535)).unwrap_err().to_string();
    assert!(text.starts_with("x: ") && text.len() < 100, "{text}");
    let mut jpeg = colored(8, 8, [1; 3], ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].fill(0xff);
    let text = decode_single("x", &jpeg).unwrap_err().to_string();
    assert!(text.starts_with("x: ") && text.len() < 100, "{text}");
    // Among others it is refused by its size, before its pixels.
    let folder = TempDir::with_prefix("images").unwrap();
    fill(&folder, "train/");
    fill(&folder, "test/");
    write(&folder, "train/dog/2.png", &bomb(4000, 4000));
    assert_eq!(error(&folder), "…/train/dog/2.png: 4000×4000 pixels, but the first has 4×2; all must have one size");
    // As the first it would make all of them large, and is cut short.
    write(&folder, "train/cat/0.png", &bomb(4000, 4000));
    assert!(error(&folder).starts_with("…/train/cat/0.png: "), "{}", error(&folder));
}

#[test]
fn what_a_path_is_not_is_said_with_what_was_looked_for() {
    let folder = TempDir::new().unwrap();
    let error = |name: &str| describe(&of(folder.path().join(name))).unwrap_err().to_string();
    let looked_for = "looked for IDX files (train-images-idx3-ubyte, …), CIFAR's binary files (data_batch_1.bin, … or \
                      train.bin) or a .tar.gz with them, a .csv file or train.csv, train_x.npy, and a folder of PNG or \
                      JPEG images for each class; words: fashion-mnist, circles, xor, gaussians, spirals, moons";
    assert!(error("").ends_with(&format!(": a folder of no kind that is known; {looked_for}")), "{}", error(""));
    assert!(error("nowhere").contains("nowhere: not there; looked for"));
    put(&folder, "x.parquet", b"PAR1");
    assert!(error("x.parquet").contains("x.parquet: a file of no kind that is known;"));
    for name in ["train_x.npy", "data_batch_1.bin", "train-images-idx3-ubyte"] {
        put(&folder, name, b"");
        assert!(error(name).contains("one file of several; name the folder that it is in"), "{name}");
    }
    let word = describe(&of("fashion-mnits")).unwrap_err().to_string();
    assert!(word.starts_with("fashion-mnits: not there (did you mean fashion-mnist?); looked for"), "{word}");
    assert!(!describe(&of("\u{1b}[31m")).unwrap_err().to_string().contains('\u{1b}'));
}

#[test]
fn augmentations_change_training_images_alone_and_anew_in_every_epoch() {
    let augment = Augmentations { flip: true, crop: 4, cutout: 8 };
    let spec = DataSpec { augment, ..DataSpec::default() };
    let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
    let gather = |split: &DataSplit, seed, epoch| {
        let mut rows = vec![0.0_f32; 4 * 784];
        split.gather_augmented(&[5, 6, 7, 8], seed, epoch, &mut rows);
        rows
    };
    let mut plain = vec![0.0_f32; 4 * 784];
    data.train.gather(&[5, 6, 7, 8], &mut plain);
    assert_eq!(gather(&data.train, 1, 2), gather(&data.train, 1, 2));
    for other in [plain, gather(&data.train, 1, 3), gather(&data.train, 2, 2)] {
        assert_ne!(gather(&data.train, 1, 2), other);
    }
    // A sample is moved the same wherever it stands in a batch.
    let mut alone = vec![0.0_f32; 784];
    data.train.gather_augmented(&[7], 1, 2, &mut alone);
    assert_eq!(alone, gather(&data.train, 1, 2)[2 * 784..3 * 784]);
    let mut test = vec![0.0_f32; 4 * 784];
    data.test.gather(&[5, 6, 7, 8], &mut test);
    assert_eq!(gather(&data.test, 1, 2), test);
}

#[test]
fn augmentations_that_do_not_fit_are_refused_before_anything_is_read() {
    let spec = DataSpec {
        source: Source::Toy(Toy::Xor),
        augment: Augmentations { flip: true, ..Augmentations::default() },
        ..DataSpec::default()
    };
    let text = "data.augment works on images, but a sample here has the shape [2]";
    assert_eq!(describe(&spec).unwrap_err().to_string(), text);
    assert_eq!(load(&spec, &mut |_, _| ControlFlow::Continue(())).map(|_| ()).unwrap_err().to_string(), text);
}

#[test]
fn a_toy_problem_is_described_as_it_is_drawn() {
    for toy in Toy::ALL {
        let spec = DataSpec { source: Source::Toy(toy), samples: 101, ..DataSpec::default() };
        let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
        assert_eq!(describe(&spec).unwrap(), description(&data));
        assert_eq!((data.name.as_str(), data.train.len() + data.test.len()), (toy.name(), 101));
    }
}
