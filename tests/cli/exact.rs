//! Names, arguments, input and output as they are, byte for byte.

use crate::harness::Test;

#[test]
fn names_with_spaces_other_alphabets_and_dashes_run_and_keep_apart() {
    Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              'with space': echo space
              'größe/日本': echo unicode
              '--dashed': echo dashed
              a-b: echo one
              a_b: echo two
              all: {deps: ['with space', 'größe/日本', '--dashed', a-b, a_b]}
            ",
        )
        .args(["-s", "-j3", "all"])
        .stdout_lines(&["space", "unicode", "dashed", "one", "two"])
        .run();
    Test::new()
        .taskfile("{version: '3', tasks: {'with space': echo space}}")
        .args(["-s", "with space"])
        .stdout("space\n")
        .run();
}

#[test]
fn arguments_reach_the_command_byte_for_byte_and_are_no_code() {
    let words = [
        "a b", "$HOME", "`id`", "$(id)", ";id", "'", "\"", "\\", "", "*", "ü\n\tx", "-n", "&", "|",
        "~",
    ];
    let shown: String = words.iter().map(|word| format!("<{word}>\n")).collect();
    Test::new()
        .taskfile("{version: '3', tasks: {all: \"printf '<%s>\\\\n' {{.CLI_ARGS}}\"}}")
        .args(["-s", "all", "--"])
        .args(words)
        .stdout(&shown)
        .run();
}

#[test]
fn a_value_is_no_code_unless_the_command_makes_it_so() {
    let ran = Test::new()
        .taskfile(
            "{version: '3', tasks: {all: ['printf \"%s\\n\" {{shellQuote .X}}', 'printf \"%s\\n\" \"$X\"'], env: {}}, env: {X: '{{.X}}'}}",
        )
        .args(["-s", "all", "X=$(touch owned); `touch owned` \"; touch owned"])
        .stdout(
            "$(touch owned); `touch owned` \"; touch owned\n$(touch owned); `touch owned` \"; touch owned\n",
        )
        .stderr_has("")
        .run();
    assert!(!ran.has("owned"));
}

#[test]
fn every_byte_passes_as_it_is_in_every_mode() {
    let all: Vec<u8> = (0..=255u8).collect();
    for mode in ["interleaved", "group", "auto", "keep-order"] {
        let test = Test::new()
            .taskfile("{version: '3', tasks: {all: {deps: [a, b]}, a: cat bytes, b: 'true'}}");
        std::fs::write(test.path("bytes"), &all).expect("written");
        let ran = test.args(["-s", "-j2", "-o", mode, "all"]).stdout_has("").run();
        assert_eq!(ran.stdout, all, "{mode}");
        assert_eq!(ran.log("a.log"), all, "{mode}");
    }
}

#[test]
fn tasks_side_by_side_read_nothing_and_a_lone_one_reads_all() {
    let tasks = "{version: '3', tasks: {all: {deps: [a, b]}, a: 'wc -c', b: 'wc -c'}}";
    Test::new().taskfile(tasks).stdin("12345").args(["-s", "-j2", "all"]).stdout("0\n0\n").run();
    Test::new().taskfile(tasks).stdin("12345").args(["-s", "a"]).stdout("5\n").run();
}

#[test]
fn a_signal_that_kills_a_command_is_named() {
    for (signal, name) in [("SEGV", "SIGSEGV"), ("ABRT", "SIGABRT"), ("KILL", "SIGKILL")] {
        Test::new()
            .taskfile(&format!("{{version: '3', tasks: {{all: 'kill -{signal} $$'}}}}"))
            .args(["-s", "all"])
            .stderr_has(&format!("task `all` failed: killed by {name}"))
            .status(201)
            .run();
    }
}
