//! How mistakes are shown.

use super::*;

#[test]
fn an_optional_include_may_be_missing_but_not_broken() {
    let root = "version: '3'\nincludes: {s: {taskfile: sub, optional: true}}\ntasks: {t: }\n";
    assert_eq!(names(&one(root)), ["t"]);
    let host = Fake::new().file("Taskfile.yml", root).file("sub/Taskfile.yml", "a: [");
    assert_eq!(wrong_files(&host).0, Fault::Invalid);
}

#[test]
fn an_unknown_key_is_a_warning_with_a_suggestion() {
    assert_eq!(
        warned("version: '3'\nx-mine: 1\ntasks:\n  build:\n    cmd: make\n    source: ['*.c']\n"),
        "\
warning: unknown key `source` in the task `build`
 --> Taskfile.yml:6:5
  |
6 |     source: ['*.c']
  |     ^^^^^^ has no effect
  |
  = help: did you mean `sources`?
"
    );
}

#[test]
fn a_repeated_task_is_a_warning_and_the_last_counts() {
    assert_eq!(
        warned("version: '3'\ntasks:\n  a: echo 1\n  b: echo 2\n  a: echo 3\n"),
        "\
warning: `a` is written twice in `tasks`
 --> Taskfile.yml:5:3
  |
3 |   a: echo 1
  |   - this one has no effect
4 |   b: echo 2
5 |   a: echo 3
  |   ^ this one counts
"
    );
}

#[test]
fn a_repeated_key_of_a_task_is_an_error() {
    assert_eq!(
        wrong("version: '3'\ntasks:\n  a:\n    cmd: x\n    cmd: y\n"),
        (
            Fault::Decode,
            "\
error: `cmd` is written twice in the task `a`
 --> Taskfile.yml:5:5
  |
4 |     cmd: x
  |     --- first here
5 |     cmd: y
  |     ^^^ again here
"
            .into()
        )
    );
}

#[test]
fn every_wrong_type_of_every_file_is_shown() {
    let host = Fake::new()
        .file(
            "Taskfile.yml",
            "version: '3'\nincludes: {s: sub}\ntasks:\n  a: {deps: b, silent: 3}\n",
        )
        .file(
            "sub/Taskfile.yml",
            "version: '3'\ntasks:\n  c: {cmds: {x: 1}, cmd: y}\n  d: {platforms: [linus]}\n",
        );
    assert_eq!(
        wrong_files(&host),
        (
            Fault::Decode,
            "\
error: `deps` must be a list
 --> Taskfile.yml:4:13
  |
4 |   a: {deps: b, silent: 3}
  |             ^ this is text
error: `silent` must be true or false
 --> Taskfile.yml:4:24
  |
4 |   a: {deps: b, silent: 3}
  |                        ^ this is a number
error: a task has `cmd` or `cmds`, not both
 --> sub/Taskfile.yml:3:13
  |
3 |   c: {cmds: {x: 1}, cmd: y}
  |             ^^^^^^ both are written
error: unknown platform `linus`
 --> sub/Taskfile.yml:4:19
  |
4 |   d: {platforms: [linus]}
  |                   ^^^^^ no system or architecture that go knows
  |
  = help: did you mean `linux`?
"
            .into()
        )
    );
}

#[test]
fn a_map_of_ones_own_is_no_variable() {
    assert_eq!(
        wrong("version: '3'\nvars:\n  A: {b: 1}\n"),
        (
            Fault::Decode,
            "\
error: `b` is no way to give `A` a value
 --> Taskfile.yml:3:7
  |
3 |   A: {b: 1}
  |       ^ not `sh`, `ref`, `map` or `value`
  |
  = help: a map of your own goes below `map:`
"
            .into()
        )
    );
}

#[test]
fn a_tab_in_the_indentation_is_shown() {
    assert_eq!(
        wrong("version: '3'\ntasks:\n  ä:\n\tcmds: [x]\n"),
        (
            Fault::Invalid,
            "\
error: a tab in the indentation
 --> Taskfile.yml:4:1
  |
4 |     cmds: [x]
  | ^^^^ yaml takes only spaces here
  |
  = help: put spaces in the place of the tab
"
            .into()
        )
    );
}

#[test]
fn what_is_not_yaml_is_shown_where_it_ends_to_be() {
    assert_eq!(
        wrong("version: '3'\ntasks:\n  ü: {cmd: echo a: b: c\n"),
        (
            Fault::Invalid,
            "\
error: this is not yaml: while parsing a flow mapping, did not find expected ',' or '}'
 --> Taskfile.yml:3:18
  |
3 |   ü: {cmd: echo a: b: c
  |                  ^
"
            .into()
        )
    );
}

#[test]
fn what_is_not_utf8_is_shown_where_it_begins() {
    let host = Fake::new().file("Taskfile.yml", b"version: '3'\na: \xff\n");
    assert_eq!(
        wrong_files(&host),
        (
            Fault::Invalid,
            "\
error: `Taskfile.yml` is not text in utf-8
 --> Taskfile.yml:2:4
  |
2 | a: \u{fffd}
  |    ^ no character begins so
"
            .into()
        )
    );
}

#[test]
fn a_file_without_a_version_is_refused() {
    assert_eq!(
        wrong(""),
        (
            Fault::Version,
            "\
error: a Taskfile must say its `version`
--> Taskfile.yml:1
 = help: write `version: '3'`
"
            .into()
        )
    );
    assert_eq!(wrong("tasks: {}\n").0, Fault::Version);
    assert_eq!(wrong("version: '2'\n").0, Fault::Version);
    assert_eq!(wrong("version: three\n").0, Fault::Decode);
}

#[test]
fn a_missing_include_names_the_path_that_was_tried() {
    assert_eq!(
        wrong("version: '3'\nincludes:\n  lib: ./lib\n"),
        (
            Fault::NoTaskfile,
            "\
error: the include `lib` does not exist
 --> Taskfile.yml:3:8
  |
3 |   lib: ./lib
  |        ^^^^^ there is no `lib`
  |
  = help: `optional: true` lets an include be missing
"
            .into()
        )
    );
}

#[test]
fn an_include_cycle_names_the_files() {
    let host = Fake::new()
        .file("Taskfile.yml", "version: '3'\nincludes: {a: a.yml}\n")
        .file("a.yml", "version: '3'\nincludes: {b: b.yml}\n")
        .file("b.yml", "version: '3'\nincludes: {a: a.yml}\n");
    assert_eq!(
        wrong_files(&host),
        (
            Fault::IncludeCycle,
            "\
error: a cycle of includes: a.yml → b.yml → a.yml
 --> b.yml:2:15
  |
2 | includes: {a: a.yml}
  |               ^^^^^ closes the circle
"
            .into()
        )
    );
}

#[test]
fn a_changed_include_is_not_the_pinned_one() {
    let root = "version: '3'\nincludes: {s: {taskfile: sub, checksum: 00ff}}\n";
    let host = Fake::new().file("Taskfile.yml", root).file("sub/Taskfile.yml", "version: '3'\n");
    let (fault, text) = wrong_files(&host);
    assert_eq!(fault, Fault::Checksum);
    let sum = text.split("hashes to ").nth(1).unwrap().trim().to_string();
    assert_eq!(sum.len(), 64);
    let host = host.file("Taskfile.yml", root.replace("00ff", &sum));
    loaded(&host);
}

#[test]
fn what_an_included_file_may_not_have_is_refused() {
    let root = "version: '3'\nincludes: {s: sub}\ntasks: {'s:t': }\n";
    let with = |inner: &str| {
        let host = Fake::new().file("Taskfile.yml", root).file("sub/Taskfile.yml", inner);
        let failure = failed(&host);
        (failure.diagnostics[0].fault, failure.diagnostics[0].message.clone())
    };
    let version = "an included Taskfile has another version than the one that includes it";
    assert_eq!(with("version: '3.1'\n"), (Fault::Other, version.into()));
    let dotenv = "an included Taskfile cannot have `dotenv`";
    assert_eq!(with("version: 3.0\ndotenv: [.env]\n"), (Fault::Other, dotenv.into()));
    let twice = "there are two tasks `s:t`";
    assert_eq!(with("version: 3\ntasks: {t: }\n"), (Fault::NameConflict, twice.into()));
}

#[test]
fn without_a_reader_an_include_from_the_network_is_refused() {
    let (fault, text) = wrong("version: '3'\nincludes: {s: 'https://example.com/Taskfile.yml'}\n");
    assert_eq!(fault, Fault::Fetch);
    assert!(text.starts_with("error: Taskfiles from the network are not read here\n"), "{text}");
}

#[test]
fn aliases_that_repeat_too_much_are_refused_at_once() {
    let mut text = String::from("version: '3'\nx0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..40 {
        let below = format!("*x{}", level - 1);
        text += &format!("x{level}: &x{level} [{}]\n", vec![below; 8].join(", "));
    }
    assert_eq!(
        wrong(&text),
        (
            Fault::Invalid,
            "\
error: aliases repeat more than 16 MB of text
 --> Taskfile.yml:8:15
  |
8 | x6: &x6 [*x5, *x5, *x5, *x5, *x5, *x5, *x5, *x5]
  |               ^^^ too much from here
"
            .into()
        )
    );
}

#[test]
fn depth_has_a_limit_with_and_without_aliases() {
    let message = "lists and maps stand more than 200 levels deep in each other";
    let flow = format!("a: {}", "[".repeat(100_000));
    let block: String = (0..300).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    let chain = (1..300).map(|n| format!("x{n}: &x{n} [*x{}]\n", n - 1));
    let chain = "x0: &x0 [y]\n".to_string() + &chain.collect::<String>();
    for text in [flow, block, chain] {
        let failure = failed(&Fake::new().file("Taskfile.yml", text));
        assert_eq!(failure.diagnostics[0].message, message);
    }
}

#[test]
fn an_anchor_cannot_hold_itself() {
    let (fault, text) = wrong("version: '3'\na: &a [*a]\n");
    assert_eq!(fault, Fault::Invalid);
    assert!(text.starts_with("error: an alias to something that it stands in\n"), "{text}");
}

#[test]
fn control_characters_have_no_place_in_a_taskfile() {
    assert_eq!(
        wrong("version: '3'\ntasks: {a: \"x\0\"}\n"),
        (
            Fault::Invalid,
            "\
error: a control character in the text
 --> Taskfile.yml:2:14
  |
2 | tasks: {a: \"x␀\"}
  |              ^ character 0x00 has no place here
"
            .into()
        )
    );
}

#[test]
fn what_a_command_or_dependency_may_be_is_checked_whatever_stands_beside_it() {
    let (fault, text) = wrong(
        "version: '3'
tasks:
  t:
    deps: [{silent: x}, {task: t, timeout: 0s}]
    cmds: [{task: t, set: 5}, {}, {defer: {task: t, timeout: 1s}}, {cmd: x, for: {}}, [x]]
",
    );
    assert_eq!(fault, Fault::Decode);
    let messages: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("error: ")).collect();
    assert_eq!(
        messages,
        [
            "`silent` must be true or false",
            "`timeout` must be greater than zero",
            "`set` must be a list",
            "a command needs `cmd`, `task` or `defer`",
            "`timeout` must stand next to `defer`, not in it",
            "`for` needs `var` or `matrix`",
            "a command must be text or a map",
        ]
    );
}

#[test]
fn a_list_where_one_command_stands_is_told_its_key() {
    let (fault, text) = wrong("version: '3'\ntasks:\n  t:\n    cmd: [x, y]\n");
    assert_eq!(fault, Fault::Decode);
    assert!(text.contains("error: `cmd` must be text or a map\n"), "{text}");
    assert!(text.contains("this is a list") && text.contains("did you mean `cmds`?"), "{text}");
}

#[test]
fn a_flood_of_mistakes_is_counted_after_the_first_hundred() {
    let keys: String = (0..150).map(|n| format!("k{n}: 1\n")).collect();
    let model = one(&format!("version: '3'\n{keys}"));
    assert_eq!(model.warnings.len(), 101);
    assert_eq!(model.warnings[100].message, "50 more warnings like these");
    let tasks: String = (0..150).map(|n| format!("  t{n}: {{deps: 1}}\n")).collect();
    let failure =
        failed(&Fake::new().file("Taskfile.yml", format!("version: '3'\n{keys}tasks:\n{tasks}")));
    assert_eq!(failure.diagnostics.len(), 202);
    assert_eq!(failure.diagnostics[201].message, "50 more errors like these");
}
