//! Rego behind a C interface: see include/neurolake_rego.h, which is the contract.
//!
//! Every function here catches panics: a policy that brings the interpreter down is an error to the caller, and an
//! error is a denial.

mod analysis;
mod policy;

use policy::{Failure, Module, Policy};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Duration;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    data: *const u8,
    size: usize,
}

#[repr(C)]
pub struct Buffer {
    data: *mut u8,
    size: usize,
    capacity: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ModuleText {
    path: Text,
    source: Text,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Ok = 0,
    Undefined = 1,
    Error = 2,
    Timeout = 3,
    OutOfMemory = 4,
    Panic = 5,
}

impl Text {
    /// # Safety
    /// `data` points to `size` readable bytes, or `size` is 0.
    unsafe fn read(&self) -> Result<&str, Failure> {
        if self.size == 0 {
            return Ok("");
        }
        // SAFETY: the caller's promise.
        let bytes = unsafe { std::slice::from_raw_parts(self.data, self.size) };
        std::str::from_utf8(bytes).map_err(|_| Failure::error("text is not UTF-8"))
    }
}

/// # Safety
/// `out` is null or points to a buffer that may be overwritten.
unsafe fn put(out: *mut Buffer, text: String) {
    if out.is_null() {
        return;
    }
    let mut bytes = std::mem::ManuallyDrop::new(text.into_bytes());
    // SAFETY: the caller's promise.
    unsafe {
        *out = Buffer { data: bytes.as_mut_ptr(), size: bytes.len(), capacity: bytes.capacity() };
    }
}

/// Runs `work` and turns whatever comes of it into a status and a text.
///
/// # Safety
/// As of [`put`].
unsafe fn guarded(out: *mut Buffer, work: impl FnOnce() -> Result<Option<String>, Failure>) -> Status {
    let (status, text) = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(Some(text))) => (Status::Ok, text),
        Ok(Ok(None)) => (Status::Undefined, String::new()),
        Ok(Err(failure)) => (failure.status, failure.message),
        Err(_) => (Status::Panic, String::from("the interpreter failed")),
    };
    // SAFETY: the caller's promise.
    unsafe { put(out, text) };
    status
}

#[no_mangle]
pub extern "C" fn nl_rego_limit_memory(bytes: u64) {
    let _ = catch_unwind(|| regorus::set_global_memory_limit((bytes > 0).then_some(bytes)));
}

/// # Safety
/// As the header says: `modules` has `count` entries, texts are readable, `policy` and `message` are writable.
#[no_mangle]
pub unsafe extern "C" fn nl_rego_compile(
    modules: *const ModuleText,
    count: usize,
    data_json: Text,
    policy: *mut *mut Policy,
    message: *mut Buffer,
) -> Status {
    let mut compiled = None;
    // SAFETY: the caller's promise.
    let status = unsafe {
        guarded(message, || {
            let texts = if count == 0 { &[] } else { std::slice::from_raw_parts(modules, count) };
            let mut owned = Vec::with_capacity(count);
            for one in texts {
                owned.push(Module { path: one.path.read()?.to_owned(), source: one.source.read()?.to_owned() });
            }
            compiled = Some(Policy::compile(owned, data_json.read()?.to_owned())?);
            Ok(Some(String::new()))
        })
    };
    if !policy.is_null() {
        let pointer = compiled.map_or(std::ptr::null_mut(), |one| Box::into_raw(Box::new(one)));
        // SAFETY: the caller's promise.
        unsafe { *policy = pointer };
    }
    status
}

/// # Safety
/// `policy` came from [`nl_rego_compile`] and is not freed yet; `out` is writable.
#[no_mangle]
pub unsafe extern "C" fn nl_rego_describe(policy: *const Policy, out: *mut Buffer) -> Status {
    // SAFETY: the caller's promise.
    unsafe { guarded(out, || Ok(Some((*policy).describe()))) }
}

/// # Safety
/// As of [`nl_rego_describe`]; texts are readable.
#[no_mangle]
pub unsafe extern "C" fn nl_rego_evaluate(
    policy: *const Policy,
    path: Text,
    input_json: Text,
    time_limit_us: u64,
    out: *mut Buffer,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        guarded(out, || (*policy).evaluate(path.read()?, input_json.read()?, Duration::from_micros(time_limit_us)))
    }
}

/// # Safety
/// `policy` is null or came from [`nl_rego_compile`], and nobody uses it any more.
#[no_mangle]
pub unsafe extern "C" fn nl_rego_policy_free(policy: *mut Policy) {
    if !policy.is_null() {
        // SAFETY: the caller's promise.
        let owned = unsafe { Box::from_raw(policy) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(owned)));
    }
}

/// # Safety
/// `buffer` is null or was filled by one of these functions; it is empty afterwards.
#[no_mangle]
pub unsafe extern "C" fn nl_rego_buffer_free(buffer: *mut Buffer) {
    // SAFETY: the caller's promise.
    unsafe {
        if !buffer.is_null() && !(*buffer).data.is_null() {
            drop(Vec::from_raw_parts((*buffer).data, (*buffer).size, (*buffer).capacity));
            *buffer = Buffer { data: std::ptr::null_mut(), size: 0, capacity: 0 };
        }
    }
}
