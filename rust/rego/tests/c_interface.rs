//! The C interface, as C++ calls it.

use std::ffi::c_void;

extern crate neurolake_rego;

#[repr(C)]
#[derive(Clone, Copy)]
struct Text {
    data: *const u8,
    size: usize,
}

#[repr(C)]
struct Buffer {
    data: *mut u8,
    size: usize,
    capacity: usize,
}

#[repr(C)]
struct Module {
    path: Text,
    source: Text,
}

extern "C" {
    fn nl_rego_compile(
        modules: *const Module,
        count: usize,
        data: Text,
        policy: *mut *mut c_void,
        message: *mut Buffer,
    ) -> i32;
    fn nl_rego_evaluate(policy: *const c_void, path: Text, input: Text, limit_us: u64, out: *mut Buffer) -> i32;
    fn nl_rego_policy_free(policy: *mut c_void);
    fn nl_rego_buffer_free(buffer: *mut Buffer);
}

const BUILTINS: &str = include_str!("../src/builtins.txt");

fn text(value: &str) -> Text {
    Text { data: value.as_ptr(), size: value.len() }
}

fn take(mut buffer: Buffer) -> String {
    if buffer.data.is_null() {
        return String::new();
    }
    // SAFETY: filled by the library.
    unsafe {
        let copy = String::from_utf8(std::slice::from_raw_parts(buffer.data, buffer.size).to_vec()).unwrap();
        nl_rego_buffer_free(&mut buffer);
        copy
    }
}

fn empty() -> Buffer {
    Buffer { data: std::ptr::null_mut(), size: 0, capacity: 0 }
}

fn compile(source: &str) -> Result<*mut c_void, String> {
    let module = Module { path: text("a.rego"), source: text(source) };
    let mut policy = std::ptr::null_mut();
    let mut message = empty();
    // SAFETY: all pointers are to this frame.
    let status = unsafe { nl_rego_compile(&module, 1, text("{}"), &mut policy, &mut message) };
    let message = take(message);
    if status == 0 {
        Ok(policy)
    } else {
        assert!(policy.is_null());
        Err(format!("{status}: {message}"))
    }
}

fn evaluate(policy: *mut c_void, path: &str) -> (i32, String) {
    let mut out = empty();
    // SAFETY: the policy is alive until it is freed here.
    let status = unsafe { nl_rego_evaluate(policy, text(path), text("{\"x\": 1}"), 200_000, &mut out) };
    unsafe { nl_rego_policy_free(policy) };
    (status, take(out))
}

#[test]
fn every_listed_function_is_there() {
    for name in BUILTINS.split_whitespace().filter(|name| *name != "print") {
        // The number of arguments is wrong for most: the interpreter says so only of functions that it has.
        let policy = compile(&format!("package a\nx := {name}(1, 2, 3, 4, 5, 6, 7)")).expect(name);
        let (_, message) = evaluate(policy, "data.a.x");
        assert!(!message.contains("could not find function"), "{name}: {message}");
    }
}

#[test]
fn functions_outside_the_list_are_refused_when_loaded() {
    for name in ["http.send", "time.now_ns", "rand.intn", "uuid.rfc4122", "opa.runtime", "trace", "net.lookup_ip_addr"]
    {
        let message = compile(&format!("package a\nx := {name}(1)")).expect_err(name);
        assert!(message.contains(name), "{message}");
    }
}

fn refused(rules: &str, wanted: &str) {
    let message = compile(&format!("package a\n{rules}")).expect_err(rules);
    assert!(message.starts_with("2: ") && message.contains(wanted), "{rules}: {message}");
}

#[test]
fn what_could_only_fail_later_is_refused() {
    refused("allow if {", "expecting expression");
    refused("allow if x == y", "unsafe");
    refused("f(x) := f(x)", "depends on itself");
    refused("f(x) := g(x)\ng(x) := f(x)", "depends on itself");
    refused("allow if b\nb if allow", "depends on itself");
    refused("allow if data.a.allow", "depends on itself");
    refused("allow if data[input.x].allow", "depends on itself");
    refused("allow if true\nallow contains \"x\"", "is a set here and a complete");
    refused("default allow := false\ndefault allow := true", "two defaults");
    refused("allow := true\nallow := false", "conflicts");
    refused("f(x) := 1\nf(x, y) := 2", "previously defined");
    refused("b := 1\nallow if b(2)", "not a function");
    refused("allow if { every x in input.y { not data.z[x] } }", "inside every");
    refused("allow if { every x in input.y { count([1 | not input.z[x] == 2]) == 1 } }", "inside every");
    refused(&format!("x := {}1{}", "[".repeat(65), "]".repeat(65)), "nested deeper than 64");
}

#[test]
fn what_looks_like_it_is_not_refused() {
    for rules in [
        "x := [y | some y in [1, 2]]",
        "f(x) := x + 1\nx := f(1)",
        "x := y if { y := 3 }",
        "x contains y if { some y in set() }",
        "# ((((\nx := \"[[[[\\\"\"",
        "x.y := 1\nx.z := 2",
        "x := 1 if input.x == 1\nelse := 2",
        "x if every y in [1] { y == 1 }",
        "x if { every y in [1] { not data.z[\"a\"] } }",
        "f(z) if data.z[z]\nx if { every y in [1] { not f(y) } }",
        "x if { b with input.x as 2 }\nb if input.x == 2",
    ] {
        let policy = compile(&format!("package a\n{rules}")).expect(rules);
        let (status, message) = evaluate(policy, "data.a");
        assert_eq!(status, 0, "{rules}: {message}");
    }
}

#[test]
fn values_and_failures() {
    let value = |rules: &str, path: &str| evaluate(compile(&format!("package a\n{rules}")).unwrap(), path);
    assert_eq!(value("x contains \"b\"\nx contains \"a\"", "data.a.x"), (0, "[\"a\",\"b\"]".to_owned()));
    assert_eq!(value("x if input.y", "data.a.x").0, 1);
    assert_eq!(value("x if input.y", "data.b").0, 1);
    assert_eq!(value("x if 1 / 0 == 1", "data.a").0, 2);
    assert_eq!(value("x := 1 if input.x == 1\nx := 2 if input.x == 1", "data.a").0, 2);
    assert_eq!(
        value("x if { some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i * j == -1 }", "data.a")
            .0,
        3
    );
}
