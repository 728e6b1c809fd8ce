//! Taskfiles that mean harm: each is an error with a place, or harmless, and soon.

use std::fs;

use crate::harness::Test;

const HEAD: &str = "version: '3'\n";
const TASKS: &str = "tasks: {ok: echo fine}\n";

fn with(text: &[u8]) -> Test {
    let test = Test::new().args(["-s", "ok"]);
    fs::write(test.path("Taskfile.yml"), text).expect("written");
    // Far more than any of them needs, and far less than they could have.
    test.under("ulimit -v 2000000; ulimit -t 60")
}

fn refused(text: &str, status: i32, part: &str) {
    with(text.as_bytes()).status(status).stderr_has(part).run();
}

fn fine(text: &[u8]) {
    with(text).stdout("fine\n").run();
}

#[test]
fn aliases_that_multiply_are_refused() {
    let list = |name: char, of: char| {
        format!("x-{name}: &{name} [{}]\n", vec![format!("*{of}"); 9].join(","))
    };
    let lists: String = ('b'..='l').zip('a'..='k').map(|(name, of)| list(name, of)).collect();
    let bomb = format!("{HEAD}x-a: &a [x,x,x,x,x,x,x,x,x]\n{lists}{TASKS}");
    refused(&bomb, 109, "error: aliases repeat more than 16 MB of text\n --> Taskfile.yml:8:10\n");
    refused(
        &format!("{HEAD}vars: &a {{A: *a}}\n{TASKS}"),
        109,
        "error: an alias to something that it stands in\n --> Taskfile.yml:2:14\n",
    );
}

#[test]
fn depth_without_end_is_refused() {
    let lists =
        format!("{HEAD}vars: {{A: {}{}}}\n{TASKS}", "[".repeat(100_000), "]".repeat(100_000));
    let maps = format!("{HEAD}vars: {}1{}\n{TASKS}", "{a: ".repeat(100_000), "}".repeat(100_000));
    for text in [lists, maps] {
        refused(
            &text,
            109,
            "error: lists and maps stand more than 200 levels deep in each other\n --> Taskfile.yml:2:",
        );
    }
    let template = format!(
        "{HEAD}tasks: {{ok: 'echo {}{}'}}\n",
        "{{if true}}".repeat(5000),
        "{{end}}".repeat(5000)
    );
    refused(&template, 1, "nested more than 200 levels deep\n --> Taskfile.yml:2:");
}

#[test]
fn bytes_that_are_no_text_are_refused_where_they_stand() {
    let cases: [(&[u8], &str); 4] = [
        (
            b"version: '3'\nvars: {A: \"a\0b\"}\n",
            "error: a control character in the text\n --> Taskfile.yml:2:13\n",
        ),
        (
            b"version: '3'\ntasks: {ok: 'echo \xff'}\n",
            "error: `Taskfile.yml` is not text in utf-8\n --> Taskfile.yml:2:19\n",
        ),
        (
            b"\xff\xfev\0e\0r\0s\0i\0o\0n\0",
            "error: `Taskfile.yml` is not text in utf-8\n --> Taskfile.yml:1:1\n",
        ),
        (
            b"v\0e\0r\0s\0i\0o\0n\0",
            "error: a control character in the text\n --> Taskfile.yml:1:2\n",
        ),
    ];
    for (text, part) in cases {
        with(text).status(109).stderr_has(part).run();
    }
}

#[test]
fn a_byte_order_mark_and_windows_lines_are_no_harm() {
    fine(format!("\u{feff}{HEAD}{TASKS}").as_bytes());
    fine(format!("{HEAD}{TASKS}").replace('\n', "\r\n").as_bytes());
}

#[test]
fn a_very_long_value_is_no_harm() {
    fine(format!("{HEAD}vars: {{A: '{}'}}\n{TASKS}", "x".repeat(1_000_000)).as_bytes());
}

#[test]
fn templates_that_would_fill_the_memory_are_refused() {
    let command = |text: &str| format!("{HEAD}tasks: {{ok: 'echo {text}'}}\n");
    refused(
        &command("{{range until 100000000}}x{{end}}"),
        1,
        "the result would have more than 1048576 items\n --> Taskfile.yml:2:",
    );
    refused(
        &command("{{repeat 1000000000 \"xxxxxxxxxx\"}}"),
        1,
        "the result would be larger than 64 MiB\n --> Taskfile.yml:2:",
    );
}

#[test]
fn a_matrix_that_multiplies_is_refused() {
    let axes: Vec<String> =
        ('A'..='G').map(|name| format!("{name}: [{}]", ["1"; 10].join(", "))).collect();
    refused(
        &format!(
            "{HEAD}tasks: {{ok: {{cmds: [{{for: {{matrix: {{{}}}}}, cmd: 'true'}}]}}}}\n",
            axes.join(", ")
        ),
        109,
        "par: error: the matrix has more than 100000 combinations\n --> Taskfile.yml:2:",
    );
}

#[test]
fn what_is_no_file_with_an_end_is_not_waited_for() {
    let test = || Test::new().args(["-s", "ok"]);
    test()
        .fifo("Taskfile.yml")
        .status(107)
        .stderr_has("error: a Taskfile must say its `version`")
        .run();
    let endless = test();
    std::os::unix::fs::symlink("/dev/zero", endless.path("Taskfile.yml")).expect("a link");
    endless.status(109).stderr_has("error: cannot read `Taskfile.yml`: more than 256 MiB").run();
    let folder = test();
    fs::create_dir(folder.path("Taskfile.yml")).expect("a folder");
    folder.status(100).stderr_has("error: no Taskfile in `[DIR]` or above").run();
    let circle = test();
    std::os::unix::fs::symlink("Taskfile.yml", circle.path("Taskfile.yml")).expect("a link");
    circle.status(100).stderr_has("error: no Taskfile in `[DIR]` or above").run();
}
