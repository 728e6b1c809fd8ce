//! Large files, of which only what is reached is parsed: the same as if all of it were.

use super::*;
use crate::taskfile::part;

/// The text, and the same made large by a task that nobody calls.
fn small_and_large(text: &str) -> (String, String) {
    let small = format!("{text}  zz-pad:\n    desc: padding here\n");
    let large = format!("{small}{}", "    # padding\n".repeat(1_300));
    (small, large)
}

fn root(text: &str) -> (Root, Fake) {
    let host = Fake::new().file("Taskfile.yml", text);
    (discover::root(&Request::default(), &host).unwrap(), host)
}

fn part_of(text: &str, name: &str) -> Option<Model> {
    let (root, host) = root(&small_and_large(text).1);
    part::tasks(&root, &[name.into()], Dialect::Par, &host)
}

/// A task as it is shown for comparing, without its number among all.
fn described(model: &Model, name: &str) -> String {
    let mut task = (*model.tasks[name]).clone();
    task.order = 0;
    format!("{task:?}")
}

/// Checks a file's parts against the whole; how many there are. A mistake may go unseen in what is not
/// reached, but not where all of the `count` tasks are.
fn check(text: &str, count: usize) -> usize {
    let (small, large) = small_and_large(text);
    let (root, host) = root(&large);
    let whole = load(&Request::default(), &Fake::new().file("Taskfile.yml", &small));
    let mut parts = 0;
    for name in ["a", "b", "c:d"] {
        let Some(part) = part::tasks(&root, &[name.into()], Dialect::Par, &host) else { continue };
        let Ok(whole) = &whole else {
            assert!(part.tasks.len() < count, "{text}");
            continue;
        };
        parts += 1;
        assert!(part.tasks.contains_key(name));
        for (name, _) in &part.tasks {
            assert_eq!(described(&part, name), described(whole, name), "{text}");
        }
        let around = |model: &Model| format!("{:?} {:?} {}", model.vars, model.env, model.silent);
        assert_eq!(around(&part), around(whole), "{text}");
    }
    if let Some(outline) = part::outline(&root, Dialect::Par, &host) {
        let Ok(whole) = &whole else { return parts };
        let desc = |task: &std::sync::Arc<model::Task>| {
            task.desc.as_ref().map_or(String::new(), |desc| desc.text().value.to_string())
        };
        let expected: Vec<_> = whole.tasks.values().map(|t| (t.name.clone(), desc(t))).collect();
        let found: Vec<_> =
            outline.tasks().map(|t| (outline.name(t).into(), outline.desc(t).to_owned())).collect();
        assert_eq!(found, expected, "{text}");
        parts += 1;
    }
    parts
}

#[test]
fn what_is_reached_is_loaded_and_nothing_else() {
    let text = "version: '3'\nvars: {X: 1}\ntasks:\n  a:\n    deps: [b]\n    cmds:\n      - task: c\n  b: echo b\n  \
                c:\n    desc: |\n      C {{\n    cmds: [echo c]\n  d:\n    cmds: [task: nope]\nsilent: true\n";
    // The padding belongs below `tasks`.
    let text = text.replace("silent: true\n", "");
    let model = part_of(&text, "a").expect("a part");
    assert_eq!(names(&model), ["a", "b", "c"]);
    assert_eq!(names(&part_of(&text, "b").unwrap()), ["b"]);
    assert_eq!(part_of(&text, "d").map(|_| ()), None, "it calls what is not there");
    assert_eq!(part_of(&text, "e").map(|_| ()), None);
    assert_eq!(check(&text.replace("{{", ""), 4), 3);
}

#[test]
fn who_reaches_half_of_the_file_has_all_of_it() {
    let mut text = String::from("version: '3'\ntasks:\n");
    for number in 0..1_000 {
        text += &format!("  t{number}:\n    deps: [t{}]\n    cmds: [echo {number}]\n", number + 1);
    }
    text += "  t1000: 'true'\n";
    let (root, host) = root(&text);
    let part = |name: &str| part::tasks(&root, &[name.into()], Dialect::Par, &host);
    assert_eq!(part("t900").map(|model| model.tasks.len()), Some(101));
    assert_eq!(part("t600").map(|model| model.tasks.len()), Some(401));
    assert!(part("t400").is_none());
}

#[test]
fn a_call_that_does_not_stand_there_as_a_word_has_the_whole_file_loaded() {
    let text =
        "version: '3'\ntasks:\n  a:\n    deps: [\"\\x62\"]\n  b: echo c\n  c: echo\n  d: echo\n";
    assert_eq!(part_of(text, "a").map(|_| ()), None, "it calls `b`");
    let part = part_of(text, "b").expect("a part");
    assert_eq!(names(&part), ["b", "c"], "a word that may be a name costs little");
}

#[test]
fn small_files_are_loaded_whole() {
    let (root, host) = root("version: '3'\ntasks:\n  a: echo a\n");
    assert!(part::tasks(&root, &["a".into()], Dialect::Par, &host).is_none());
}

#[test]
fn a_mistake_in_a_large_file_is_shown_where_it_stands() {
    let text = "version: '3'\ntasks:\n  b: echo b\n  a:\n    cmds:\n      - echo {{.X | nope}}\n";
    let (_, large) = small_and_large(text);
    let host = Fake::new().file("Taskfile.yml", &large);
    let model = load_for(&["a".into()], &Request::default(), &host).unwrap();
    let error = &model.tasks["a"].errors[0];
    let place = model.sources.line_column(error.labels[0].span.file, error.labels[0].span.start);
    assert_eq!(place, (6, 21));
}

/// What stands before the tasks, and in one, each in a way that some reader of lines might get wrong.
const HEADS: [&str; 8] = [
    "version: '3'\n",
    "---\nversion: 3\nvars:\n  X: 1 # one\n",
    "version: '3'\nsilent: true\n\n# c\n",
    "version: '3'\nx-y: |\n  tasks:\n   z:\n",
    "version: '3'\nenv: {A: 'b: c', D: [1]}\n",
    "version: \"3\"\nvars:\n  M:\n    map: {a: 1}\n  L: >-\n    long\n    text\n",
    "version: '3'\nincludes: {}\n",
    "version: '3'\nvars: &v {X: 1}\n",
];
const BODIES: [&str; 30] = [
    "    cmds: [echo a]\n",
    "    cmds:\n      - echo a\n      - task: b\n",
    "    cmds:\n    - |\n      if x; then\n\n       y: z\n      fi\n",
    "    desc: A task\n",
    "    desc: 'it''s: quoted' # why\n",
    "    desc: >-\n      two\n      lines\n",
    "    desc: on two\n      lines\n",
    "    desc: \"a\\tb\"\n",
    "    desc: 7\n",
    "    desc:\n",
    "    deps: [b, 'c:d']\n",
    "    deps:\n      - b\n      - task: c:d\n        vars: {X: 1}\n",
    "    vars:\n      A: {sh: echo x}\n      B: \"{{.A}}: #\"\n",
    "    internal: true\n",
    "    aliases: [z]\n",
    "    silent: yes\n    run: once\n",
    "    # just a comment\n  # and one further out\n",
    "\n\n",
    "    cmds:\n      - >\n        folded\n          more\n      - 'b'\n",
    "    cmds:\n      - \"two\n        lines\"\n",
    "    env: {A: &x 1}\n",
    "    deps: [b,\n      a]\n",
    "    cmds:\n      - |2\n         x\n",
    "   odd: 1\n",
    "    cmds:\n\t- x\n",
    "    unknown: 1\n",
    "    cmds:\n      - echo é — ü\n      - echo a #b\n      - 'echo a#b: c'\n",
    "    method: timestamp\n    sources: ['**/*.c']\n",
    "    cmds:\n      - cmd: x\n        silent: true\n      -   defer: y\n",
    "    prompt: Sure?\r\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]
    #[test]
    fn a_part_is_what_the_whole_says_of_it(
        head in prop::sample::select(HEADS.to_vec()),
        bodies in prop::collection::vec(prop::collection::vec(0..BODIES.len(), 0..3), 1..4),
        inline in prop::option::of(0usize..4),
    ) {
        let names = ["a", "b", "c:d"];
        let mut text = format!("{head}tasks:\n");
        for (number, body) in bodies.iter().enumerate() {
            let inline = if inline == Some(number) { " echo {{.X}} # inline" } else { "" };
            text += &format!("  {}:{inline}\n", names[number]);
            body.iter().for_each(|&part| text += BODIES[part]);
        }
        check(&text, bodies.len());
    }
}

#[test]
fn most_of_what_is_usual_is_read_in_parts() {
    let usual = [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 15, 16, 17, 18, 26, 27, 28];
    for body in usual.map(|number| BODIES[number]) {
        let text = format!("{}tasks:\n  a:\n{body}  b: echo b\n  c:d:\n    cmds: [x]\n", HEADS[0]);
        assert_eq!(check(&text, 3), 4, "{text}");
    }
}
