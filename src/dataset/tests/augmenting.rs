//! Augmentations from the specification to the minibatch.

use super::*;

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
