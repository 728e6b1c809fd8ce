//! Templates as a whole: semantics, places of errors, limits.

mod functions;
mod oracle;
mod properties;

use super::*;
use crate::source::{FileId, Layout, Span};

/// A world that never changes.
pub struct Still;

impl Facts for Still {
    fn env(&self, key: &str) -> Option<String> {
        (key == "HOME").then(|| "/home/u".into())
    }

    fn cwd(&self) -> PathBuf {
        "/w/d".into()
    }

    fn now(&self) -> i128 {
        1_709_647_629_012_000_000
    }

    fn chance(&self) -> u128 {
        u128::MAX / 7
    }

    fn cpus(&self) -> usize {
        8
    }
}

/// Variables of every type.
pub fn vars() -> Vars {
    let inner = Value::map([("deep".into(), "sea".into())]);
    let person = |name: &str, age| {
        Value::map([("name".into(), name.into()), ("age".into(), Value::Int(age))])
    };
    let mut vars = Vars::default();
    vars.set("WORD", "river".into());
    vars.set("COUNT", Value::Int(4));
    vars.set("RATIO", Value::Float(0.25));
    vars.set("YES", true.into());
    vars.set("NOTHING", Value::Nil);
    vars.set("BLANK", "".into());
    vars.set("LIST", Value::list(["x".into(), "y".into(), "z".into()]));
    vars.set("MAP", Value::map([("b-c".into(), Value::Int(2)), ("a".into(), inner)]));
    vars.set("PEOPLE", Value::list([person("ann", 30), person("bob", 40)]));
    vars
}

/// What a template renders to, or the message of its error.
pub fn render(text: &str) -> String {
    let template = Template::parse(&Text::detached(text));
    match template.and_then(|template| template.render(&vars(), &Still)) {
        Ok(rendered) => rendered,
        Err(diagnostic) => format!("! {}", diagnostic.message),
    }
}

/// Checks pairs of template and result.
pub fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(render(text), *expected, "{text}");
    }
}

#[test]
fn values_are_printed_as_go_prints_them() {
    check(&[
        ("{{.WORD}} {{.COUNT}} {{.RATIO}} {{.YES}}", "river 4 0.25 true"),
        ("{{.LIST}} {{.MAP}}", "[x y z] map[a:map[deep:sea] b-c:2]"),
        ("{{1.50}} {{0x10}} {{'b'}} {{-2}} {{1e7}}", "1.5 16 98 -2 1e+07"),
        ("{{`a\\b`}}{{\"\\t|\\u00e9\"}}", "a\\b\t|é"),
        ("{{print nil}}{{print 1 2 \"a\" 3}}", "<nil>1 2a3"),
    ]);
}

#[test]
fn what_is_not_there_is_nothing() {
    check(&[
        ("[{{.NO}}{{.NO.x.y}}{{.MAP.no.x}}{{.NOTHING}}{{.NOTHING.x}}]", "[]"),
        ("{{if .NO.x}}a{{else}}b{{end}}{{with .NO}}c{{else}}d{{end}}", "bd"),
        ("{{range .NO}}a{{else}}none{{end}}", "none"),
        ("a<no value>b{{.BLANK}}", "ab"),
    ]);
}

#[test]
fn trim_markers_and_comments_leave_no_trace() {
    check(&[
        ("a  {{- .COUNT -}}  b", "a4b"),
        ("a\n{{/* one\ntwo */ -}}\n b", "a\nb"),
        ("{{- /* x */ -}}", ""),
        ("x {{ .COUNT\n}} y", "x 4 y"),
    ]);
}

#[test]
fn conditions_chain() {
    check(&[
        ("{{if eq .COUNT 3}}a{{else if eq .COUNT 4}}b{{else}}c{{end}}", "b"),
        ("{{with .NO}}a{{else with .WORD}}{{.}}{{else}}c{{end}}", "river"),
        ("{{and 1 .BLANK (fail \"no\")}}|{{or 0 \"x\" (fail \"no\")}}", "|x"),
        ("{{if not (and .YES (gt .COUNT 3))}}a{{else}}b{{end}}", "b"),
    ]);
}

#[test]
fn ranges_go_over_lists_maps_and_numbers() {
    check(&[
        ("{{range .LIST}}<{{.}}>{{end}}", "<x><y><z>"),
        ("{{range $i, $v := .LIST}}{{$i}}{{$v}}{{end}}", "0x1y2z"),
        ("{{range $k, $v := .MAP}}{{$k}};{{end}}", "a;b-c;"),
        (
            "{{range 3}}{{.}}{{end}}{{range $n := 2}}{{$n}}{{end}}{{range 0}}x{{else}}-{{end}}",
            "01201-",
        ),
        ("{{range .LIST}}{{if eq . \"y\"}}{{continue}}{{end}}{{.}}{{end}}", "xz"),
        ("{{range .LIST}}{{if eq . \"y\"}}{{break}}{{end}}{{.}}{{end}}", "x"),
        (
            "{{range .PEOPLE}}{{.name}} {{.age}} in {{$.WORD}};{{end}}",
            "ann 30 in river;bob 40 in river;",
        ),
        ("{{$last := 0}}{{range $last = .LIST}}{{end}}{{$last}}", "z"),
        (
            "{{range \"ab\"}}{{end}}",
            "! template: :1:8: executing \"\" at <\"ab\">: range can't iterate over ab",
        ),
    ]);
}

#[test]
fn variables_live_to_the_end_of_their_block() {
    check(&[
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}", "32"),
        ("{{$x := .PEOPLE}}{{(index $x 1).name}}", "bob"),
        ("{{if true}}{{$y := 1}}{{end}}{{$y}}", "! template: :1: undefined variable \"$y\""),
    ]);
}

#[test]
fn templates_call_templates() {
    check(&[
        ("{{define \"t\"}}[{{.}}{{$}}]{{end}}{{template \"t\" .WORD}}", "[riverriver]"),
        ("{{block \"t\" .MAP}}{{.a.deep}}{{end}}{{template \"t\" .MAP}}", "seasea"),
        ("{{define \"t\"}}{{.WORD}}{{end}}{{template \"t\" .}}{{template \"t\"}}", "river"),
        (
            "{{template \"u\"}}{{define \"t\"}}{{end}}",
            "! template: :1:11: executing \"\" at <\"u\">: template \"u\" not defined",
        ),
    ]);
}

#[test]
fn pipelines_hand_on_their_value() {
    check(&[
        ("{{.WORD | printf \"%s-%s\" \"a\" | len}}", "7"),
        ("{{(printf \"%03d\" .COUNT) | printf \"%q\"}}", "\"004\""),
        ("{{(index .PEOPLE 0).name | upper}} {{(dict \"a\" (list 1 2)).a}}", "ANN [1 2]"),
        ("{{.WORD |}} {{round 1 2.0}}", "river 1"),
        ("{{1 | 2}}", "! template: :1: non executable command in pipeline stage 2"),
    ]);
}

#[test]
fn a_map_that_is_set_is_set_for_all_who_hold_it() {
    check(&[
        ("{{$d := dict}}{{$e := $d}}{{$_ := set $d \"k\" 1}}{{$e}}", "map[k:1]"),
        ("{{$d := dict \"in\" (dict)}}{{$_ := set $d.in \"k\" 1}}{{$d}}", "map[in:map[k:1]]"),
        ("{{$_ := set .MAP \"n\" 1}}{{.MAP.n}}{{$.MAP.n}}{{(index . \"MAP\").n}}", "111"),
        ("{{$_ := unset $.MAP \"a\"}}{{.MAP}}", "map[b-c:2]"),
        ("{{with .MAP}}{{$_ := set . \"n\" 1}}{{.n}}{{end}}", "1"),
        ("{{range .PEOPLE}}{{$_ := set . \"age\" 1}}{{.age}}{{end}}", "11"),
    ]);
}

fn located(source: &str, value: &str, layout: Layout) -> (String, String) {
    let span = Span::new(FileId(0), 0, source.len());
    let text = Text { value: value.into(), span, layout };
    let rendered = Template::parse(&text).and_then(|template| template.render(&vars(), &Still));
    let diagnostic = rendered.unwrap_err();
    let at = diagnostic.labels[0].span;
    (diagnostic.message, source[at.start as usize..at.end as usize].into())
}

#[test]
fn errors_point_into_the_file() {
    let source = "k: 'a {{.WORD.x}}'";
    let (message, at) = located(source, "a {{.WORD.x}}", Layout::Verbatim(4));
    assert_eq!(
        message,
        "template: :1:9: executing \"\" at <.WORD.x>: can't evaluate field x in type string"
    );
    assert_eq!(at, ".WORD.x");
    let source = "k: |\n  a\n  {{index .LIST 7 }}\n";
    let layout = Layout::block(source, 5, 2, 2);
    let (message, at) = located(source, "a\n{{index .LIST 7 }}\n", layout);
    assert_eq!(
        message,
        "template: :2:2: executing \"\" at <index .LIST 7>: error calling index: index out of range: 7"
    );
    assert_eq!(at, "index .LIST 7");
    let (message, at) = located("{{if .X}}a", "{{if .X}}a", Layout::Verbatim(0));
    assert_eq!((message.as_str(), at.as_str()), ("template: :1: unexpected EOF", "{{if .X}}"));
}

#[test]
fn slips_of_the_pen_are_mended() {
    let help = |text: &str| Template::parse(&Text::detached(text)).unwrap_err().help;
    assert_eq!(help("{{.X | uper}}"), ["did you mean `upper`?"]);
    assert_eq!(help("{{$count := 1}}{{$coumt}}"), ["did you mean `$count`?"]);
}

#[test]
fn what_go_refuses_is_refused() {
    check(&[
        ("{{.X", "! template: :1: unclosed action"),
        ("{{end}}", "! template: :1: unexpected {{end}}"),
        ("a\n{{if}}{{end}}", "! template: :2: missing value for if"),
        ("{{break}}", "! template: :1: {{break}} outside {{range}}"),
        ("{{.X..Y}}", "! template: :1: unexpected <.> in operand"),
        ("{{\"x}}", "! template: :1: unterminated quoted string"),
        ("{{(1}}", "! template: :1: unclosed left paren"),
        ("{{1)}}", "! template: :1: unexpected right paren"),
        ("{{if .X}}{{else}}{{else}}{{end}}", "! template: :1: expected end; found {{else}}"),
        ("{{ /* x */}}", "! template: :1: unrecognized character in action: U+002F '/'"),
        ("{{| .WORD}}", "! template: :1: unexpected <|> in operand"),
        ("{{nil}}", "! template: :1:2: executing \"\" at <nil>: nil is not a command"),
        ("{{upper 3}}", "! template: :1:8: executing \"\" at <3>: expected string; found 3"),
        (
            "{{.COUNT | upper}}",
            "! template: :1:11: executing \"\" at <upper>: wrong type for value; expected string; got int",
        ),
        (
            "{{len}}",
            "! template: :1:2: executing \"\" at <len>: wrong number of args for len: want 1 got 0",
        ),
        (
            "{{eq .COUNT 4.0}}",
            "! template: :1:2: executing \"\" at <eq .COUNT 4.0>: error calling eq: incompatible types for comparison",
        ),
    ]);
}

#[test]
fn an_expression_keeps_its_type() {
    let value = |text: &str| {
        Template::parse_expression(&Text::detached(text))
            .and_then(|expression| expression.evaluate(&vars(), &Still))
            .unwrap()
    };
    assert_eq!(value(".LIST"), Value::list(["x".into(), "y".into(), "z".into()]));
    assert_eq!(value("index .PEOPLE 0 \"age\" | add 1"), Value::Int(31));
    assert_eq!(value(".NO"), Value::Nil);
    assert_eq!(value("."), Value::Map(Arc::new(vars().flatten())));
}

#[test]
fn texts_inside_values_are_rendered() {
    let given = Value::map([
        ("{{.WORD}}".into(), Value::list(["{{.WORD}}".into(), Value::Int(1)])),
        ("b".into(), "plain".into()),
    ]);
    let expected = Value::map([
        ("{{.WORD}}".into(), Value::list(["river".into(), Value::Int(1)])),
        ("b".into(), "plain".into()),
    ]);
    assert_eq!(render_value(&given, &vars(), &Still).unwrap(), expected);
}

#[test]
fn a_template_knows_what_it_reads() {
    let reads = |text: &str| {
        let template = Template::parse(&Text::detached(text)).unwrap();
        let names: Vec<String> = template.reads().into_iter().map(str::to_string).collect();
        (names.join(" "), template.reads_everything())
    };
    assert_eq!(reads("plain"), (String::new(), false));
    assert_eq!(reads("{{.B.x}}{{.A}}{{if $.C}}{{(.D).e}}{{end}}"), ("A B C D".into(), false));
    assert_eq!(reads("{{range .L}}{{.x}}{{$.M}}{{else}}{{.E}}{{end}}"), ("E L M".into(), false));
    assert_eq!(reads("{{define \"t\"}}{{.T}}{{end}}{{template \"t\" .}}"), ("T".into(), false));
    assert_eq!(reads("{{index . \"K\"}}{{get $ \"G\"}}"), ("G K".into(), false));
    assert_eq!(reads("{{keys .}}"), (String::new(), true));
}

#[test]
fn nesting_ends_in_an_error_before_the_stack_does() {
    let parens = |n: usize| format!("{{{{{}1{}}}}}", "(print ".repeat(n), ")".repeat(n));
    assert_eq!(render(&parens(190)), "1");
    assert!(render(&parens(100_000)).contains("nested more than"));
    let ifs = |n: usize| format!("{}1{}", "{{if 1}}".repeat(n), "{{end}}".repeat(n));
    assert_eq!(render(&ifs(190)), "1");
    assert!(render(&ifs(100_000)).contains("nested more than"));
    let recursion = format!(
        "{{{{define \"t\"}}}}{}{{{{template \"t\" {}.{}}}}}{}{{{{end}}}}{{{{template \"t\"}}}}",
        "{{range 1}}".repeat(150),
        "(print ".repeat(40),
        ")".repeat(40),
        "{{end}}".repeat(150)
    );
    assert!(render(&recursion).contains("exceeded maximum template depth"));
}

#[test]
fn values_that_grow_without_end_are_refused() {
    check(&[
        (
            "{{range 1000000000}}{{end}}",
            "! template: :1:8: executing \"\" at <1000000000>: the template does not come to an end",
        ),
        (
            "{{repeat 100000000 .WORD}}",
            "! template: :1:2: executing \"\" at <repeat 100000000 .WORD>: error calling repeat: the result would be larger than 64 MiB",
        ),
        (
            "{{$x := list 1}}{{range 1000}}{{$x = list $x}}{{end}}",
            "! template: :1:37: executing \"\" at <list $x>: the value is too large or nests too deep",
        ),
        (
            "{{$x := list 1}}{{range 1000}}{{$x = list $x $x}}{{end}}",
            "! template: :1:37: executing \"\" at <list $x $x>: the value is too large or nests too deep",
        ),
        (
            "{{$x := repeat 1000000 \"x\"}}{{range 100}}{{$x}}{{end}}",
            "! template: :1:43: executing \"\" at <$x>: the output is larger than 64 MiB",
        ),
    ]);
}
