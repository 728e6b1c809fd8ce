//! What a set of files means.

use super::*;

#[test]
fn a_task_may_be_a_text_a_list_nothing_or_a_map() {
    let model = one("version: '3'
tasks:
  a: echo a
  b: [echo b1, echo b2]
  c:
  d: {desc: D, deps: [a, null, {task: b}], cmds: [echo d, null, task: c]}
");
    assert_eq!(names(&model), ["a", "b", "c", "d"]);
    let counts: Vec<_> = model.tasks.values().map(|t| (t.deps.len(), t.cmds.len())).collect();
    assert_eq!(counts, [(0, 1), (0, 2), (0, 0), (2, 2)]);
    let Action::Call(call) = &model.tasks["d"].cmds[1].action else { panic!("no call") };
    assert_eq!(&*call.task.text().value, "c");
}

#[test]
fn variables_keep_their_order_and_their_types() {
    let model = one("version: '3'
vars:
  TEXT: 'a {{.B}}'
  INT: 017
  YES: yes
  DATE: 2024-01-02
  LIST: [1, x]
  NONE:
  SH: {sh: echo hi}
  REF: {ref: .LIST}
  MAP: {map: {b: 1, a: {c: true}}, secret: true}
  TEXT: last
");
    assert_eq!(
        vars(&model.vars),
        [
            "TEXT=last",
            "INT=Int(15)",
            "YES=yes",
            "DATE=2024-01-02",
            "LIST=List([Int(1), Str(\"x\")])",
            "NONE=Nil",
            "SH=$(echo hi)",
            "REF=ref .LIST",
            "MAP=Map({\"a\": Map({\"c\": Bool(true)}), \"b\": Int(1)})",
        ]
    );
    assert!(model.vars[8].secret);
}

#[test]
fn loops_go_over_lists_files_variables_and_matrices() {
    let model = one("version: '3'
tasks:
  t:
    cmds:
      - {for: [a, 1], cmd: x}
      - {for: sources, cmd: x}
      - {for: other, cmd: x}
      - {for: {var: V, split: ',', as: W}, task: x}
      - {for: {matrix: {A: [1, 2], B: {ref: .L}}}, cmd: x}
");
    let each: Vec<_> = model.tasks["t"].cmds.iter().map(|c| c.each.clone().unwrap()).collect();
    assert!(matches!(&each[0].over, Over::List(items) if items[1] == Value::Int(1)));
    assert!(matches!(each[1].over, Over::Sources));
    assert!(matches!(each[2].over, Over::Nothing));
    assert_eq!(&*each[3].name, "W");
    assert!(matches!(&each[3].over, Over::Variable { name, split: Some(s) }
        if &**name == "V" && &**s == ","));
    let Over::Matrix(rows) = &each[4].over else { panic!("no matrix") };
    assert!(matches!((&rows[0].1, &rows[1].1), (Axis::List(_), Axis::Reference(_))));
}

#[test]
fn merge_keys_fill_in_what_a_task_does_not_say() {
    let model = one("version: '3'
x-base: &base {dir: d, silent: on, cmds: [echo base]}
tasks:
  t:
    <<: *base
    dir: own
");
    let task = &model.tasks["t"];
    assert_eq!(&*task.dir.as_ref().unwrap().text().value, "own");
    assert_eq!((task.silent, task.cmds.len()), (Some(true), 1));
}

#[test]
fn lines_that_are_only_calls_run_beside_each_other_until_wait() {
    let text = "version: '3'
tasks:
  t:
    - wait
    - task:a
    - task:b X=1 > out.log 2>&1 &
    - wait
    - task:c || true
";
    let kinds = |model: Model| -> Vec<&str> {
        let kind = |action: &Action| match action {
            Action::Shell(_) => "shell",
            Action::Call(_) => "call",
            Action::Lifted(l) if l.background && l.redirect.as_ref().unwrap().both => "lifted",
            Action::Join => "join",
            _ => "other",
        };
        model.tasks["t"].cmds.iter().map(|command| kind(&command.action)).collect()
    };
    assert_eq!(kinds(one(text)), ["shell", "call", "lifted", "join", "shell"]);
    let request = Request {
        dialect: Dialect::GoTask,
        taskfile: Some(Origin::Text(text.into())),
        ..Request::default()
    };
    assert_eq!(kinds(load(&request, &Fake::new()).unwrap()), ["shell"; 5]);
}

#[test]
fn keys_of_par_are_read() {
    let model = one("version: '3'
parallel: {enabled: false, max_agents: 50%, grace: 2s, stall_threshold: 90, fallback: sequential}
tasks:
  a: {estimate: 4m, parallel: false, timeout: 1m, locks: [db], depends_on: [b], deps: [c]}
  b: {run: sometimes}
  c:
");
    assert!(model.warnings.is_empty());
    let parallel = &model.parallel;
    assert_eq!((parallel.enabled, parallel.jobs), (Some(false), Some(Jobs::Percent(50))));
    assert_eq!(parallel.grace.unwrap().as_secs(), 2);
    assert_eq!(parallel.stall.unwrap().as_secs(), 90);
    assert_eq!(parallel.fallback_sequential, Some(true));
    let task = &model.tasks["a"];
    assert_eq!((task.estimate.unwrap().as_secs(), task.parallel), (240, false));
    let deps: Vec<_> = task.deps.iter().map(|dep| dep.task.text().value.to_string()).collect();
    assert_eq!(deps, ["c", "b"]);
    assert_eq!(model.tasks["b"].run, Some(Run::Unknown("sometimes".into())));
}

#[test]
fn an_included_task_has_the_namespace_in_all_its_names() {
    let model = two(
        "version: '3'
includes:
  s: {taskfile: sub, aliases: [z], excludes: [gone], vars: {I: 1}, internal: true}
tasks: {top: }
",
        "version: '3'
silent: true
use_gitignore: true
tasks: {default: , build: {aliases: [b]}, gone: }
",
    );
    assert_eq!(names(&model), ["top", "s:default", "s:build"]);
    assert_eq!(aliases(&model, "s:build"), ["s:b", "z:build", "z:b"]);
    assert_eq!(aliases(&model, "s:default"), ["z:default", "s", "z"]);
    let build = &model.tasks["s:build"];
    assert_eq!((&*build.namespace, build.taskfile), ("s", 1));
    assert_eq!((build.order, build.silent, build.internal), (2, Some(true), true));
    assert!(build.use_gitignore && !model.tasks["top"].use_gitignore);
    assert_eq!(**build.base_dir, *Path::new("/w"));
    assert_eq!(vars(&build.include_vars), ["I=Int(1)"]);
}

#[test]
fn variables_of_included_files_come_to_the_root_with_their_directory() {
    let model = two(
        "version: '3'\nvars: {A: root, B: root}\nincludes: {s: {taskfile: sub, dir: sub}}\n",
        "version: '3'\nvars: {B: {sh: pwd}, C: c}\nenv: {E: e}\ntasks: {t: }\n",
    );
    assert_eq!(vars(&model.vars), ["A=root", "B=$(pwd) in /w/sub", "C=c in /w/sub"]);
    assert_eq!(vars(&model.env), ["E=e in /w/sub"]);
    let task = &model.tasks["s:t"];
    assert_eq!(**task.base_dir, *Path::new("/w/sub"));
    assert_eq!(vars(&task.include_vars), vars(&model.vars));
}

#[test]
fn a_short_include_runs_in_the_root_and_brings_no_variables_to_its_tasks() {
    let model =
        two("version: '3'\nincludes: {s: ./sub}\n", "version: '3'\nvars: {B: b}\ntasks: {t: }\n");
    assert_eq!(**model.tasks["s:t"].base_dir, *Path::new("/w"));
    assert_eq!(vars(&model.tasks["s:t"].include_vars), [""; 0]);
    assert_eq!(vars(&model.vars), ["B=b"]);
}

#[test]
fn a_file_may_be_included_twice() {
    let model = two(
        "version: '3'\nincludes: {p: {taskfile: sub, dir: d}, q: sub}\n",
        "version: '3'\ntasks: {t: }\n",
    );
    assert_eq!(names(&model), ["p:t", "q:t"]);
    assert_eq!(**model.tasks["p:t"].base_dir, *Path::new("/w/d"));
    assert_eq!(**model.tasks["q:t"].base_dir, *Path::new("/w"));
    assert_eq!(model.taskfiles.len(), 2);
}

#[test]
fn in_the_language_of_go_task_keys_of_par_mean_nothing() {
    let text = "version: '3'\nparallel: {jobs: x}\ntasks: {a: {depends_on: 5, foo: 1}, a: }\n";
    let request = Request {
        dialect: Dialect::GoTask,
        taskfile: Some(Origin::Text(text.into())),
        ..Request::default()
    };
    let model =
        load(&request, &Fake::new()).unwrap_or_else(|failure| panic!("{}", shown(&failure)));
    assert!(model.warnings.is_empty());
    assert_eq!(model.parallel, model::Parallel::default());
    assert_eq!((&*model.entry, &*model.root_dir), (Path::new("/w/__stdin__"), Path::new("/w")));
}

#[test]
fn paths_of_includes_see_the_environment_and_values_of_their_file() {
    let root = "version: '3'
vars: {DIR: sub, SH: {sh: echo no}}
includes: {s: '{{.SH}}{{.DIR}}/{{.NAME}}.yml', h: {taskfile: ~/own.yml, dir: $HOME/x}}
";
    let host = Fake::new()
        .with_env("NAME", "inner")
        .with_env("HOME", "/h")
        .file("Taskfile.yml", root)
        .file("sub/inner.yml", "version: '3'\ntasks: {t: }\n")
        .file("/h/own.yml", "version: '3'\ntasks: {t: }\n");
    let model = loaded(&host);
    assert_eq!(names(&model), ["s:t", "h:t"]);
    assert_eq!(**model.tasks["h:t"].base_dir, *Path::new("/h/x"));
}

#[test]
fn flattened_tasks_keep_their_names() {
    let model = two(
        "version: '3'\nincludes: {s: {taskfile: sub, flatten: true}}\n",
        "version: '3'\ntasks: {default: , t: {aliases: [u]}}\n",
    );
    assert_eq!(names(&model), ["default", "t"]);
    assert_eq!(aliases(&model, "t"), ["u"]);
    assert!(aliases(&model, "default").is_empty());
}
