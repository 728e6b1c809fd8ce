//! A plan as a graph for programs that draw: Graphviz and Mermaid.

use super::view::{TaskLine, View};

fn lines(view: &View) -> impl Iterator<Item = &TaskLine> {
    view.levels.iter().flatten()
}

/// Each edge from who is waited for to who waits, and whether it is on the critical path.
pub(super) fn edges(view: &View) -> Vec<(u32, u32, bool)> {
    let critical = |unit: u32| lines(view).any(|line| line.unit == unit && line.is_critical);
    let of = |line: &TaskLine| {
        let edge = |&from: &u32| (from, line.unit, line.is_critical && critical(from));
        line.after.iter().map(edge).collect::<Vec<_>>()
    };
    lines(view).flat_map(of).collect()
}

/// For `dot -Tsvg`. The critical path is thick, what is uncertain dashed.
pub(super) fn dot(view: &View) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let mut text = String::from("digraph plan {\n  rankdir=LR;\n  node [shape=box];\n");
    for line in lines(view) {
        let mut looks = String::new();
        if line.is_critical {
            looks += ", penwidth=2";
        }
        if !line.uncertain.is_empty() {
            looks +=
                &format!(", style=dashed, tooltip=\"{}\"", escaped(&line.uncertain.join("; ")));
        }
        let (name, time) = (escaped(&line.name), view.time(line.seconds));
        text += &format!("  n{} [label=\"{name}\\n{time}\"{looks}];\n", line.unit);
    }
    for (from, to, is_critical) in edges(view) {
        let looks = if is_critical { " [penwidth=2]" } else { "" };
        text += &format!("  n{from} -> n{to}{looks};\n");
    }
    text + "}\n"
}

/// For a `mermaid` block of Markdown. The critical path is thick, what is uncertain dashed.
pub(super) fn mermaid(view: &View) -> String {
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let mut text = String::from("flowchart LR\n");
    for line in lines(view) {
        let (name, time) = (escaped(&line.name), view.time(line.seconds));
        text += &format!("  n{}[\"{name}<br>{time}\"]\n", line.unit);
    }
    for (from, to, is_critical) in edges(view) {
        let arrow = if is_critical { "==>" } else { "-->" };
        text += &format!("  n{from} {arrow} n{to}\n");
    }
    let mut class = |name: &str, looks: &str, is_in: &dyn Fn(&TaskLine) -> bool| {
        let nodes: Vec<String> =
            lines(view).filter(|line| is_in(line)).map(|line| format!("n{}", line.unit)).collect();
        if !nodes.is_empty() {
            text += &format!("  classDef {name} {looks}\n  class {} {name}\n", nodes.join(","));
        }
    };
    class("critical", "stroke-width:3px", &|line| line.is_critical);
    class("uncertain", "stroke-dasharray:4", &|line| !line.uncertain.is_empty());
    text
}
