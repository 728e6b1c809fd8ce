//! Whole Taskfiles in memory, resolved and played through by a driver that runs one unit at a time.

mod calls;
mod commands;
mod footprint;
mod needs;
mod outputs;
mod policies;
mod variables;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use super::*;
use crate::host::fake::Fake;
use crate::host::{Entry, Host, Output, Script, Sight};
use crate::id::{TaskIds, UnitId};
use crate::plan::{Fragment, Step, Work};
use crate::taskfile;
use crate::template::Facts;

/// A machine with files in memory and a shell that knows `echo`, `pwd`, `true`, `false` and `exit`.
struct Machine {
    fake: Fake,
    files: Vec<PathBuf>,
    /// The scripts that the shell was given.
    asked: Mutex<Vec<String>>,
}

impl Machine {
    fn new(taskfile: &str) -> Machine {
        let fake = Fake::new().with_env("HOME", "/home/u").with_env("OS_VAR", "os");
        Machine { fake, files: Vec::new(), asked: Mutex::default() }.file("Taskfile.yml", taskfile)
    }

    fn file(mut self, path: &str, text: &str) -> Machine {
        self.fake = self.fake.file(path, text);
        self.files.push(Path::new("/w").join(path));
        self
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn obey(script: &Script) -> Output {
        let env = |key: &str| script.env.get(key).map(|value| value.to_string());
        let mut output = Output::default();
        for command in script.text.split("; ") {
            let words = path::expand(command, &env);
            let (name, rest) = words.split_once(' ').unwrap_or((&words, ""));
            let said = match name {
                "echo" => format!("{rest}\n"),
                "pwd" => format!("{}\n", script.dir.display()),
                _ => String::new(),
            };
            output.stdout.extend(said.bytes());
            output.code = match name {
                "false" => 1,
                "exit" => rest.parse().unwrap(),
                _ => 0,
            };
            if output.code != 0 {
                break;
            }
        }
        output
    }
}

impl Host for Machine {
    fn env(&self, key: &str) -> Option<String> {
        self.fake.env(key)
    }

    fn environment(&self) -> Vec<(String, String)> {
        self.fake.environment()
    }

    fn cwd(&self) -> PathBuf {
        self.fake.cwd()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        self.fake.read(path)
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        self.fake.entry(path)
    }

    fn owner(&self, path: &Path) -> Option<u32> {
        self.fake.owner(path)
    }

    fn glob(&self, dir: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        let end = pattern.trim_start_matches('*');
        let fits = |file: &&PathBuf| file.starts_with(dir) && file.to_string_lossy().ends_with(end);
        Ok(self.files.iter().filter(fits).cloned().collect())
    }

    fn checksum(&self, files: &[PathBuf]) -> io::Result<u128> {
        self.fake.checksum(files)
    }

    fn sight(&self, path: &Path) -> io::Result<Sight> {
        self.fake.sight(path)
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        self.fake.modified(path)
    }

    fn is_program(&self, path: &Path) -> bool {
        self.fake.is_program(path)
    }

    fn connect(&self, address: &str, patience: Duration) -> io::Result<()> {
        self.fake.connect(address, patience)
    }

    fn shell(&self, script: &Script) -> io::Result<Output> {
        self.asked.lock().unwrap().push(script.text.clone());
        Ok(Machine::obey(script))
    }
}

/// Facts that never change.
struct Still;

impl Facts for Still {
    fn env(&self, _: &str) -> Option<String> {
        None
    }

    fn cwd(&self) -> PathBuf {
        "/w".into()
    }

    fn now(&self) -> i128 {
        0
    }

    fn chance(&self) -> u128 {
        u128::MAX / 7
    }

    fn cpus(&self) -> usize {
        1
    }
}

fn resolver(machine: &Machine, settings: Settings) -> Resolver {
    let loaded = taskfile::load(&taskfile::Request::default(), machine);
    let model = loaded.unwrap_or_else(|failure| panic!("{:#?}", failure.diagnostics));
    let settings = Settings { user_working_dir: "/w".into(), ..settings };
    let ids = TaskIds::new("p", "w", "20260102", "030405", 1);
    Resolver::new(Arc::new(model), settings, Arc::new(Still), Arc::new(ids))
}

/// Runs everything one after the other and notes what happens.
struct Driver<'a> {
    machine: &'a Machine,
    resolver: Resolver,
    units: HashMap<UnitId, (Work, bool)>,
    done: HashMap<UnitId, Result<(), i32>>,
    said: Vec<String>,
    launches: Vec<Launch>,
}

impl<'a> Driver<'a> {
    fn new(machine: &'a Machine, settings: Settings) -> Driver<'a> {
        let (units, done, said, launches) = Default::default();
        Driver { machine, resolver: resolver(machine, settings), units, done, said, launches }
    }

    fn play(mut self, tasks: &[&str]) -> Driver<'a> {
        let requests: Vec<Request> = tasks.iter().map(|task| Request::new(*task)).collect();
        match self.resolver.begin(&requests) {
            Err(wrong) => self.said.extend(wrong.iter().map(|w| format!("! {}", w.message))),
            Ok(fragment) => {
                let _ = self.fragment(&fragment);
            }
        }
        self
    }

    fn fragment(&mut self, fragment: &Fragment) -> Result<(), i32> {
        let units = fragment.units.iter().map(|(id, u)| (*id, (u.work, u.ignore_error)));
        self.units.extend(units);
        let deps: Vec<_> =
            fragment.deps.iter().map(|dep| self.call(*dep, &Known::default())).collect();
        deps.into_iter().collect::<Result<(), i32>>()?;
        self.steps(&fragment.steps)
    }

    fn steps(&mut self, steps: &[Step]) -> Result<(), i32> {
        let mut deferred = Vec::new();
        let mut result = Ok(());
        for step in steps {
            match step {
                Step::Defer(unit) => deferred.push(*unit),
                Step::Join | Step::Next => self.said.push("wait".into()),
                Step::Background(unit) => {
                    self.said.push("&".into());
                    result = self.unit(*unit, &Known::default());
                }
                Step::Run(unit) => result = self.unit(*unit, &Known::default()),
            }
            if result.is_err() {
                break;
            }
        }
        let known = Known { exit_code: result.err(), ..Known::default() };
        for unit in deferred.into_iter().rev() {
            let _ = self.unit(unit, &known);
        }
        result
    }

    fn unit(&mut self, unit: UnitId, known: &Known) -> Result<(), i32> {
        let (work, ignored) = self.units[&unit];
        let result = match work {
            Work::Call => self.call(unit, known),
            Work::Command => self.command(unit, known),
        };
        if ignored { Ok(()) } else { result }
    }

    fn call(&mut self, unit: UnitId, known: &Known) -> Result<(), i32> {
        if let Some(result) = self.done.get(&unit) {
            return *result;
        }
        let result = self.expand(unit, known);
        self.done.insert(unit, result);
        result
    }

    fn expand(&mut self, unit: UnitId, known: &Known) -> Result<(), i32> {
        let draft = match self.resolver.expansion(unit, known).run(self.machine) {
            Ok(draft) => draft,
            Err(wrong) => return self.refuse(&wrong.message),
        };
        if let Some(reason) = draft.omission() {
            self.said.push(format!("- {reason}"));
            return Ok(());
        }
        let fragment = self.resolver.adopt(unit, draft);
        let steps = Fragment { steps: Vec::new(), ..fragment.clone() };
        self.fragment(&steps)?;
        if fragment.check {
            match self.resolver.check(unit).run(self.machine, &mut |_| false, &mut |_| {}) {
                Verdict::Run => {}
                Verdict::UpToDate(message) => {
                    self.said.push(format!("= {}", message.unwrap_or_default()));
                    return Ok(());
                }
                Verdict::Refused(wrong) => return self.refuse(&wrong.message),
                Verdict::Ask(prompts) => self.said.push(format!("? {}", prompts.join(" "))),
                Verdict::Granted(prompts) => self.said.push(format!("y {}", prompts.join(" "))),
            }
        }
        self.steps(&fragment.steps)
    }

    fn refuse(&mut self, reason: &str) -> Result<(), i32> {
        self.said.push(format!("! {reason}"));
        Err(1)
    }

    fn command(&mut self, unit: UnitId, known: &Known) -> Result<(), i32> {
        let launch = match self.resolver.render(unit, known).run(self.machine) {
            Rendered::Run(launch) => launch,
            Rendered::Show(launch) => {
                self.said.push(format!("({})", launch.text()));
                return Ok(());
            }
            Rendered::Omit(reason) => {
                self.said.push(format!("- {reason}"));
                return Ok(());
            }
            Rendered::Refused(wrong) => return self.refuse(&wrong.message),
        };
        self.said.push(format!("{}: {}", self.resolver.name(unit), launch.text()));
        let output = Machine::obey(&Script {
            text: launch.text().to_string(),
            dir: launch.dir().to_path_buf(),
            env: launch.env().clone(),
            set: Vec::new(),
            shopt: Vec::new(),
            shows_stderr: false,
        });
        self.launches.push(launch);
        if output.code == 0 { Ok(()) } else { Err(output.code) }
    }
}

/// What happens when the tasks are run; the version line is added.
fn played(tasks: &str, names: &[&str]) -> Vec<String> {
    let machine = machine(tasks);
    Driver::new(&machine, Settings::default()).play(names).said
}

fn played_with(settings: Settings, tasks: &str, names: &[&str]) -> Vec<String> {
    let machine = machine(tasks);
    Driver::new(&machine, settings).play(names).said
}

fn machine(text: &str) -> Machine {
    Machine::new(&format!("version: '3'\n{text}"))
}
