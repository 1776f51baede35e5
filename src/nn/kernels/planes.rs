//! Work on all planes of some channels, whose values go through the cache once.
#![allow(unsafe_code)]

use std::ops::Range;

use super::{elementwise::Raw, pool::Pool};

/// Some channels' planes of every sample of an image (samples, channels, plane), to be written.
pub struct Planes<'a, T> {
    values: &'a Raw<'a, T>,
    channels: usize,
    plane: usize,
    own: Range<usize>,
}

impl<T> Planes<'_, T> {
    /// The plane of a sample and a channel.
    ///
    /// # Panics
    ///
    /// If it is not one of these channels, or there is no such sample.
    pub fn plane(&mut self, sample: usize, channel: usize) -> &mut [T] {
        assert!(self.own.contains(&channel), "channel {channel} of {:?}", self.own);
        let number = sample * self.channels + channel;
        // SAFETY: these channels belong to nobody else, and one plane of them is borrowed at a time.
        unsafe { self.values.part(number * self.plane..(number + 1) * self.plane) }
    }
}

/// Calls `f` with the first of `group` channels, what there is of each of them in `states`, and their planes of `out`
/// (samples, channels, plane); groups are spread over the threads.
///
/// # Panics
///
/// If `group` is 0.
pub fn for_each_group<S: Send, T: Send>(
    pool: &Pool,
    (group, plane): (usize, usize),
    states: &mut [S],
    out: &mut [T],
    f: impl Fn(usize, &mut [S], Planes<'_, T>) + Sync,
) {
    let channels = states.len();
    let (states, values) = (Raw::new(states), Raw::new(out));
    pool.run(channels.div_ceil(group), &|number| {
        let own = number * group..channels.min((number + 1) * group);
        // SAFETY: the pool calls this once for each number, and groups do not overlap.
        let states = unsafe { states.part(own.clone()) };
        f(own.start, states, Planes { values: &values, channels, plane, own });
    });
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    #[test]
    fn every_plane_is_reached_once_with_the_state_of_its_channel() {
        let (samples, channels, plane) = (3, 5, 4);
        for threads in 1..=3 {
            let pool = Pool::new(NonZeroUsize::new(threads).unwrap());
            for group in 1..=6 {
                let mut out = vec![0; samples * channels * plane];
                let mut states: Vec<usize> = (10..10 + channels).collect();
                for_each_group(&pool, (group, plane), &mut states, &mut out, |first, states, mut planes| {
                    for (channel, state) in (first..).zip(states) {
                        for sample in 0..samples {
                            planes.plane(sample, channel).iter_mut().for_each(|value| *value += 100 * sample + *state);
                        }
                        *state += 1;
                    }
                });
                for (number, plane) in out.chunks(plane).enumerate() {
                    assert!(plane.iter().all(|&value| value == 100 * (number / channels) + 10 + number % channels));
                }
                assert_eq!(states, [11, 12, 13, 14, 15]);
            }
        }
    }

    #[test]
    #[should_panic(expected = "channel 2 of 0..2")]
    fn a_group_has_no_planes_of_other_channels() {
        let pool = Pool::new(NonZeroUsize::MIN);
        for_each_group(&pool, (2, 1), &mut [(); 3], &mut [0; 3], |_, _, mut planes| planes.plane(0, 2).fill(1));
    }
}
