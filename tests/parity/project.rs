//! Random projects: a Taskfile, what it includes and reads, and the command line to call it with.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::chance::Chance;

/// What a Taskfile can make use of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Feature {
    Deps,
    Calls,
    For,
    If,
    Defer,
    Includes,
    ShellVariables,
    Dotenv,
    Wildcards,
    Sources,
    Variables,
    Environment,
    Requires,
    Preconditions,
    Status,
    Failures,
    Directories,
    Labels,
    Runs,
    Silence,
    Platforms,
    Aliases,
    Output,
}

use Feature::*;

/// Those of which each project has at least six.
pub const MAIN: [Feature; 10] =
    [Deps, Calls, For, If, Defer, Includes, Sources, ShellVariables, Dotenv, Wildcards];

const SIDE: [Feature; 13] = [
    Variables,
    Environment,
    Requires,
    Preconditions,
    Status,
    Failures,
    Directories,
    Labels,
    Runs,
    Silence,
    Platforms,
    Aliases,
    Output,
];

/// Files and arguments, and what went into them.
pub struct Project {
    pub files: BTreeMap<String, String>,
    pub args: Vec<String>,
    /// What is really in the Taskfiles.
    pub used: BTreeSet<Feature>,
    /// Whether things run side by side, so that the order of lines is chance.
    pub is_parallel: bool,
}

impl Project {
    /// The project of that seed.
    pub fn new(seed: u64) -> Project {
        let mut chance = Chance::new(seed);
        let count = 6 + chance.below(MAIN.len() - 5);
        let mut wanted: BTreeSet<Feature> =
            chance.shuffled(&MAIN).into_iter().take(count).collect();
        wanted.extend(SIDE.iter().filter(|_| chance.percent(45)));
        let mut writer = Writer { chance, wanted, ..Writer::default_with() };
        writer.write();
        Project {
            files: writer.files,
            args: writer.args,
            used: writer.used,
            is_parallel: writer.is_parallel,
        }
    }
}

struct Writer {
    chance: Chance,
    wanted: BTreeSet<Feature>,
    used: BTreeSet<Feature>,
    files: BTreeMap<String, String>,
    args: Vec<String>,
    is_parallel: bool,
    /// Variables that every task knows.
    globals: Vec<String>,
    /// How many commands there are, so that each says something of its own.
    commands: usize,
}

/// Where a task is written, which decides what it can call.
#[derive(Clone)]
struct Place {
    /// Its name in its file.
    name: String,
    /// Names it can call.
    callable: Vec<String>,
}

impl Writer {
    fn default_with() -> Writer {
        Writer {
            chance: Chance::new(0),
            wanted: BTreeSet::new(),
            used: BTreeSet::new(),
            files: BTreeMap::new(),
            args: Vec::new(),
            is_parallel: false,
            globals: Vec::new(),
            commands: 0,
        }
    }

    /// Whether a feature is to be used here; it then counts as used.
    fn uses(&mut self, feature: Feature, percent: usize) -> bool {
        let yes = self.wanted.contains(&feature) && self.chance.percent(percent);
        if yes {
            self.used.insert(feature);
        }
        yes
    }

    /// As `uses`, the first time in any case.
    fn owes(&mut self, feature: Feature, percent: usize) -> bool {
        if self.wanted.contains(&feature) && self.used.insert(feature) {
            return true;
        }
        self.uses(feature, percent)
    }

    fn write(&mut self) {
        let mut text = "version: '3'\n".to_string();
        if self.uses(Output, 100) {
            let how =
                ["interleaved", "group", "prefixed", "{group: {begin: '<{{.TASK}}', end: '>'}}"];
            let _ = writeln!(text, "output: {}", self.chance.pick(&how));
        }
        if self.uses(Silence, 30) {
            text += "silent: true\n";
        }
        if self.uses(Runs, 30) {
            let _ = writeln!(text, "run: {}", self.how_often());
        }
        self.top_variables(&mut text);
        let included = self.includes(&mut text);
        self.tasks(&mut text, included);
        self.files.insert("Taskfile.yml".into(), text);
        for (path, text) in [("a.src", "a\n"), ("b.src", "b\n"), ("lib/c.src", "c\n")] {
            self.files.insert(path.into(), text.into());
        }
    }

    fn top_variables(&mut self, text: &mut String) {
        let mut vars = vec![("G".to_string(), "g{{.OS_VAR}}".to_string())];
        text.push_str("vars:\n  G: 'g{{.OS_VAR}}'\n  L: [one, 'two words', 3]\n  C: 'x,y,,z'\n");
        text.push_str("  M: {map: {k: v, n: {deep: 4}}}\n  N: 7\n  T: true\n");
        if self.owes(ShellVariables, 0) {
            text.push_str("  S: {sh: 'echo from; echo shell {{.N}}'}\n");
            text.push_str("  R: {ref: '.S | splitLines'}\n");
            vars.push(("S".into(), String::new()));
        }
        if self.owes(Dotenv, 0) {
            text.push_str("dotenv: ['{{.MISSING}}none.env', '.env', more.env]\n");
            let env = "# a comment\nDOT=dot # behind\nexport TWICE='raw $DOT'\nQUOTED=\"a\\tb $DOT\"\nG_ENV=file\n";
            self.files.insert(".env".into(), env.into());
            self.files.insert("more.env".into(), "DOT=second\nMORE: more\n".into());
            vars.push(("DOT".into(), String::new()));
        }
        if self.owes(Environment, 0) {
            text.push_str(
                "env:\n  G_ENV: 'env-{{.G}}'\n  OS_VAR: taskfile\n  E_SH: {sh: 'echo $G_ENV'}\n",
            );
            vars.push(("G_ENV".into(), String::new()));
        }
        self.globals = vars.into_iter().map(|(name, _)| name).collect();
    }

    /// Writes included files; the names that can be called from the root.
    fn includes(&mut self, text: &mut String) -> Vec<String> {
        if !self.owes(Includes, 0) {
            return Vec::new();
        }
        let mut lib = "version: '3'\nvars: {LIB: 'lib-{{.FROM}}', N: 8}\n".to_string();
        let mut names = Vec::new();
        let dir = self.chance.pick(&["", ", dir: lib", ", dir: ./lib/work"]);
        let vars = self.chance.pick(&["", ", vars: {FROM: root}"]);
        let how = self.chance.below(4);
        let namespace = if how == 2 { "" } else { "lib:" };
        let line = match how {
            0 => "lib: ./lib".to_string(),
            1 => format!("lib: {{taskfile: ./lib/Taskfile.yml{dir}{vars}, aliases: [l]}}"),
            2 => format!("lib: {{taskfile: lib{dir}{vars}, flatten: true, excludes: [hidden]}}"),
            _ => format!("lib: {{taskfile: ./lib{dir}{vars}, optional: true}}"),
        };
        let _ = writeln!(text, "includes:\n  {line}\n  none: {{taskfile: ./none, optional: true}}");
        lib.push_str("tasks:\n  hidden: echo hidden\n");
        for index in (0..1 + self.chance.below(3)).rev() {
            let name = format!("i{index}");
            let callable = names.iter().map(|name: &String| name.replace("lib:", "")).collect();
            let task = self.task(&Place { name: name.clone(), callable });
            lib.push_str(&task);
            names.push(format!("{namespace}{name}"));
        }
        self.files.insert("lib/Taskfile.yml".into(), lib);
        names
    }

    fn tasks(&mut self, text: &mut String, included: Vec<String>) {
        let mut callable = included;
        let mut body = String::new();
        if self.owes(Wildcards, 0) {
            body += "  'w-*': {cmds: ['echo wild {{.MATCH}} {{index .MATCH 0}}']}\n";
            body += "  'w-*-*': {vars: {A: '{{index .MATCH 0}}', B: '{{index .MATCH 1}}'}, cmds: ['echo {{.A}}+{{.B}} {{.ALIAS}}']}\n";
            callable.extend(["w-x".to_string(), "w-a-b".into()]);
        }
        for index in (0..4 + self.chance.below(4)).rev() {
            let name = format!("t{index}");
            body = self.task(&Place { name: name.clone(), callable: callable.clone() }) + &body;
            callable.push(name);
        }
        let _ = write!(text, "tasks:\n{body}");
        self.arguments();
    }

    fn arguments(&mut self) {
        let flags: [&[&str]; 9] =
            [&[], &[], &[], &["-s"], &["-y"], &["-n"], &["-f"], &["-o", "prefixed"], &["-F"]];
        let mut args: Vec<&str> = flags[self.chance.below(flags.len())].to_vec();
        if args == ["-F"] {
            // Who is stopped, and when, is chance.
            args.clear();
        }
        if self.chance.percent(15) {
            args.extend(["t0", "t1"]);
        } else {
            args.push("t0");
        }
        if self.chance.percent(30) {
            args.push("G=cli");
        }
        if self.chance.percent(20) {
            args.push("-x");
        }
        if self.chance.percent(20) {
            args.extend(["--", "a", "b c"]);
        }
        self.args = args.into_iter().map(String::from).collect();
    }

    fn task(&mut self, place: &Place) -> String {
        let mut text = format!("  {}:\n", place.name);
        self.keys(&mut text, place);
        if !place.callable.is_empty() && self.owes(Deps, 35) {
            let deps = self.deps(place);
            let _ = writeln!(text, "    deps: [{deps}]");
        }
        text.push_str("    cmds:\n");
        for _ in 0..1 + self.chance.below(4) {
            let command = self.command(place);
            let _ = writeln!(text, "      - {command}");
        }
        text
    }

    fn keys(&mut self, text: &mut String, place: &Place) {
        let mut key = |line: &str| {
            let _ = writeln!(text, "    {line}");
        };
        if self.uses(Variables, 50) {
            key(
                "vars: {V: '{{.G | upper}}-{{.TASK}}', G: '{{.G}}+', X: '{{.X | default \"none\"}}'}",
            );
        } else if self.uses(ShellVariables, 30) {
            key("vars: {V: {sh: 'echo \"{{.TASK}} in ${PWD##*/}\"'}, W: {ref: .L}}");
        }
        if self.uses(Environment, 30) {
            key("env: {G_ENV: 'task {{.G}}', OWN: {sh: 'echo own $G_ENV'}}");
        } else if self.uses(Dotenv, 25) {
            key("dotenv: ['.env', more.env]");
        }
        if self.owes(Sources, 30) {
            let sources = self.chance.pick(&[
                "['*.src']",
                "['**/*.src', {exclude: b.src}]",
                "[a.src, nothing.src]",
                "['{{.G}}.src', './*.src']",
            ]);
            key(&format!("sources: {sources}"));
            if self.chance.percent(60) {
                let generates = self.chance.pick(&["['*.out']", "['a.src']", "['made/*.txt']"]);
                key(&format!("generates: {generates}"));
            }
            if self.chance.percent(40) {
                let method = self.chance.pick(&["checksum", "timestamp", "none"]);
                key(&format!("method: {method}"));
            }
        }
        if self.uses(If, 15) {
            let condition = self.condition();
            key(&format!("if: {condition}"));
        }
        if self.uses(Labels, 30) {
            key("label: 'label-{{.TASK}}-{{.G}}'");
        }
        if self.uses(Labels, 20) {
            key("prefix: 'p-{{.TASK}}'");
        }
        if self.uses(Runs, 30) {
            key(&format!("run: {}", self.how_often()));
        }
        if self.uses(Silence, 20) {
            key(&format!("silent: {}", self.chance.pick(&["true", "false"])));
        }
        if self.uses(Directories, 30) {
            key(&format!("dir: {}", self.chance.pick(&["sub", "'deep/{{.TASK}}'", "./lib"])));
        }
        if self.uses(Preconditions, 25) {
            let second = self.chance.pick(&[
                "'true'",
                "{sh: 'exit 0', msg: fine}",
                "{sh: 'exit 1', msg: 'no {{.TASK}}'}",
            ]);
            key(&format!("preconditions: ['test 1 = 1', {second}]"));
        }
        if self.uses(Status, 25) {
            key(&format!(
                "status: ['true', {}]",
                self.chance.pick(&["'true'", "'false'", "test -e x"])
            ));
        }
        if self.uses(Requires, 20) {
            let needed =
                self.chance.pick(&["G", "OS_VAR", "NOT_THERE", "{name: G, enum: [gos, cli]}"]);
            key(&format!("requires: {{vars: [{needed}]}}"));
        }
        if self.uses(Platforms, 20) {
            key(&format!(
                "platforms: [{}]",
                self.chance.pick(&["linux", "windows", "linux/amd64, darwin"])
            ));
        }
        if self.uses(Failures, 15) {
            key("ignore_error: true");
        }
        if self.uses(Aliases, 20) {
            key(&format!("aliases: [{0}-alias, {0}-other]", place.name));
        }
    }

    /// Which of several different calls is the one of `once` is chance where they run side by side.
    fn how_often(&mut self) -> &'static str {
        let calm = !self.wanted.contains(&Deps) || self.wanted.contains(&Sources);
        let all = ["when_changed", "always", "once"];
        self.chance.pick(&all[..if calm { 3 } else { 2 }])
    }

    fn deps(&mut self, place: &Place) -> String {
        // Two calls of one task with sources at the same time: whether the second finds it up to date is chance.
        let count = if self.wanted.contains(&Sources) { 1 } else { 1 + self.chance.below(3) };
        self.is_parallel |= count > 1;
        let all: Vec<String> = (0..count).map(|_| self.dep(place)).collect();
        all.join(", ")
    }

    fn dep(&mut self, place: &Place) -> String {
        let name = self.callee(place);
        if !self.wanted.contains(&Sources) && self.uses(For, 20) {
            self.is_parallel = true;
            return format!("{{for: [1, 2], task: {name}, vars: {{X: '{{{{.ITEM}}}}'}}}}");
        }
        match self.chance.below(3) {
            0 => format!("{{task: {name}, vars: {{X: dep, G: '{{{{.G}}}}d'}}}}"),
            1 => format!("{{task: {name}, silent: true}}"),
            _ => name,
        }
    }

    fn callee(&mut self, place: &Place) -> String {
        let at = self.chance.below(place.callable.len());
        format!("'{}'", place.callable[at])
    }

    /// A command that says something of its own.
    fn script(&mut self) -> String {
        self.commands += 1;
        let number = self.commands;
        let what = match self.chance.below(13) {
            0 => "echo {N} {{.TASK}} {{.G}} {{.X}} {{.ITEM}}",
            1 => "echo {N} \"$G_ENV|$DOT|$TWICE|$QUOTED|$MORE|$OS_VAR|$OWN|$E_SH\"",
            2 => "echo {N} '{{.V}}' '{{.W}}' '{{.S}}' '{{.LIB}}' {{.N}}",
            3 => "mkdir -p made && echo {N} > made/{N}.txt",
            4 => "echo {N} ${PWD##*/} {{.ROOT_DIR | base}} {{.TASK_DIR | base}}",
            5 => "echo {N} {{.CLI_ARGS}} {{.ALIAS}} {{.M.n.deep}} {{.L | len}} {{if .T}}yes{{end}}",
            6 => "echo {N} err >&2; echo {N} out",
            7 => "printf '{N} no end'",
            8 => "x={N}; for i in 1 2; do echo $x-$i; done | sort -r",
            9 => {
                "echo {N} {{range $i, $e := .L}}{{$i}}={{$e}},{{end}} {{.C | splitList \",\" | join \"/\"}}"
            }
            10 => "echo {N} {{.M}} {{toJson .M}} {{.R}} {{.MATCH}} {{.UNSET.x}}",
            11 => "test -n \"{{.CLI_ARGS}}\" && echo {N} args || echo {N} none",
            _ => {
                "echo {N} {{.TASKFILE | base}} {{.TASKFILE_DIR | base}} {{.USER_WORKING_DIR | base}} {{.CLI_FORCE}}{{.CLI_SILENT}}{{.CLI_VERBOSE}}"
            }
        };
        quoted(&what.replace("{N}", &number.to_string()))
    }

    fn condition(&mut self) -> String {
        quoted(self.chance.pick(&[
            "true",
            "false",
            "[ \"{{.G}}\" = cli ]",
            "{{eq .N 7}}",
            "test -n \"$G_ENV\"",
            "[ '{{.ITEM}}' != two ]",
            "{{.T}} && [ -e Taskfile.yml ]",
        ]))
    }

    fn loops(&mut self) -> String {
        let all = [
            "[a, 'b c', 3, true]",
            "{var: L}",
            "{var: C, split: ','}",
            "{var: C, split: ',', as: LETTER}",
            "{var: UNSET}",
            "{var: G}",
            "{matrix: {A: [1, 2], B: [x, y]}}",
            "{matrix: {A: {ref: .L}, B: [z]}, as: P}",
            "{var: M.k}",
            "[]",
        ];
        self.chance.pick(&all).into()
    }

    fn command(&mut self, place: &Place) -> String {
        let can_call = !place.callable.is_empty();
        let mut parts = Vec::new();
        if self.owes(Defer, 12) {
            return match can_call && self.chance.percent(40) {
                true => format!(
                    "defer: {{task: {}, vars: {{X: 'd{{{{.EXIT_CODE}}}}'}}}}",
                    self.callee(place)
                ),
                false => "defer: 'echo deferred {{.TASK}} {{.EXIT_CODE}}'".into(),
            };
        }
        if self.uses(Failures, 12) {
            let code = self.chance.pick(&[
                "exit 3",
                "false",
                "sh -c 'exit 9'",
                "nosuch-program-here 2>/dev/null",
            ]);
            parts.push(format!("cmd: {}", quoted(code)));
            if self.chance.percent(60) {
                parts.push("ignore_error: true".into());
            }
        } else if can_call && self.owes(Calls, 40) {
            parts.push(format!("task: {}", self.callee(place)));
            if self.chance.percent(50) {
                parts.push("vars: {X: 'call {{.ITEM}}', G: '{{.G}}c', L: {ref: .L}}".into());
            }
        } else {
            parts.push(format!("cmd: {}", self.script()));
        }
        if self.owes(For, 25) {
            parts.push(format!("for: {}", self.loops()));
        }
        if self.owes(If, 15) {
            parts.push(format!("if: {}", self.condition()));
        }
        if self.uses(Silence, 15) {
            parts.push("silent: true".into());
        }
        if parts.len() == 1 && self.uses(Platforms, 12) {
            parts.push(format!("platforms: [{}]", self.chance.pick(&["linux", "plan9"])));
        }
        format!("{{{}}}", parts.join(", "))
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
