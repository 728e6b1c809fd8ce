//! JSON written by hand where much of it is written, byte for byte as serde_json would write it.
//!
//! Serde stays the reader and says what is right: what is rare is left to it, and tests compare the rest.

use crate::id::TaskId;

use super::{Event, Frame, Kind, Outcome, Role, Usage};

/// Adds to a text.
#[derive(Debug)]
pub(crate) struct Json<'a>(pub(crate) &'a mut Vec<u8>);

impl Json<'_> {
    /// What is JSON already: brackets, keys, a piece of a file.
    pub(crate) fn raw(&mut self, json: &str) -> &mut Self {
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    pub(crate) fn number(&mut self, number: impl itoa::Integer) -> &mut Self {
        self.raw(itoa::Buffer::new().format(number))
    }

    pub(crate) fn flag(&mut self, flag: bool) -> &mut Self {
        self.raw(if flag { "true" } else { "false" })
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        if is_plain(text) {
            self.0.reserve(text.len() + 2);
            return self.raw("\"").raw(text).raw("\"");
        }
        self.other(text)
    }

    /// What a made id consists of needs no escape.
    fn id(&mut self, id: &TaskId) -> &mut Self {
        match id.parts() {
            (head, Some(counter)) => {
                self.raw("\"").raw(head).raw(TaskId::zeros(counter)).number(counter).raw("\"")
            }
            (text, None) => self.text(text),
        }
    }

    pub(crate) fn texts(&mut self, texts: &[impl AsRef<str>]) -> &mut Self {
        self.raw("[");
        for (place, text) in texts.iter().enumerate() {
            self.raw(if place > 0 { "," } else { "" }).text(text.as_ref());
        }
        self.raw("]")
    }

    /// Whatever serde can write as JSON without failing.
    pub(crate) fn other(&mut self, value: &(impl serde::Serialize + ?Sized)) -> &mut Self {
        let written = serde_json::to_writer(&mut *self.0, value);
        debug_assert!(written.is_ok(), "{written:?}");
        self
    }
}

/// Whether a text between quotes is that text in JSON.
pub(crate) fn is_plain(text: &str) -> bool {
    // Without a branch in it, so that many bytes are looked at at once.
    let has_special = |bytes: &[u8]| {
        let special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
        bytes.iter().fold(false, |any, &byte| any | special(byte))
    };
    let (chunks, rest) = text.as_bytes().as_chunks::<16>();
    !chunks.iter().any(|chunk| has_special(chunk)) && !has_special(rest)
}

impl Event {
    /// Adds the event to `text`: a JSON object in a line.
    ///
    /// # Errors
    ///
    /// When a path is not UTF-8; nothing is added then.
    pub fn write_line(&self, text: &mut Vec<u8>) -> serde_json::Result<()> {
        let before = text.len();
        if !self.write_frequent(&mut Json(text)) {
            text.truncate(before);
            if let Err(error) = serde_json::to_writer(&mut *text, self) {
                text.truncate(before);
                return Err(error);
            }
        }
        text.push(b'\n');
        Ok(())
    }

    /// What happens to every task; `false`: something else happened.
    fn write_frequent(&self, json: &mut Json) -> bool {
        json.raw(r#"{"at":"#).number(self.at.0);
        match &self.kind {
            Kind::Added { unit, parent, role, task, id, words } => {
                json.raw(r#","event":"added","unit":"#).number(unit.0);
                json.raw(r#","parent":"#).number(parent.0);
                json.raw(r#","role":""#).raw(role.word());
                json.raw(r#"","task":"#).text(task).raw(r#","id":"#).id(id);
                if let Some(words) = words {
                    json.raw(r#","words":"#).texts(words);
                }
            }
            Kind::Began { unit, attempt } => {
                json.raw(r#","event":"began","unit":"#).number(unit.0);
                json.raw(r#","attempt":"#).number(*attempt);
            }
            Kind::LogCreated { unit, attempt, path } => {
                let Some(path) = path.to_str() else { return false };
                json.raw(r#","event":"log_created","unit":"#).number(unit.0);
                json.raw(r#","attempt":"#).number(*attempt).raw(r#","path":"#).text(path);
            }
            Kind::Started { unit, attempt, echo, captured, alone, frame } => {
                json.raw(r#","event":"started","unit":"#).number(unit.0);
                json.raw(r#","attempt":"#).number(*attempt).raw(r#","echo":"#);
                match echo {
                    Some(echo) => json.text(echo),
                    None => json.raw("null"),
                };
                json.raw(r#","captured":"#).flag(*captured).raw(r#","alone":"#).flag(*alone);
                frame.write(json);
            }
            Kind::Output { unit, task, attempt, stream, offset, length } => {
                json.raw(r#","event":"output","unit":"#).number(unit.0);
                json.raw(r#","task":"#).number(task.0);
                json.raw(r#","attempt":"#).number(*attempt);
                json.raw(r#","stream":"#).other(stream);
                json.raw(r#","offset":"#).number(*offset).raw(r#","length":"#).number(*length);
            }
            Kind::Finished { unit, outcome, ignored, wall, usage } => {
                json.raw(r#","event":"finished","unit":"#).number(unit.0).raw(r#","outcome":"#);
                match outcome {
                    Outcome::Succeeded => json.raw(r#""succeeded""#),
                    outcome => json.other(outcome),
                };
                json.raw(r#","ignored":"#).flag(*ignored).raw(r#","wall":"#).number(*wall);
                json.raw(r#","usage":"#);
                match usage {
                    Some(usage) => usage.write(json),
                    None => drop(json.raw("null")),
                }
            }
            _ => return false,
        }
        json.raw("}");
        true
    }
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Role::Run => "run",
            Role::Task => "task",
            Role::Command => "command",
            Role::Deferred => "deferred",
        }
    }
}

impl Frame {
    fn write(&self, json: &mut Json) {
        let texts = [("prefix", &self.prefix), ("begin", &self.begin), ("end", &self.end)];
        let mut between = r#","frame":{""#;
        for (key, text) in texts {
            if let Some(text) = text {
                json.raw(between).raw(key).raw(r#"":"#).text(text);
                between = r#",""#;
            }
        }
        if self.open {
            json.raw(between).raw(r#"open":true"#);
        }
        if !self.is_empty() {
            json.raw("}");
        }
    }
}

impl Usage {
    fn write(&self, json: &mut Json) {
        let Usage { user, system, memory, read, written } = *self;
        json.raw(r#"{"user":"#).number(user).raw(r#","system":"#).number(system);
        json.raw(r#","memory":"#).number(memory).raw(r#","read":"#).number(read);
        json.raw(r#","written":"#).number(written).raw("}");
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::PathBuf;
    use std::sync::Arc;

    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::event::{At, Decision, Failure, Level, Status, Stream, Why};
    use crate::id::{RunId, TaskIds, UnitId};

    /// Plain ones, and all that has to be escaped or could be taken for it.
    fn text() -> impl Strategy<Value = Arc<str>> {
        prop_oneof![
            "[a-z0-9:_-]{0,40}",
            ".{0,40}",
            "[\\x00-\\x7f\u{80}-\u{9f}\u{2028}\u{2029}\u{fffd}\u{1f600}]{0,40}",
            "[a-z]{0,33}[\"\\\\\n\x1b\x7f][a-z]{0,33}",
        ]
        .prop_map(Arc::from)
    }

    fn texts() -> impl Strategy<Value = Vec<Arc<str>>> {
        vec(text(), 0..3)
    }

    fn unit() -> impl Strategy<Value = UnitId> {
        any::<u32>().prop_map(UnitId)
    }

    fn status() -> impl Strategy<Value = Status> {
        prop_oneof![any::<i32>().prop_map(Status::Code), any::<i32>().prop_map(Status::Signal)]
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        let failure = prop_oneof![
            status().prop_map(Failure::Exit),
            unit().prop_map(Failure::Below),
            text().prop_map(|reason| Failure::Spawn(reason.to_string())),
            Just(Failure::TimedOut),
            Just(Failure::Stalled),
            status().prop_map(Failure::StoppedServing),
            Just(Failure::NotReady),
            (any::<i32>(), text())
                .prop_map(|(code, text)| Failure::Refused { code, message: text.to_string() }),
        ];
        prop_oneof![
            4 => Just(Outcome::Succeeded),
            1 => Just(Outcome::UpToDate),
            1 => Just(Outcome::Omitted),
            4 => failure.prop_map(Outcome::Failed),
            1 => unit().prop_map(Outcome::Skipped),
            1 => Just(Outcome::Cancelled),
        ]
    }

    fn usage() -> impl Strategy<Value = Usage> {
        any::<[u64; 5]>().prop_map(|[user, system, memory, read, written]| Usage {
            user,
            system,
            memory,
            read,
            written,
        })
    }

    fn frame() -> impl Strategy<Value = Frame> {
        let some = (option::of(text()), option::of(text()), option::of(text()), any::<bool>())
            .prop_map(|(prefix, begin, end, open)| Frame { prefix, begin, end, open });
        prop_oneof![Just(Frame::default()), some]
    }

    fn role() -> impl Strategy<Value = Role> {
        use Role::{Command, Deferred, Run, Task};
        prop::sample::select(vec![Run, Task, Command, Deferred])
    }

    fn id() -> impl Strategy<Value = TaskId> {
        let made = (0..1_100).prop_map(|before| {
            let ids = TaskIds::new("é p", "w", "20260102", "030405", 1);
            (0..before).for_each(|_| drop(ids.next()));
            ids.next()
        });
        prop_oneof![made, text().prop_map(|text| TaskId::from(&*text))]
    }

    /// What happens to every task.
    fn frequent() -> impl Strategy<Value = Kind> {
        let path = text().prop_map(|text| PathBuf::from(&*text));
        let words = option::of(texts().prop_map(Arc::from));
        let stream = prop::sample::select(vec![Stream::Stdout, Stream::Stderr]);
        prop_oneof![
            (unit(), unit(), role(), text(), id(), words).prop_map(
                |(unit, parent, role, task, id, words)| Kind::Added {
                    unit,
                    parent,
                    role,
                    task,
                    id,
                    words
                }
            ),
            (unit(), any::<u32>()).prop_map(|(unit, attempt)| Kind::Began { unit, attempt }),
            (unit(), any::<u32>(), path).prop_map(|(unit, attempt, path)| Kind::LogCreated {
                unit,
                attempt,
                path
            }),
            (unit(), any::<u32>(), option::of(text()), any::<[bool; 2]>(), frame()).prop_map(
                |(unit, attempt, echo, [captured, alone], frame)| Kind::Started {
                    unit,
                    attempt,
                    echo,
                    captured,
                    alone,
                    frame
                }
            ),
            (unit(), unit(), any::<u32>(), stream, any::<[u64; 2]>()).prop_map(
                |(unit, task, attempt, stream, [offset, length])| Kind::Output {
                    unit,
                    task,
                    attempt,
                    stream,
                    offset,
                    length
                }
            ),
            (unit(), outcome(), any::<bool>(), any::<u64>(), option::of(usage())).prop_map(
                |(unit, outcome, ignored, wall, usage)| Kind::Finished {
                    unit,
                    outcome,
                    ignored,
                    wall,
                    usage
                }
            ),
        ]
    }

    /// All the rest, made of the same few things.
    fn rare() -> impl Strategy<Value = Kind> {
        let level = prop::sample::select(vec![Level::Verbose, Level::Info, Level::Error]);
        let decision = option::of(Just(Decision::RequestChanges));
        let parts = (unit(), any::<[u32; 2]>(), any::<[u64; 3]>(), any::<bool>());
        let texts = (text(), texts());
        (parts, texts, level, outcome(), decision).prop_flat_map(
            |(
                (unit, [attempt, jobs], [delay, wall, limit], flag),
                (text, tasks),
                level,
                outcome,
                decision,
            )| {
                let (root, run) = (PathBuf::from(&*text), RunId(text.clone()));
                let (stage, by, round, at_once) = (text.clone(), text.clone(), attempt, jobs);
                prop::sample::select(vec![
                    Kind::RunStarted {
                        version: jobs,
                        run,
                        tasks: tasks.clone(),
                        jobs,
                        parallel: flag,
                        unix_ms: wall,
                        root,
                    },
                    Kind::Message { unit: flag.then_some(unit), level, text: text.clone() },
                    Kind::TimedOut { unit, limit },
                    Kind::Stalled { unit, limit, is_stopped: flag },
                    Kind::Retrying { unit, attempt, outcome: outcome.clone(), delay },
                    Kind::Flaky { unit, attempts: attempt },
                    Kind::Heartbeat { unit },
                    Kind::Ready { unit },
                    Kind::PutAside { unit, outcome: outcome.clone() },
                    Kind::OnlyParallel { unit, beside: tasks.clone() },
                    Kind::StageBegan { unit, stage: stage.clone(), round, tasks, at_once },
                    Kind::SentBack { unit, stage: stage.clone(), round, task: text, by },
                    Kind::Decided { unit, stage, round, decision },
                    Kind::Cancelling { why: Why::Signal(attempt as i32) },
                    Kind::RunFinished { outcome, wall, sequential: limit },
                ])
            },
        )
    }

    proptest! {
        #[test]
        fn a_line_is_what_serde_writes_and_reads(
            at in any::<u64>(),
            kind in prop_oneof![3 => frequent(), 1 => rare()],
            before in vec(any::<u8>(), 0..3),
        ) {
            let event = Event { at: At(at), kind };
            let mut line = before.clone();
            event.write_line(&mut line).expect("paths are UTF-8");
            let json = serde_json::to_string(&event).expect("paths are UTF-8");
            let line = std::str::from_utf8(&line[before.len()..]).expect("UTF-8");
            prop_assert_eq!(line, json + "\n");
            prop_assert_eq!(serde_json::from_str::<Event>(line).expect("JSON"), event);
        }

        #[test]
        fn texts_are_written_as_serde_writes_them(texts in texts()) {
            let mut written = Vec::new();
            Json(&mut written).texts(&texts);
            prop_assert_eq!(written, serde_json::to_vec(&texts).expect("texts"));
        }
    }

    #[test]
    fn of_what_cannot_be_written_nothing_is() {
        let path = PathBuf::from(OsStr::from_bytes(b"\xff"));
        let kind = Kind::LogCreated { unit: UnitId(1), attempt: 1, path };
        let mut text = b"before".to_vec();
        assert!(Event { at: At(0), kind }.write_line(&mut text).is_err());
        assert_eq!(text, b"before");
    }
}
