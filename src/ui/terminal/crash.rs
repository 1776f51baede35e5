//! What happens to the terminal when a signal ends the program that nothing can catch in earnest: memory that was
//! refused aborts, a stack overflows, a limit of the system is reached. The terminal is put back, a fixed sentence says
//! why, and the signal then does what it would have done.
//!
//! A handler may only do what is safe at any moment: it allocates and locks nothing, and calls only `tcsetattr`, `poll`,
//! `write`, `sigaction` and `raise`.

// `rustix` has no signal handlers; each block says why it is sound, and `ui/tests/terminal.rs` crashes in every way.
#![allow(unsafe_code)]

use std::{
    io,
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    ptr,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicPtr, Ordering},
    },
};

use libc::{c_int, c_void, sigaction, siginfo_t};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    termios::{OptionalActions, Termios, tcsetattr},
};

/// The signals that end the program unless something listens to them, which nothing here does, and what is said then.
const CRASH_SIGNALS: [(c_int, &[u8]); 11] = [
    (libc::SIGABRT, b"gradtop: aborted (SIGABRT), as when the system refuses memory\n"),
    (libc::SIGSEGV, b"gradtop: ended by SIGSEGV\n"),
    (libc::SIGBUS, b"gradtop: ended by SIGBUS, as when a file in use is cut\n"),
    (libc::SIGILL, b"gradtop: ended by SIGILL\n"),
    (libc::SIGFPE, b"gradtop: ended by SIGFPE\n"),
    (libc::SIGSYS, b"gradtop: ended by SIGSYS, a system call that is forbidden here\n"),
    (libc::SIGXCPU, b"gradtop: ended by SIGXCPU, the limit of processor time\n"),
    (libc::SIGXFSZ, b"gradtop: ended by SIGXFSZ, the limit of a file's size\n"),
    (libc::SIGUSR1, b"gradtop: ended by SIGUSR1\n"),
    (libc::SIGUSR2, b"gradtop: ended by SIGUSR2\n"),
    (libc::SIGALRM, b"gradtop: ended by SIGALRM\n"),
];

/// How long a terminal that isn't read may delay the end.
const MAX_WRITE_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };

/// What puts the terminal back.
struct CrashRestore {
    terminal: OwnedFd,
    found: Termios,
    leave: Vec<u8>,
}

/// What a handler is to use; null while the terminal is as it was found. Whoever swaps it out owns it.
static ARMED: AtomicPtr<CrashRestore> = AtomicPtr::new(ptr::null_mut());

/// Whether a handler is putting the terminal back, or has.
static IS_RESTORING: AtomicBool = AtomicBool::new(false);

/// What the signals did before, in the order of [`CRASH_SIGNALS`].
static PREVIOUS: OnceLock<[sigaction; CRASH_SIGNALS.len()]> = OnceLock::new();

/// From now on a crash gives `terminal` the modes `found` and writes `leave` to standard output.
///
/// # Errors
/// When the system gives no further descriptor of the terminal.
pub fn arm(terminal: BorrowedFd<'_>, found: &Termios, leave: Vec<u8>) -> io::Result<()> {
    let terminal = terminal.try_clone_to_owned()?;
    replace_armed(Box::into_raw(Box::new(CrashRestore { terminal, found: found.clone(), leave })));
    if PREVIOUS.set(CRASH_SIGNALS.map(|(signal, _)| current_action(signal))).is_ok() {
        install_handlers();
    }
    Ok(())
}

/// The terminal is as it was found.
pub fn disarm() {
    replace_armed(ptr::null_mut());
}

fn replace_armed(new: *mut CrashRestore) {
    let old = ARMED.swap(new, Ordering::AcqRel);
    if !old.is_null() {
        // SAFETY: only `arm` stores pointers, from `Box::into_raw`, and the swap took this one from all others.
        drop(unsafe { Box::from_raw(old) });
    }
}

fn current_action(signal: c_int) -> sigaction {
    let mut current = MaybeUninit::<sigaction>::zeroed();
    // SAFETY: a null action only asks; all zeros are an action, the default one, should the call fail.
    unsafe {
        sigaction(signal, ptr::null(), current.as_mut_ptr());
        current.assume_init()
    }
}

fn install_handlers() {
    for ((signal, _), previous) in CRASH_SIGNALS.iter().zip(PREVIOUS.get().into_iter().flatten()) {
        // What was started with a signal ignored goes on ignoring it.
        if previous.sa_sigaction == libc::SIG_IGN {
            continue;
        }
        // SAFETY: the handler has the signature that `SA_SIGINFO` asks for and does only what is allowed in one. Rust's
        // threads have an alternate stack, which it runs on: the usual one may be what overflowed.
        unsafe {
            let mut action = MaybeUninit::<sigaction>::zeroed().assume_init();
            action.sa_sigaction = end_by_crash as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigfillset(&raw mut action.sa_mask);
            sigaction(*signal, &raw const action, ptr::null_mut());
        }
    }
}

extern "C" fn end_by_crash(signal: c_int, info: *mut siginfo_t, _context: *mut c_void) {
    let place = CRASH_SIGNALS.iter().position(|(number, _)| *number == signal);
    let armed = ARMED.swap(ptr::null_mut(), Ordering::AcqRel);
    if armed.is_null() {
        // Perhaps another thread has crashed at the same time and is still putting the terminal back.
        if IS_RESTORING.load(Ordering::Acquire) {
            let _ = poll(&mut [], Some(&MAX_WRITE_WAIT));
        }
    } else {
        IS_RESTORING.store(true, Ordering::Release);
        // SAFETY: the pointer is from `Box::into_raw` and was taken from all others. It is never freed: the process ends.
        let restore = unsafe { &*armed };
        // There is nothing left to do where it fails.
        let _ = tcsetattr(&restore.terminal, OptionalActions::Now, &restore.found);
        write_if_read(rustix::stdio::stdout(), &restore.leave);
        write_if_read(rustix::stdio::stderr(), place.map_or(b"", |place| CRASH_SIGNALS[place].1));
    }
    let fault = matches!(signal, libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGFPE);
    // SAFETY: the kernel gives a valid `info`; the actions are the default one and one that was in force before.
    unsafe {
        if fault && (*info).si_code > 0 {
            // The instruction is run once more and fails once more, for the handler that was there before: Rust's own
            // says which thread's stack has overflowed.
            if let (Some(previous), Some(place)) = (PREVIOUS.get(), place) {
                sigaction(signal, &raw const previous[place], ptr::null_mut());
                return;
            }
        }
        let default = MaybeUninit::<sigaction>::zeroed().assume_init();
        sigaction(signal, &raw const default, ptr::null_mut());
        // It is blocked up to the end of this handler.
        libc::raise(signal);
    }
}

/// Writes to something that takes it, and gives up otherwise.
fn write_if_read(to: BorrowedFd<'_>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let mut ready = [PollFd::from_borrowed_fd(to.as_fd(), PollFlags::OUT)];
        match poll(&mut ready, Some(&MAX_WRITE_WAIT)) {
            Ok(1..) => {}
            _ => return,
        }
        match rustix::io::write(to, bytes) {
            Ok(count @ 1..) => bytes = &bytes[count..],
            _ => return,
        }
    }
}
