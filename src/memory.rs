//! How much memory this process may still take: what is free on the machine, and what its control group (cgroup) and its
//! own limits (`ulimit`) leave of it.
//!
//! Only Linux tells all of it. Where nothing is known nothing is refused, except by the system itself.

use std::{fmt, mem::size_of};

use crate::text::binary_size;

#[cfg(target_os = "linux")]
mod linux;

/// Requests below this are never held against the limits, in bytes: asking takes longer than the memory is worth.
const MIN_CHECKED_BYTES: u64 = 1 << 20;

/// What limits the memory of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryLimit {
    /// The memory of the machine, with its swap space.
    Machine,
    /// A control group that the process is in, or one around that.
    ControlGroup,
    /// The size of the address space, `ulimit -v`.
    AddressSpace,
    /// The size of the data segment, `ulimit -d`.
    DataSegment,
}

/// What a limit leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeMemory {
    /// Bytes that may still be taken.
    pub bytes: u64,
    /// Bytes that there are or may be in all.
    pub of: u64,
    /// What limits them.
    pub limit: MemoryLimit,
}

impl fmt::Display for FreeMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (free, of) = (binary_size(self.bytes), binary_size(self.of));
        match self.limit {
            MemoryLimit::Machine => write!(f, "{free} of the machine's {of} are free"),
            MemoryLimit::ControlGroup => {
                write!(f, "{free} are left of the {of} that the control group (cgroup) allows")
            }
            MemoryLimit::AddressSpace => {
                write!(f, "{free} are left of the {of} of address space that ulimit -v allows")
            }
            MemoryLimit::DataSegment => write!(f, "{free} are left of the {of} of data that ulimit -d allows"),
        }
    }
}

/// More memory was asked for than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryShortage {
    /// Bytes that are needed.
    pub needed: u64,
    /// What there is; `None` where the system refused and no limit is known.
    pub free: Option<FreeMemory>,
}

impl fmt::Display for MemoryShortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of memory are needed, but ", binary_size(self.needed))?;
        match self.free {
            Some(free) => free.fmt(f),
            None => f.write_str("the system gives no more"),
        }
    }
}

impl std::error::Error for MemoryShortage {}

/// What this process may still take, by the limit that leaves least; `None` where none is known.
pub fn free_memory() -> Option<FreeMemory> {
    #[cfg(target_os = "linux")]
    return linux::smallest_limit(std::path::Path::new("/"), linux::resource_limits());
    #[cfg(not(target_os = "linux"))]
    None
}

/// Makes sure that this many bytes more may be taken.
///
/// # Errors
/// When a limit is known that leaves less.
pub fn check_memory(needed: u64) -> Result<(), MemoryShortage> {
    if needed < MIN_CHECKED_BYTES {
        return Ok(());
    }
    match free_memory() {
        Some(free) if needed > free.bytes => Err(MemoryShortage { needed, free: Some(free) }),
        _ => Ok(()),
    }
}

/// Makes room for `additional` more values where not all are sure to come: in all for twice as many as there are, but not for more
/// than the `most` that can still come, or for an eighth more where there is not enough memory for that.
///
/// # Errors
/// When there is not enough memory for that either.
pub fn reserve_more<T>(values: &mut Vec<T>, additional: usize, most: usize) -> Result<(), MemoryShortage> {
    if values.capacity() - values.len() >= additional {
        return Ok(());
    }
    let most = most.max(additional);
    let least = additional.saturating_add(values.len() / 8).min(most);
    try_reserve(values, least.max(values.len()).min(most)).or_else(|_| try_reserve(values, least))
}

fn try_reserve<T>(values: &mut Vec<T>, additional: usize) -> Result<(), MemoryShortage> {
    // The old place is only given up when all has moved to the new one.
    let needed = (values.len() as u64).saturating_add(additional as u64).saturating_mul(size_of::<T>() as u64);
    check_memory(needed)?;
    values.try_reserve_exact(additional).map_err(|_| MemoryShortage { needed, free: free_memory() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_says_how_much_there_is_and_what_limits_it() {
        let text = |limit| {
            let free = FreeMemory { bytes: 291 << 20, of: 300 << 20, limit };
            MemoryShortage { needed: 3 << 29, free: Some(free) }.to_string()
        };
        assert_eq!(
            text(MemoryLimit::AddressSpace),
            "1.5 GiB of memory are needed, but 291 MiB are left of the 300 MiB of address space that ulimit -v allows"
        );
        assert!(text(MemoryLimit::Machine).ends_with("but 291 MiB of the machine's 300 MiB are free"));
    }

    #[test]
    fn room_is_made_for_what_there_is_memory_for_and_refused_beyond() {
        let mut values: Vec<u64> = Vec::new();
        for value in 0..1000 {
            reserve_more(&mut values, 1, 1500 - value as usize).unwrap();
            let capacity = values.capacity();
            values.push(value);
            assert_eq!(values.capacity(), capacity);
        }
        assert_eq!(values.capacity(), 1024);
        reserve_more(&mut values, 100, 500).unwrap();
        assert_eq!(values.capacity(), 1500);
        let shortage = reserve_more(&mut values, 1 << 58, usize::MAX).unwrap_err();
        assert_eq!(shortage.needed, ((1 << 58) + 1000 + 125) * 8);
        assert_eq!(shortage.free.is_some(), cfg!(target_os = "linux"));
        reserve_more(&mut values, usize::MAX, usize::MAX).unwrap_err();
    }
}
