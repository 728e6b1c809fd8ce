//! What `par` does itself for a task, part by part: reading, templates, expanding, scheduling, checking.
//!
//!     cargo bench --bench library

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use par::event::{Frame, Status, Usage};
use par::fingerprint::{Fingerprints, Judgement, Traces};
use par::host::{Ignored, Os, Pattern};
use par::id::{TaskIds, UnitId};
use par::plan::{Fragment, Step, Unit, Work};
use par::resolve::{self, Compare, Footprint, Resolver};
use par::schedule::{Exit, Expanded, Options, Rendered, Stop, Verdict};
use par::sim::{Course, Model, Simulation};
use par::source::Text;
use par::taskfile::{self, Dialect, Origin};
use par::template::{Facts, Template};
use par::value::{Value, Vars};

/// Tasks with sources, a variable and two dependencies each.
fn tasks(count: usize) -> String {
    let mut text = String::from("version: '3'\nvars: {MODE: fast}\ntasks:\n");
    for n in 0..count {
        let deps = [n / 2, n / 3].map(|dep| format!("t{dep}"));
        let deps = if n < 2 { String::new() } else { deps.join(", ") };
        text.push_str(&format!(
            "  t{n}:\n    desc: The task {n}\n    deps: [{deps}]\n    vars: {{NAME: 'n{n}'}}\n    \
             sources: [src/{n}/*.c]\n    cmds: ['build --{{{{.MODE}}}} {{{{.NAME}}}}', 'check {n}']\n"
        ));
    }
    text.push_str("  all: {deps: [");
    (count / 2..count).for_each(|n| text.push_str(&format!("t{n}, ")));
    text + "]}\n"
}

fn model(text: &str) -> taskfile::model::Model {
    let request = taskfile::Request {
        dialect: Dialect::Par,
        taskfile: Some(Origin::Text(text.into())),
        dir: Some("/".into()),
        global: false,
        remote: None,
        found: None,
    };
    taskfile::load(&request, &Os).expect("a Taskfile")
}

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for count in [100, 10_000] {
        let text = tasks(count);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(count), &text, |bencher, text| {
            bencher.iter(|| model(black_box(text)));
        });
    }
    group.finish();
}

/// A world that never changes.
struct Still;

impl Facts for Still {
    fn env(&self, _: &str) -> Option<String> {
        None
    }

    fn cwd(&self) -> PathBuf {
        "/".into()
    }

    fn now(&self) -> i128 {
        0
    }

    fn cpus(&self) -> usize {
        2
    }

    fn chance(&self) -> u128 {
        7
    }
}

fn template(criterion: &mut Criterion) {
    const TEXT: &str = "cc {{range .FLAGS}}-{{.}} {{end}}-o {{.OUT | default \"a.out\"}} {{if eq .OS \"linux\"}}{{upper .NAME}}{{end}}.c";
    let mut vars = Vars::default();
    vars.set("FLAGS", Value::list(["O2", "g", "Wall"].map(Value::from)));
    vars.set("NAME", "main".into());
    vars.set("OS", "linux".into());
    let text = Text::detached(TEXT);
    let parsed = Template::parse(&text).expect("a template");
    criterion.bench_function("template/parse", |bencher| {
        bencher.iter(|| Template::parse(black_box(&text)).expect("a template"));
    });
    criterion.bench_function("template/render", |bencher| {
        bencher.iter(|| parsed.render(black_box(&vars), &Still).expect("text"));
    });
}

fn expand(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("expand");
    for count in [100, 10_000] {
        let model = Arc::new(model(&tasks(count)));
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::from_parameter(count), &model, |bencher, model| {
            bencher.iter(|| {
                let ids = Arc::new(TaskIds::new("p", "all", "20260101", "000000", 1));
                let settings = resolve::Settings::default();
                let mut resolver = Resolver::new(model.clone(), settings, Arc::new(Still), ids);
                let ahead =
                    resolve::plan_ahead(&mut resolver, &[resolve::Request::new("all")], &Os);
                let ahead = ahead.expect("a plan");
                assert!(ahead.fragments.len() > count && ahead.uncertain.len() >= count / 2);
                ahead
            });
        });
    }
    group.finish();
}

/// Calls of one command each; every call but the first ones waits for another.
struct Calls {
    count: u32,
}

fn unit(work: Work) -> Unit {
    Unit {
        work,
        task: "t".into(),
        name: "t".into(),
        id: "t".into(),
        ignore_error: false,
        estimate: Some(Duration::from_millis(1)),
        timeout: None,
        policy: None,
        order: (0, 0),
        words: None,
    }
}

impl Calls {
    fn begin(&self) -> Fragment {
        let calls = (1..=self.count).map(UnitId);
        let units = calls.clone().map(|call| (call, unit(Work::Call))).collect();
        Fragment { units, deps: calls.collect(), ..Fragment::default() }
    }
}

impl Model for Calls {
    fn delay(&mut self, _: UnitId) -> Duration {
        Duration::ZERO
    }

    fn expand(&mut self, call: UnitId) -> Expanded {
        let command = UnitId(self.count + call.0);
        let needs = (call.0 > 100).then(|| UnitId(call.0 - 100));
        Expanded::Body(Fragment {
            units: vec![(command, unit(Work::Command))],
            deps: needs.into_iter().collect(),
            steps: vec![Step::Run(command)],
            ..Fragment::default()
        })
    }

    fn check(&mut self, _: UnitId) -> Verdict {
        Verdict::Run
    }

    fn render(&mut self, _: UnitId) -> Rendered {
        Rendered::Run { echo: None, interactive: false, frame: Frame::default(), memory: 0 }
    }

    fn run(&mut self, _: UnitId, _: u32) -> Course {
        let exit = Exit::Ended(Status::Code(0), Usage::default());
        Course { work: Duration::from_millis(1), exit, calls: Vec::new() }
    }

    fn stop(&mut self, _: UnitId, _: Stop) -> Option<Duration> {
        None
    }
}

fn schedule(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("schedule");
    group.sample_size(10);
    for units in [1_000, 10_000, 100_000] {
        group.throughput(Throughput::Elements(u64::from(units)));
        group.bench_with_input(BenchmarkId::from_parameter(units), &units, |bencher, units| {
            bencher.iter(|| {
                let calls = Calls { count: units / 2 };
                let begin = calls.begin();
                let options = Options { slots: 8, ..Options::default() };
                let (events, scheduler, _) = Simulation::new(options, calls).run(begin, |_, _| ());
                assert!(scheduler.is_finished() && events.len() > *units as usize);
                events.len()
            });
        });
    }
    group.finish();
}

fn pattern(text: &str) -> Pattern {
    Pattern { text: text.into(), exclude: false }
}

fn footprint(dir: &Path) -> Footprint {
    Footprint {
        task: "build".into(),
        name: "build".into(),
        written: "build".into(),
        compare: Compare::Content,
        dir: dir.into(),
        sources: vec![pattern("in/*.c")],
        generates: vec![pattern("out")],
        ignored: Ignored::Kept,
        arguments: BTreeMap::new(),
        commands: vec!["cc in/*.c -o out".into()],
        variables: BTreeMap::new(),
        environment: BTreeMap::new(),
        forced: false,
        status_holds: true,
    }
}

fn fingerprint(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fingerprint");
    for sources in [10, 1_000] {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(dir.path().join("in")).expect("a directory");
        for n in 0..sources {
            std::fs::write(dir.path().join(format!("in/{n}.c")), "text\n").expect("a source");
        }
        std::fs::write(dir.path().join("out"), "").expect("an output");
        let memory = Fingerprints::safe(dir.path(), Traces::Left);
        let Judgement::Stale { pending, .. } = memory.judge(footprint(dir.path()), &Os) else {
            panic!("it never ran")
        };
        memory.expect(&pending);
        memory.succeeded(pending, SystemTime::now() + Duration::from_secs(9), &Os);
        // What is fresh is read each time: the clock may stand still for 2 s.
        std::thread::sleep(Duration::from_millis(2_100));
        assert!(matches!(memory.judge(footprint(dir.path()), &Os), Judgement::UpToDate));
        group.throughput(Throughput::Elements(sources));
        group.bench_function(BenchmarkId::from_parameter(sources), |bencher| {
            bencher.iter_batched(
                || footprint(dir.path()),
                |footprint| match memory.judge(footprint, &Os) {
                    Judgement::UpToDate => {}
                    Judgement::Stale { reason, .. } => panic!("{reason}"),
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, parse, template, expand, schedule, fingerprint);
criterion_main!(benches);
