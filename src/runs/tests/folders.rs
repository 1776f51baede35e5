//! Names, locks, finding and removing.

use std::{
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tempfile::TempDir;

use crate::runs::{
    Manifest, RunFacts,
    finding::{find_newest_run, find_run},
    folder::{
        RunFolderError, RunLock, create_run_folder, folder_time, keep_run, list_runs, remove_run, rename_run, slug,
    },
    storage::DiskStorage,
};

fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_764_503_564)
}

fn facts(name: &str) -> RunFacts {
    RunFacts {
        name: name.into(),
        began: "2025-11-30T11:52:44Z".into(),
        program: "gradtop 0.1.0".into(),
        instructions: "avx2".into(),
        platform: "x86_64-linux-gnu".into(),
        data_sha256: "ab".into(),
        given_weights: false,
    }
}

/// Makes a run with a manifest.
fn make_run(place: &TempDir, name: &str) -> std::path::PathBuf {
    let run = create_run_folder(&DiskStorage, &place.path().join("runs"), name, noon()).unwrap();
    let manifest = Manifest::new(facts(name), "[run]\nname = \"\"\n").unwrap();
    fs::write(run.join("run.toml"), manifest.text).unwrap();
    run
}

#[test]
fn folders_are_named_by_time_and_slug() {
    assert_eq!(folder_time(noon()), "2025-11-30T11-52-44");
    for (name, expected) in [
        ("wine", "wine"),
        ("Fashion MNIST", "fashion-mnist"),
        ("../../etc/passwd", "etc-passwd"),
        ("con", "con"),
        ("ÄÖ \u{202e}", "run"),
        ("a/b\\c:d", "a-b-c-d"),
        ("", "run"),
    ] {
        assert_eq!(slug(name), expected, "{name:?}");
    }
    assert_eq!(slug(&"x".repeat(500)).len(), 40);
}

#[test]
fn a_name_that_is_taken_gets_a_number() {
    let place = TempDir::new().unwrap();
    let names: Vec<String> =
        (0..3).map(|_| make_run(&place, "a").file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["2025-11-30T11-52-44-a", "2025-11-30T11-52-44-a-2", "2025-11-30T11-52-44-a-3"]);
}

#[test]
fn runs_are_found_by_what_only_they_have_in_their_names() {
    let place = TempDir::new().unwrap();
    let (wine, iris) = (make_run(&place, "wine"), make_run(&place, "iris"));
    let directory = place.path().join("runs");
    assert_eq!(list_runs(&directory).unwrap(), [iris.clone(), wine.clone()]);
    assert_eq!(find_run(&directory, "wine").unwrap(), wine);
    assert_eq!(find_run(&directory, "2025-11-30T11-52-44-i").unwrap(), iris);
    assert_eq!(find_run(&directory, wine.to_str().unwrap()).unwrap(), wine);
    let error = find_run(&directory, "2025").unwrap_err().to_string();
    assert!(error.starts_with("2 runs match \"2025\": 2025-11-30T11-52-44-iris, "), "{error}");
    let error = find_run(&directory, "nothing\u{1b}").unwrap_err().to_string();
    assert!(error.starts_with("no run in ") && !error.contains('\u{1b}'), "{error}");
    // Of several with one name those who only read take the newest; those who change name it.
    let second = directory.join(wine.file_name().unwrap().to_str().unwrap().replace("2025", "2027"));
    fs::create_dir(&second).unwrap();
    fs::copy(wine.join("run.toml"), second.join("run.toml")).unwrap();
    let (found, note) = find_newest_run(&directory, "wine").unwrap();
    assert_eq!(found, second);
    assert!(note.is_some_and(|note| note.starts_with("the newest of 2 runs: 2027-")));
    find_run(&directory, "wine").unwrap_err();
    find_newest_run(&directory, "20").unwrap_err();
    fs::remove_dir_all(second).unwrap();
    let error = find_run(&directory, &directory).unwrap_err().to_string();
    assert!(error.ends_with("runs is a folder, not the folder of a recorded run"), "{error}");
    let error = find_run(&directory, wine.join("run.toml")).unwrap_err().to_string();
    assert!(error.ends_with("run.toml is a file, not the folder of a recorded run"), "{error}");
    assert!(find_run(&place.path().join("none"), "a").unwrap_err().to_string().contains("there are no runs yet"));
}

#[test]
fn a_run_that_is_trained_is_nobody_elses() {
    let place = TempDir::new().unwrap();
    let run = make_run(&place, "a");
    let lock = RunLock::take(&run).unwrap();
    assert!(RunLock::is_held(&run));
    let error = RunLock::take(&run).unwrap_err();
    assert!(matches!(&error, RunFolderError::Locked { by, .. } if by.contains("process")), "{error}");
    assert!(matches!(remove_run(&DiskStorage, &run), Err(RunFolderError::Locked { .. })));
    drop(lock);
    assert!(!RunLock::is_held(&run));
    // The file of a dead program stays, its lock does not.
    assert!(run.join("lock").exists());
    RunLock::take(&run).unwrap();
}

#[test]
fn a_run_is_removed_with_its_own_files_only() {
    let place = TempDir::new().unwrap();
    let run = make_run(&place, "a");
    fs::write(run.join("events.out.tfevents.1.gradtop.0000"), "").unwrap();
    fs::write(run.join("notes.txt"), "mine").unwrap();
    let error = remove_run(&DiskStorage, &run).unwrap_err();
    assert!(matches!(error, RunFolderError::ForeignFiles(_)), "{error}");
    let left: Vec<_> = fs::read_dir(&run).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["notes.txt"]);
    let other = make_run(&place, "b");
    // What a crash left of a new name and of a resumption.
    fs::write(other.join(".run.toml.new"), "half").unwrap();
    fs::write(other.join(".preparation.json.new"), "half").unwrap();
    remove_run(&DiskStorage, &other).unwrap();
    assert!(!other.exists());
}

#[test]
fn a_folder_that_is_no_run_is_not_removed() {
    let place = TempDir::new().unwrap();
    for name in ["run.toml", "ledger.jsonl", "ready.json"] {
        fs::write(place.path().join(name), "of another program\n").unwrap();
    }
    let error = remove_run(&DiskStorage, place.path()).unwrap_err();
    assert!(matches!(&error, RunFolderError::NotFound(what) if what.contains("no record of a run")), "{error}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3);
}

#[test]
fn a_run_is_renamed_in_its_manifest_and_its_folder() {
    let place = TempDir::new().unwrap();
    let run = make_run(&place, "a");
    let renamed = rename_run(&DiskStorage, &run, "Second try").unwrap();
    assert_eq!(renamed.file_name().unwrap(), "2025-11-30T11-52-44-second-try");
    assert_eq!(Manifest::read(&DiskStorage, &renamed).unwrap().facts, facts("Second try"));
    make_run(&place, "b");
    let error = rename_run(&DiskStorage, &renamed, "b").unwrap_err().to_string();
    assert!(error.ends_with("there is another run of that time and name; give another name"), "{error}");
    assert_eq!(Manifest::read(&DiskStorage, &renamed).unwrap().facts, facts("Second try"), "nothing is changed");
    // Whoever names an unsaved run keeps it.
    let unsaved = make_run(&place, "c");
    let aside = unsaved.parent().unwrap().join(".unsaved").join(unsaved.file_name().unwrap());
    fs::create_dir_all(aside.parent().unwrap()).unwrap();
    fs::rename(&unsaved, &aside).unwrap();
    let kept = rename_run(&DiskStorage, &aside, "kept").unwrap();
    assert_eq!(kept, unsaved.with_file_name("2025-11-30T11-52-44-kept"));
    assert!(kept.is_dir() && !aside.exists());
}

#[test]
fn an_unsaved_run_is_kept_among_the_others() {
    let place = TempDir::new().unwrap();
    let unsaved = place.path().join("runs/.unsaved");
    let run = create_run_folder(&DiskStorage, &unsaved, "a", noon()).unwrap();
    let kept = keep_run(&DiskStorage, &run).unwrap();
    assert_eq!(kept, place.path().join("runs/2025-11-30T11-52-44-a"));
    assert!(kept.is_dir() && !run.exists());
}

#[test]
fn a_difference_of_program_or_processor_is_named() {
    let then = facts("a");
    assert_eq!(then.differences(&facts("b")), [""; 0]);
    let now = RunFacts { instructions: "avx512".into(), ..facts("a") };
    assert_eq!(then.differences(&now), ["instructions: recorded with avx2, now avx512"]);
}
