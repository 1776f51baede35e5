//! The limits that Linux tells, read from its files.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use rustix::process::{Resource, getrlimit};

use super::{FreeMemory, MemoryLimit};

/// The limits of this process itself in bytes, where it has them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ResourceLimits {
    pub address_space: Option<u64>,
    pub data_segment: Option<u64>,
}

pub(super) fn resource_limits() -> ResourceLimits {
    ResourceLimits { address_space: getrlimit(Resource::As).current, data_segment: getrlimit(Resource::Data).current }
}

/// The limit that leaves least. The system's files are looked for below `root`.
pub(super) fn smallest_limit(root: &Path, limits: ResourceLimits) -> Option<FreeMemory> {
    let status = fs::read_to_string(root.join("proc/self/status")).unwrap_or_default();
    let of_process = |limit: Option<u64>, taken: &str, name| {
        let (of, taken) = (limit?, kibibytes_of(&status, taken)?);
        Some(FreeMemory { bytes: of.saturating_sub(taken), of, limit: name })
    };
    [
        free_on_machine(root),
        free_in_control_groups(root),
        of_process(limits.address_space, "VmSize:", MemoryLimit::AddressSpace),
        of_process(limits.data_segment, "VmData:", MemoryLimit::DataSegment),
    ]
    .into_iter()
    .flatten()
    .min_by_key(|free| free.bytes)
}

fn free_on_machine(root: &Path) -> Option<FreeMemory> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let bytes = |name| kibibytes_of(&text, name);
    let [free_swap, swap] = ["SwapFree:", "SwapTotal:"].map(|name| bytes(name).unwrap_or_default());
    let (free, of) = (bytes("MemAvailable:")? + free_swap, bytes("MemTotal:")? + swap);
    Some(FreeMemory { bytes: free, of, limit: MemoryLimit::Machine })
}

/// A number of KiB that stands after a name in a list, in bytes.
fn kibibytes_of(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Where a version of control groups keeps its numbers.
struct GroupFiles {
    mount: &'static str,
    limit: &'static str,
    usage: &'static str,
    /// Entries of `memory.stat` for files in memory, which make room when it is needed.
    file_pages: [&'static str; 2],
}

const VERSION_1: GroupFiles = GroupFiles {
    mount: "sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    file_pages: ["total_inactive_file", "total_active_file"],
};

const VERSION_2: GroupFiles = GroupFiles {
    mount: "sys/fs/cgroup",
    limit: "memory.max",
    usage: "memory.current",
    file_pages: ["inactive_file", "active_file"],
};

/// What the groups of this process and those around them leave; a group without a limit has no part in it.
fn free_in_control_groups(root: &Path) -> Option<FreeMemory> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let free = groups.lines().flat_map(|line| {
        // `4:cpu,memory:/user/job` in version 1, `0::/user/job` in version 2.
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let files = match controllers {
            "" => Some(&VERSION_2),
            _ if controllers.split(',').any(|controller| controller == "memory") => Some(&VERSION_1),
            _ => None,
        };
        files.into_iter().flat_map(|files| groups_around(root, files, group)).collect::<Vec<_>>()
    });
    free.min_by_key(|free| free.bytes)
}

/// What the group and each one around it leave. In a container the path may be that of the machine, of which only the last part,
/// the mount itself, is there.
fn groups_around(root: &Path, files: &GroupFiles, group: &str) -> impl Iterator<Item = FreeMemory> {
    let mount = root.join(files.mount);
    let inside: PathBuf = Path::new(group).components().filter(|part| matches!(part, Component::Normal(_))).collect();
    let folders: Vec<PathBuf> = inside.ancestors().map(|folder| mount.join(folder)).collect();
    folders.into_iter().filter_map(|folder| free_in_group(&folder, files))
}

fn free_in_group(folder: &Path, files: &GroupFiles) -> Option<FreeMemory> {
    let number = |name| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    // `max` is no number.
    let (of, usage) = (number(files.limit)?, number(files.usage)?);
    let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let pages = |name: &str| stat.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    let reclaimable: u64 = files.file_pages.iter().filter_map(|name| pages(name)).sum();
    let bytes = of.saturating_sub(usage.saturating_sub(reclaimable));
    Some(FreeMemory { bytes, of, limit: MemoryLimit::ControlGroup })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMINFO: &str =
        "MemTotal:       16000 kB\nMemFree:  10 kB\nMemAvailable:    9000 kB\nSwapTotal: 100 kB\nSwapFree: 50 kB\n";

    /// A system with these files.
    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let usual =
            [("proc/meminfo", MEMINFO), ("proc/self/status", "VmPeak:\t 9 kB\nVmSize:\t 100 kB\nVmData: 60 kB\n")];
        for (path, text) in usual.iter().chain(files) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn free(files: &[(&str, &str)], limits: ResourceLimits) -> (u64, u64, MemoryLimit) {
        let root = system(files);
        let free = smallest_limit(root.path(), limits).unwrap();
        (free.bytes, free.of, free.limit)
    }

    const NO_LIMITS: ResourceLimits = ResourceLimits { address_space: None, data_segment: None };
    const WHOLE_MACHINE: (u64, u64, MemoryLimit) = (9050 << 10, 16_100 << 10, MemoryLimit::Machine);

    #[test]
    fn the_smallest_of_the_limits_counts() {
        assert_eq!(free(&[], NO_LIMITS), WHOLE_MACHINE);
        let limits = ResourceLimits { address_space: Some(300 << 10), data_segment: None };
        assert_eq!(free(&[], limits), (200 << 10, 300 << 10, MemoryLimit::AddressSpace));
        let limits = ResourceLimits { data_segment: Some(80 << 10), ..limits };
        assert_eq!(free(&[], limits), (20 << 10, 80 << 10, MemoryLimit::DataSegment));
        let limits = ResourceLimits { address_space: Some(50), data_segment: None };
        assert_eq!(free(&[], limits).0, 0);
        assert_eq!(smallest_limit(Path::new("/nowhere"), limits), None);
    }

    #[test]
    fn groups_of_version_2_count_with_those_around_them() {
        let group = ("proc/self/cgroup", "0::/outer/inner\n");
        let limited = |inner, outer| {
            let files = [
                group,
                ("sys/fs/cgroup/outer/inner/memory.max", inner),
                ("sys/fs/cgroup/outer/inner/memory.current", "1000\n"),
                ("sys/fs/cgroup/outer/memory.max", outer),
                ("sys/fs/cgroup/outer/memory.current", "3000\n"),
                ("sys/fs/cgroup/outer/memory.stat", "anon 5\ninactive_file 500\nactive_file 250\n"),
            ];
            free(&files, NO_LIMITS)
        };
        assert_eq!(limited("max\n", "max\n"), WHOLE_MACHINE);
        assert_eq!(limited("4000\n", "max\n"), (3000, 4000, MemoryLimit::ControlGroup));
        assert_eq!(limited("4000\n", "5000\n"), (2750, 5000, MemoryLimit::ControlGroup));
        assert_eq!(limited("max\n", "1\n").0, 0);
        // A group that is not told, and the group of a container, whose path is that of the machine.
        assert_eq!(free(&[group], NO_LIMITS), WHOLE_MACHINE);
        let files = [group, ("sys/fs/cgroup/memory.max", "4096"), ("sys/fs/cgroup/memory.current", "96")];
        assert_eq!(free(&files, NO_LIMITS), (4000, 4096, MemoryLimit::ControlGroup));
    }

    #[test]
    fn groups_of_version_1_count() {
        let files = [
            ("proc/self/cgroup", "9:cpu:/x\n4:hugetlb,memory:/docker/../job\n1:name=systemd:/\n"),
            ("sys/fs/cgroup/memory/docker/job/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/docker/job/memory.usage_in_bytes", "10\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1500\n"),
            ("sys/fs/cgroup/memory/memory.stat", "inactive_file 1000\ntotal_inactive_file 100\n"),
        ];
        assert_eq!(free(&files, NO_LIMITS), (600, 2000, MemoryLimit::ControlGroup));
    }
}
