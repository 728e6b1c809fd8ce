//! A plan as one page that a browser shows without anything else.

use super::picture::edges;
use super::view::{TaskLine, View};

const BOX: (usize, usize) = (200, 46);
const GAP: (usize, usize) = (70, 16);

/// The page: a picture, the sums, a table.
pub(super) fn html(view: &View) -> String {
    let title = escaped(&view.tasks.join(" "));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Plan: {title}</title>\n<style>\n{STYLE}</style>\n<h1>Plan: {title}</h1>\n{}<ul>\n{}</ul>\n{}</html>\n",
        picture(view),
        sums(view),
        table(view),
    )
}

const STYLE: &str = "\
  body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }
  svg { max-width: 100%; height: auto }
  rect { fill: #eef3fb; stroke: #4a6da7 }
  rect.critical { stroke: #b3261e; stroke-width: 2.5 }
  rect.uncertain { stroke-dasharray: 4 }
  path { fill: none; stroke: #888 }
  path.critical { stroke: #b3261e; stroke-width: 2 }
  text { font: 13px system-ui, sans-serif; fill: #222 }
  text.time { fill: #666 }
  table { border-collapse: collapse }
  td, th { border: 1px solid #ccc; padding: 3px 8px; text-align: left; vertical-align: top }
  @media (prefers-color-scheme: dark) {
    body { background: #161616; color: #ddd } rect { fill: #24304a } text { fill: #ddd } text.time { fill: #aaa }
  }
";

/// Levels from left to right.
fn picture(view: &View) -> String {
    let tallest = view.levels.iter().map(Vec::len).max().unwrap_or(0);
    let (width, height) =
        (view.levels.len() * (BOX.0 + GAP.0) + GAP.1, tallest * (BOX.1 + GAP.1) + GAP.1);
    let mut boxes = String::new();
    let mut places = std::collections::HashMap::new();
    for (level, lines) in view.levels.iter().enumerate() {
        for (at, line) in lines.iter().enumerate() {
            let (x, y) = (GAP.1 + level * (BOX.0 + GAP.0), GAP.1 + at * (BOX.1 + GAP.1));
            places.insert(line.unit, (x, y));
            boxes += &node(view, line, x, y);
        }
    }
    let mut ways = String::new();
    for (from, to, is_critical) in edges(view) {
        let (Some(from), Some(to)) = (places.get(&from), places.get(&to)) else { continue };
        let (x, y) = (from.0 + BOX.0, from.1 + BOX.1 / 2);
        let (end, level) = (to.0, to.1 + BOX.1 / 2);
        let (near, far) = (x + GAP.0 / 2, end.saturating_sub(GAP.0 / 2));
        let class = if is_critical { " class=\"critical\"" } else { "" };
        ways += &format!("<path{class} d=\"M{x} {y} C{near} {y} {far} {level} {end} {level}\"/>\n");
    }
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n{ways}{boxes}</svg>\n"
    )
}

fn node(view: &View, line: &TaskLine, x: usize, y: usize) -> String {
    let mut class = Vec::new();
    class.extend(line.is_critical.then_some("critical"));
    class.extend((!line.uncertain.is_empty()).then_some("uncertain"));
    let name = escaped(&crate::term::truncate(&line.name, 26));
    let (left, first, second) = (x + 10, y + 19, y + 36);
    format!(
        "<g><title>{}</title><rect class=\"{}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"5\"/><text x=\"{left}\" y=\"{first}\">{name}</text><text class=\"time\" x=\"{left}\" y=\"{second}\">{}</text></g>\n",
        escaped(&line.name),
        class.join(" "),
        BOX.0,
        BOX.1,
        view.time(line.seconds),
    )
}

fn sums(view: &View) -> String {
    let item = |name: &str, value: String| format!("<li>{name}: {}</li>\n", escaped(&value));
    [
        item("critical path", view.critical_path.join(" → ")),
        item("one after the other", view.time(view.sequential)),
        item("in parallel", view.time(view.parallel)),
        item("with room for everything", view.time(view.fastest)),
        item("speed-up", format!("{:.2}×", view.speed_up())),
    ]
    .concat()
}

fn table(view: &View) -> String {
    let mut rows = String::new();
    for (level, line) in
        view.levels.iter().enumerate().flat_map(|(n, l)| l.iter().map(move |l| (n, l)))
    {
        let cells = [
            (level + 1).to_string(),
            line.name.clone(),
            line.description.clone(),
            view.time(line.seconds),
            line.needs.join(", "),
            line.uncertain.join("; "),
        ];
        let cells: String =
            cells.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
        rows += &format!("<tr>{cells}</tr>\n");
    }
    for (task, reason) in &view.open {
        rows += &format!(
            "<tr><td></td><td>{}</td><td colspan=\"4\">known only in the run: {}</td></tr>\n",
            escaped(task),
            escaped(reason)
        );
    }
    format!(
        "<table>\n<tr><th>Level</th><th>Task</th><th>What for</th><th>Time</th><th>After</th><th>Uncertain</th></tr>\n{rows}</table>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
