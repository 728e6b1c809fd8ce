//! A second opinion: another implementation of Go's templates renders the same.

use super::{Still, vars};
use crate::source::Text;
use crate::template::Template;
use crate::value::Value;

const SNIPPETS: &[&str] = &[
    "plain text",
    "{{.WORD}} and {{.COUNT}} and {{.YES}}",
    "{{.LIST}}",
    "{{.MAP.a.deep}}",
    "{{index .LIST 1}} {{index .MAP \"a\" \"deep\"}}",
    "{{len .LIST}}{{len .WORD}}{{len .MAP}}",
    "{{if .YES}}yes{{else}}no{{end}}",
    "{{if and .YES (gt .COUNT 2)}}a{{else if .WORD}}b{{end}}",
    "{{if or (eq .WORD \"x\") (ne .COUNT 7)}}a{{else}}b{{end}}",
    "{{range .LIST}}({{.}}){{else}}none{{end}}",
    "{{range $i, $item := .LIST}}{{if $i}}, {{end}}{{$i}}:{{$item}}{{end}}",
    "{{range $key, $value := .MAP}}{{$key}} {{end}}",
    "{{range .LIST}}{{if eq . \"y\"}}{{break}}{{end}}{{.}}{{end}}",
    "{{range .LIST}}{{if eq . \"y\"}}{{continue}}{{end}}{{.}}{{end}}",
    "{{with .MAP.a}}{{.deep}}{{$.WORD}}{{end}}",
    "{{with .BLANK}}a{{else}}b{{end}}",
    "{{$x := 1}}{{range .LIST}}{{$x = .}}{{end}}{{$x}}",
    "a {{- \" b \" -}} c",
    "{{/* nothing */}}x {{- /* nothing */ -}} y",
    "{{define \"row\"}}<{{.}}>{{end}}{{range .LIST}}{{template \"row\" .}}{{end}}",
    "{{block \"it\" .COUNT}}[{{.}}]{{end}}",
    "{{printf \"%s|%5d|%-5s|%05.1f|%x|%q|%v|%t\" .WORD 42 \"ab\" 3.14159 255 \"q\" .LIST .YES}}",
    "{{print 1 2 \"a\" \"b\" 3}}{{println \"end\"}}",
    "{{.WORD | printf \"%s!\" | printf \"%q\"}}",
    "{{html \"<a href='x'>&</a>\"}}",
    "{{urlquery \"a b&c=d/e\"}}",
    "{{not .YES}} {{not 0}}",
    "{{lt 1 2}} {{le 2 2}} {{gt \"b\" \"a\"}} {{ge 1.5 2.5}} {{eq .WORD \"a\" \"river\"}}",
    "{{and 1 0 2}} {{or 0 \"\" 3}}",
    "{{(index .LIST 0) | len}}",
    "{{`raw`}}{{\"quoted\\n\"}}{{'x'}}",
    "{{0x1F}} {{0b11}} {{1_000}} {{1.25}} {{-7}}",
];

const FAILING: &[&str] = &["{{", "{{.WORD", "{{nosuch}}", "{{if}}{{end}}", "{{$x}}", "{{\"a}}"];

fn ours(text: &str) -> Result<String, String> {
    let template = Template::parse(&Text::detached(text)).map_err(|error| error.message)?;
    template.render(&vars(), &Still).map_err(|error| error.message)
}

fn converted(value: &Value) -> gotmpl::Value {
    match value {
        Value::Bool(b) => gotmpl::Value::Bool(*b),
        Value::Int(n) => gotmpl::Value::Int(*n),
        Value::Float(n) => gotmpl::Value::Float(*n),
        Value::Str(text) => text.clone().into(),
        Value::List(items) => items.iter().map(converted).collect::<Vec<_>>().into(),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, item)| (key.clone(), converted(item)));
            entries.collect::<std::collections::BTreeMap<_, _>>().into()
        }
        Value::Nil | Value::Uint(_) | Value::Time(_) | Value::Uuid(_) => gotmpl::Value::Nil,
    }
}

fn theirs(text: &str) -> Result<String, String> {
    let data = converted(&Value::Map(vars().flatten().into()));
    gotmpl::Template::new("t")
        .parse(text)
        .and_then(|template| template.execute_to_string(&data))
        .map_err(|error| error.to_string())
}

#[test]
fn another_implementation_renders_the_same() {
    for text in SNIPPETS {
        assert_eq!(
            ours(text).as_ref().map_err(String::as_str),
            theirs(text).as_ref().map_err(String::as_str),
            "{text}"
        );
    }
}

#[test]
fn another_implementation_refuses_the_same() {
    for text in FAILING {
        assert!(ours(text).is_err() && theirs(text).is_err(), "{text}");
    }
}
