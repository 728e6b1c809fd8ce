//! Keys of a task that say how often it is tried, what it takes and who goes first.

use std::time::Duration;

use super::value::address;
use super::{Fields, Lower, keys};
use crate::source::Text;
use crate::taskfile::model::{
    Class, Lock, Policy, Priority, Probe, Ready, Resources, Retry, Server, Share,
};
use crate::taskfile::yaml::{Kind, Node};

const PRIORITIES: [(&str, Priority); 8] = [
    ("critical", Priority::Critical),
    ("high", Priority::High),
    ("normal", Priority::Normal),
    ("low", Priority::Low),
    ("P0", Priority::Critical),
    ("P1", Priority::High),
    ("P2", Priority::Normal),
    ("P3", Priority::Low),
];

const CLASSES: [(&str, Class); 4] = [
    ("transient", Class::Transient),
    ("timeout", Class::Timeout),
    ("signal", Class::Signal),
    ("any", Class::Any),
];

/// How long a server may take to get ready.
const READY: Duration = Duration::from_secs(30);

impl Lower {
    /// What a task asks for beyond its order.
    pub(super) fn policy(&mut self, fields: &Fields) -> Policy {
        Policy {
            timeout: self.timeout(fields),
            retry: self.retries(fields),
            priority: self.word(fields, "priority", &PRIORITIES),
            locks: self.several(fields, "locks", Lower::lock),
            resources: self.resources(fields),
            stall: self.some_time(fields, "stall"),
            stops_on_stall: self
                .word(fields, "stall_action", &[("warn", false), ("stop", true)])
                .unwrap_or(false),
            server: self.server(fields),
            after: self.mentions(fields, "after"),
            blocks: self.mentions(fields, "blocks"),
            needs: self.needs(fields),
            isolate: self.is(fields, "isolate"),
            agent: self.filled(fields, "agent"),
            stages: self.stages(fields),
        }
    }

    /// `retry` or, under its other name, `max_retries`.
    fn retries(&mut self, fields: &Fields) -> Option<Retry> {
        if let (Some(_), Some(other)) = (fields.get("retry"), fields.get("max_retries")) {
            let span = other.span;
            self.error(span, "a task has `retry` or `max_retries`, not both", "both are written");
            return None;
        }
        if let Some(node) = fields.get("max_retries") {
            return Some(tries(self.number(node, "`max_retries`", 0)?));
        }
        let node = fields.get("retry")?;
        match &node.kind {
            Kind::Mapping(_) => self.retry(node),
            _ => Some(tries(self.number(node, "`retry`, unless it is a map,", 0)?)),
        }
    }

    fn retry(&mut self, node: &Node) -> Option<Retry> {
        let fields = self.fields(node, "`retry`", &keys::RETRY)?;
        let usual = tries(1);
        Some(Retry {
            attempts: self.number_of(&fields, "attempts", 1).unwrap_or(usual.attempts),
            delay: self.duration(&fields, "delay").unwrap_or(usual.delay),
            factor: self.factor(&fields).unwrap_or(usual.factor),
            max_delay: self.duration(&fields, "max_delay").unwrap_or(usual.max_delay),
            jitter: self.truth(&fields, "jitter").unwrap_or(usual.jitter),
            on: match fields.get("on") {
                Some(_) => self.several(&fields, "on", Lower::class),
                None => usual.on,
            },
            patterns: self.several(&fields, "patterns", |lower, node| {
                let text = lower.text(node, "an element of `patterns`")?;
                lower.check_pattern(&text).then_some(text.value)
            }),
        })
    }

    fn factor(&mut self, fields: &Fields) -> Option<f64> {
        let node = fields.get("factor")?;
        let factor = node.text().and_then(|text| text.value.parse::<f64>().ok());
        let factor = factor.filter(|factor| factor.is_finite() && *factor >= 1.0);
        if factor.is_none() {
            self.error(node.span, "`factor` must be a number from 1", "is none");
        }
        factor
    }

    /// A word, or an exit code.
    fn class(&mut self, node: &Node) -> Option<Class> {
        let text = self.text(node, "an element of `on`")?;
        match text.value.parse::<i64>() {
            Ok(code @ 1..=255) => Some(Class::Exit(code as i32)),
            Ok(_) => {
                self.error(text.span, "an exit code in `on` is from 1 to 255", "is not");
                None
            }
            Err(_) => {
                self.meaning(&text, "what is tried again, unless it is an exit code,", &CLASSES)
            }
        }
    }

    fn lock(&mut self, node: &Node) -> Option<Lock> {
        if let Some(text) = node.text() {
            return self.named_lock(text, false, false);
        }
        let fields = self.fields(node, "a lock", &keys::LOCK)?;
        let shared = self.word(&fields, "mode", &[("exclusive", false), ("shared", true)]);
        let across = self.word(&fields, "scope", &[("run", false), ("project", true)]);
        let Some(name) = self.filled(&fields, "name") else {
            self.error(fields.span, "a lock needs a `name`", "has none");
            return None;
        };
        self.named_lock(&name, shared.unwrap_or(false), across.unwrap_or(false))
    }

    fn named_lock(&mut self, name: &Text, shared: bool, across_runs: bool) -> Option<Lock> {
        if name.value.is_empty() {
            self.error(name.span, "a lock needs a name", "is empty");
            return None;
        }
        Some(Lock { name: self.template(name)?, shared, across_runs })
    }

    fn resources(&mut self, fields: &Fields) -> Resources {
        let Some(node) = fields.get("resources") else { return Resources::default() };
        let mut all = Resources::default();
        for (name, node) in self.named(node, "`resources`") {
            let what = format!("`{}`", name.value);
            match &*name.value {
                "cpu" => all.cpu = self.number(&node, &what, 1),
                "memory" => all.memory = self.size(&node, &what),
                _ => all.pools.extend(self.number(&node, &what, 1).map(|amount| Share {
                    pool: name.value.clone(),
                    amount,
                    span: name.span,
                })),
            }
        }
        all
    }

    /// `ready` has a meaning only for what is `persistent`.
    fn server(&mut self, fields: &Fields) -> Option<Server> {
        let is_server = self.is(fields, "persistent");
        let ready = fields.get("ready").map(|node| (node.span, self.ready(node)));
        match ready {
            Some((span, _)) if !is_server => {
                self.error(span, "`ready` needs `persistent: true`", "is not that of a server");
                None
            }
            Some((_, ready)) => Some(Server { ready }),
            None => is_server.then(Server::default),
        }
    }

    fn ready(&mut self, node: &Node) -> Option<Ready> {
        let fields = self.fields(node, "`ready`", &keys::READY)?;
        let timeout = self.some_time(&fields, "timeout").unwrap_or(READY);
        let kinds = ["tcp", "http", "log", "exec"];
        let mut written = kinds.into_iter().filter(|kind| fields.get(kind).is_some());
        let (Some(kind), None) = (written.next(), written.next()) else {
            let message = "`ready` needs one of `tcp`, `http`, `log` and `exec`";
            self.error(node.span, message, "has none of them, or several");
            return None;
        };
        let text = self.filled(&fields, kind)?;
        Some(Ready { probe: self.probe(kind, &text)?, timeout })
    }

    fn probe(&mut self, kind: &str, text: &Text) -> Option<Probe> {
        let is_open = text.value.contains("{{");
        let template = self.template(text)?;
        Some(match kind {
            "tcp" if !is_open && address(&text.value).is_none() => {
                self.error(text.span, "`tcp` must be `host:port`, or a port", "is neither");
                return None;
            }
            "http" if !is_open && !text.value.starts_with("http://") => {
                self.error(text.span, "`http` must begin with `http://`", "does not");
                return None;
            }
            "log" if !self.check_pattern(text) => return None,
            "tcp" => Probe::Tcp(template),
            "http" => Probe::Http(template),
            "log" => Probe::Log(template),
            _ => Probe::Exec(template),
        })
    }
}

/// So many tries after the first, with the usual delays.
fn tries(more: u32) -> Retry {
    Retry {
        attempts: more.saturating_add(1),
        delay: Duration::from_secs(1),
        factor: 2.0,
        max_delay: Duration::from_secs(30),
        jitter: true,
        on: vec![Class::Any],
        patterns: Vec::new(),
    }
}
