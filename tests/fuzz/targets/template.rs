//! Whatever a template says, it is rendered or its mistake is told, and never without end.

#![no_main]

use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use par::source::Text;
use par::template::{Facts, Template};
use par::value::{Value, Vars};

struct Still;

impl Facts for Still {
    fn env(&self, _: &str) -> Option<String> {
        None
    }

    fn cwd(&self) -> PathBuf {
        "/w".into()
    }

    fn now(&self) -> i128 {
        1_709_647_629_000_000_000
    }

    fn chance(&self) -> u128 {
        u128::MAX / 7
    }

    fn cpus(&self) -> usize {
        4
    }
}

fn vars() -> Vars {
    let mut vars = Vars::default();
    vars.set("S", "a text".into());
    vars.set("N", Value::Int(7));
    vars.set("L", Value::list(["a".into(), Value::Int(1), Value::Nil]));
    vars.set("M", Value::map([("k".into(), "v".into()), ("n".into(), Value::Float(1.5))]));
    vars.set("T", Value::Time(0));
    vars
}

fuzz_target!(|text: &str| {
    let text = Text::detached(text);
    for parsed in [Template::parse(&text), Template::parse_expression(&text)] {
        if let Ok(template) = parsed {
            template.reads();
            let _ = template.render(&vars(), &Still);
            let _ = template.evaluate(&vars(), &Still);
        }
    }
});
