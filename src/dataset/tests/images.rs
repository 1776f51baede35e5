//! Folders of images, what a path is taken for, and augmentation as loading sees it.

use image::{GrayImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;
use crate::dataset::pictures::decode_single;

mod folders;

/// An image of one colour as a file.
pub(super) fn colored(width: u32, height: u32, color: [u8; 3], format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    RgbImage::from_pixel(width, height, Rgb(color)).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(super) fn grey(width: u32, height: u32, value: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    GrayImage::from_pixel(width, height, image::Luma([value])).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

pub(super) fn write(folder: &TempDir, name: &str, contents: &[u8]) {
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
    let origins: Vec<String> = (0..4).filter_map(|sample| data.train.origin(sample)).collect();
    assert_eq!(origins, ["cat/a.png", "cat/b.PNG", "dog/10.png", "dog/2.png"]);
    let mut rows = vec![0.0_f32; 4 * 24];
    data.train.gather(&[0, 1, 2, 3], &mut rows);
    let heads: Vec<f32> = rows.iter().step_by(8).copied().collect();
    assert_eq!(heads, [1.0, 20.0, 30.0, 2.0, 20.0, 30.0, 3.0, 20.0, 30.0, 4.0, 20.0, 30.0]);
    assert_eq!(describe(&of(&folder)).unwrap(), Some(data.outline()));
    assert_interruptible(&of(&folder));

    // Without a test part, a share of each class is split off.
    let folder = TempDir::with_prefix("images").unwrap();
    fill(&folder, "");
    let spec = DataSpec { test_share: 0.5, ..of(&folder) };
    let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!((data.train.labels.as_slice(), data.test.labels.as_slice()), (&[0, 1][..], &[0, 1][..]));
    assert_eq!(describe(&spec).unwrap(), Some(data.outline()));
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
    // One image with colours makes the set coloured, wherever it stands; grey ones among them are taken as they are.
    let folder = TempDir::with_prefix("images").unwrap();
    fill(&folder, "train/");
    fill(&folder, "test/");
    write(&folder, "train/dog/11.png", &grey(4, 2, 9));
    assert_eq!(load_folder(folder.path(), Preprocessing::None).unwrap().train.len(), 5);
    write(&folder, "train/cat/0.png", &grey(4, 2, 9));
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!((data.shape.as_slice(), data.train.len()), (&[3, 2, 4][..], 6));
    assert_eq!(describe(&of(&folder)).unwrap(), Some(data.outline()));
    assert_eq!(notes(&data)[2], "2 of 10 images are grey among coloured ones; their three channels are made equal");
    for name in ["train/cat/0", "train/cat/a", "train/cat/b", "train/dog/2", "train/dog/10", "train/dog/11"] {
        let _ = fs::remove_file(folder.path().join(format!("{name}.PNG")));
        write(&folder, &format!("{name}.png"), &grey(4, 2, 9));
    }
    for name in ["test/cat/a", "test/cat/b", "test/dog/2", "test/dog/10"] {
        let _ = fs::remove_file(folder.path().join(format!("{name}.PNG")));
        write(&folder, &format!("{name}.png"), &grey(4, 2, 9));
    }
    assert_eq!(describe(&of(&folder)).unwrap().unwrap().shape, [1, 2, 4]);
    write(&folder, "test/dog/2.png", &colored(4, 2, [9, 8, 7], ImageFormat::Png));
    assert_eq!(describe(&of(&folder)).unwrap().unwrap().shape, [3, 2, 4]);
    assert_eq!(load_folder(folder.path(), Preprocessing::None).unwrap().shape, [3, 2, 4]);
}

#[test]
fn images_that_do_not_fit_are_named() {
    let folder = TempDir::with_prefix("images").unwrap();
    fill(&folder, "train/");
    fill(&folder, "test/");
    write(&folder, "train/dog/2.png", &colored(4, 3, [0; 3], ImageFormat::Png));
    assert_eq!(
        error(&folder),
        "…/train/dog/2.png: 4×3 pixels, but …/train/cat/a.png has 4×2; all must have one size, or be brought to one: --set data.image_size=64"
    );
    write(&folder, "train/dog/2.png", b"GIF89a no png");
    assert_eq!(error(&folder), "…/train/dog/2.png: is a Gif image by its contents; valid: PNG, JPEG, WebP or BMP");
    write(&folder, "train/dog/2.png", b"");
    assert_eq!(error(&folder), "…/train/dog/2.png: is empty, so no image");
    write(&folder, "train/dog/2.png", b"a text of any length");
    assert_eq!(error(&folder), "…/train/dog/2.png: no PNG, JPEG, WebP or BMP image by its contents");
    let sound = colored(4, 2, [9; 3], ImageFormat::Png);
    write(&folder, "train/dog/2.png", &sound);
    write(&folder, "test/bird/1.png", &sound);
    assert_eq!(error(&folder), "…/test/bird: is no class of the training images in …/train, which are: cat, dog");
    fs::remove_dir_all(folder.path().join("test/bird")).unwrap();
    fs::create_dir(folder.path().join("train/ant")).unwrap();
    assert_eq!(error(&folder), "…/train/ant: has no PNG, JPEG, WebP or BMP image in it");
    fs::remove_dir_all(folder.path().join("train/ant")).unwrap();
    fs::rename(folder.path().join("test"), folder.path().join("kept")).unwrap();
    fs::create_dir(folder.path().join("test")).unwrap();
    assert_eq!(error(&folder), "…/test: has no folder with images in it, one for each class");
    fs::remove_dir_all(folder.path().join("train/cat")).unwrap();
    assert!(error(&folder).starts_with("…/train: 1 folder with images; valid: 2 to 256, one for each class"));
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
fn images_that_claim_to_be_huge_are_refused_with_their_file() {
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
    assert_eq!(
        error(&folder),
        "…/train/dog/2.png: 4000×4000 pixels, but …/train/cat/a.png has 4×2; all must have one size, or be brought to one: --set data.image_size=64"
    );
    // As the first it would make all of them large, and is cut short.
    write(&folder, "train/cat/0.png", &bomb(4000, 4000));
    assert!(error(&folder).starts_with("…/train/cat/0.png: "), "{}", error(&folder));
    write(&folder, "train/cat/0.png", &bomb(4097, 4));
    assert_eq!(error(&folder), "…/train/cat/0.png: more than 4096 pixels in one direction; make it smaller");
}

/// The error of decoding a file that is cut after `length` bytes.
fn cut_error(bytes: &[u8], length: usize) -> String {
    decode_single("x", &bytes[..length]).map(|_| ()).expect_err(&format!("cut after {length} bytes")).to_string()
}

#[test]
fn an_image_that_ends_early_is_an_error_wherever_it_is_cut() {
    let mut busy = RgbImage::new(17, 13);
    for (x, y, pixel) in busy.enumerate_pixels_mut() {
        *pixel = Rgb([(x * 15) as u8, (y * 19) as u8, (x * y * 7) as u8]);
    }
    let encoded = |format| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        busy.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    for (name, bytes) in [
        ("jpeg", encoded(ImageFormat::Jpeg)),
        ("progressive", include_bytes!("progressive.jpg").to_vec()),
        ("png", encoded(ImageFormat::Png)),
        ("webp", encoded(ImageFormat::WebP)),
        ("bmp", encoded(ImageFormat::Bmp)),
    ] {
        assert_eq!(decode_single("x", &bytes).unwrap().0, [3, 13, 17], "{name}");
        for length in 1..bytes.len() {
            let expected = format!("x: the image ends early: the file is cut after {length} bytes");
            assert_eq!(cut_error(&bytes, length), expected, "{name} of {} bytes", bytes.len());
        }
        // What follows the end is nothing of the image.
        assert!(decode_single("x", &[&bytes[..], b"junk"].concat()).is_ok(), "{name}");
    }
}

/// A JPEG of red above blue, 8 pixels wide and 16 high, with an orientation tag.
fn oriented_jpeg(orientation: u8) -> Vec<u8> {
    let image = RgbImage::from_fn(8, 16, |_, y| if y < 8 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) });
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    let tag =
        [b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", &[orientation][..], b"\0\0\0\0\0\0"].concat();
    let segment = [&[0xff, 0xe1, 0, tag.len() as u8 + 2][..], &tag].concat();
    let mut bytes = bytes.into_inner();
    bytes.splice(2..2, segment);
    bytes
}

#[test]
fn images_are_turned_as_their_orientation_tag_says() {
    // Where red is: top, bottom, left or right.
    for (orientation, side) in
        [(1, "top"), (2, "top"), (3, "bottom"), (4, "bottom"), (5, "left"), (6, "right"), (7, "right"), (8, "left")]
    {
        let ([_, height, width], pixels) = decode_single("x", &oriented_jpeg(orientation)).unwrap();
        let is_red = |row: usize, column: usize| pixels[row * width + column] > 128;
        let corners = [is_red(0, 0), is_red(0, width - 1), is_red(height - 1, 0), is_red(height - 1, width - 1)];
        let expected = match side {
            "top" => [true, true, false, false],
            "bottom" => [false, false, true, true],
            "left" => [true, false, true, false],
            _ => [false, true, false, true],
        };
        assert_eq!(corners, expected, "{orientation}");
        assert_eq!((height, width), if orientation < 5 { (16, 8) } else { (8, 16) }, "{orientation}");
    }
    // Sizes are compared after turning.
    let folder = TempDir::with_prefix("images").unwrap();
    for name in ["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg"] {
        write(&folder, name, &oriented_jpeg(6));
    }
    write(&folder, "b/3.png", &colored(16, 8, [1; 3], ImageFormat::Png));
    let spec = DataSpec { test_share: 0.5, ..of(&folder) };
    assert_eq!(describe(&spec).unwrap().unwrap().shape, [3, 8, 16]);
    assert_eq!(load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap().shape, [3, 8, 16]);
}

#[test]
fn all_formats_are_read_in_deeper_folders_too() {
    let folder = TempDir::with_prefix("images").unwrap();
    for class in ["cat", "dog"] {
        for (name, format) in [
            ("a.png", ImageFormat::Png),
            ("b.JPG", ImageFormat::Jpeg),
            ("c.jpeg", ImageFormat::Jpeg),
            ("d.webp", ImageFormat::WebP),
            ("e.bmp", ImageFormat::Bmp),
            ("0/f.png", ImageFormat::Png),
            ("0/deeper/g.png", ImageFormat::Png),
        ] {
            write(&folder, &format!("train/{class}/{name}"), &colored(4, 2, [9, 8, 7], format));
        }
        write(&folder, &format!("validation/{class}/x/a.png"), &colored(4, 2, [9; 3], ImageFormat::Png));
    }
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!((data.train.len(), data.test.len(), notes(&data).len()), (14, 2, 0));
    assert_eq!(describe(&of(&folder)).unwrap(), Some(data.outline()));
}

#[test]
fn images_of_different_sizes_are_brought_to_one() {
    // Thirds of a wide image: what is kept is the middle one.
    let striped = |width: u32, height: u32| {
        let image =
            GrayImage::from_fn(width, height, |x, y| image::Luma([(x.max(y) * 3 / width.max(height) * 100) as u8]));
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let folder = TempDir::with_prefix("images").unwrap();
    for (class, width, height) in [("wide", 24, 8), ("high", 8, 24)] {
        for number in 0..2 {
            write(&folder, &format!("{class}/{number}.png"), &striped(width, height));
        }
    }
    write(&folder, "high/exact.png", &grey(4, 4, 100));
    write(&folder, "high/tiny.png", &grey(1, 2, 100));
    write(&folder, "high/long.png", &grey(4096, 1, 100));
    let spec = |size: &str| DataSpec {
        test_share: 0.5,
        image_size: ImageSize::parse(size).unwrap(),
        preprocessing: Preprocessing::None,
        ..of(&folder)
    };
    for (size, side) in [("8", 8), ("4", 4), ("16", 16)] {
        let data = load(&spec(size), &mut |_, _| ControlFlow::Continue(())).unwrap();
        assert_eq!(data.shape, [1, side, side]);
        assert_eq!(describe(&spec(size)).unwrap(), Some(data.outline()));
        for split in [&data.train, &data.test] {
            let indices: Vec<u32> = (0..split.len() as u32).collect();
            let mut rows = vec![0.0_f32; split.len() * side * side];
            split.gather(&indices, &mut rows);
            assert!(rows.iter().all(|&value| value == 100.0), "{size}: {rows:?}");
        }
    }
    assert_eq!(describe(&spec("2x6")).unwrap().unwrap().shape, [1, 2, 6]);
    assert_interruptible(&spec("2x6"));
    assert!(describe(&spec("4096")).is_ok());
    assert_eq!(
        load(&spec("0"), &mut |_, _| ControlFlow::Continue(())).map(|_| ()).unwrap_err().to_string().split("; ").last(),
        Some("all must have one size, or be brought to one: --set data.image_size=64")
    );
}

#[test]
fn what_images_lose_is_said() {
    let folder = TempDir::with_prefix("images").unwrap();
    fill(&folder, "train/");
    fill(&folder, "test/");
    let encoded = |image: image::DynamicImage, format| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let deep = image::ImageBuffer::from_pixel(4, 2, Rgb([70_u16, 80, 90]));
    write(&folder, "train/dog/deep.png", &encoded(deep.into(), ImageFormat::Png));
    let clear = RgbaImage::from_pixel(4, 2, Rgba([1, 2, 3, 128]));
    write(&folder, "train/dog/clear.webp", &encoded(clear.into(), ImageFormat::WebP));
    let opaque = RgbaImage::from_pixel(4, 2, Rgba([1, 2, 3, 255]));
    write(&folder, "train/dog/opaque.png", &encoded(opaque.into(), ImageFormat::Png));
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!(
        notes(&data)[2..],
        [
            "1 of 11 images have more than 8 bits a channel; the lower bits are left out",
            "1 of 11 images are transparent in places; that is left out, the colours there are kept"
        ]
    );
}
