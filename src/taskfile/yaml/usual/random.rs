//! Random texts: lines as they stand in Taskfiles, whole documents, and these with faults.

use proptest::prelude::*;

use super::super::cut::Cut;

fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(of)
}

#[rustfmt::skip]
const KEYS: &[&str] = &["a: ", "a: ", "b: ", "cmds: ", "ä→: ", "'k''': ", "\"k\": ", "a b:  ", "a:b: ", "~: ", "<<: ", "-k: "];
#[rustfmt::skip]
const ODD_KEYS: &[&str] = &["", "k:", "k :", "'k' : ", "\"\\\"\": ", "\"\\x41\": ", "'k", "[a]: ", "k:v", "k:\t", "&a k: ", "? ", ": ", "---", "..."];
#[rustfmt::skip]
const VALUES: &[&str] = &[
    "", "", "x", "x y", "x  y ", "ä", "http://x", "~", "null", "NULL", "a#b", "a:b", "5", "true", "-1", "a - b", "x {{.A}} y", "\\n",
    "$x", "x # c", "=", "x, y", "x]", "x'y", "x\"y", "<x", "-", "''", "'x'", "'x y'", "'it''s'", "''''", "'x''''", "' '", "'x: #'",
    "\"\"", "\"x\"", "\"x \\\" y\"", "\"\\\\\"", "\"\\n\"", "\"\\e\\0\\/\\ \"", "'ä' ", "\"{{.A}}\"",
    "[]", "{}", "[ ]", "[x]", "[x, y]", "[ x , y ]", "[x,y]", "[x, [y, z]]", "{a: b}", "{ a: b, c: d }", "{a: [b], c: {d: e}}",
    "['x', \"y\"]", "['it''s', '''']", "{'a': b}", "{\"a\": \"\\\\\"}", "{\"a\":b}", "{\"a\":-1,'b':[c]}", "[~, null]", "[x y, z:w]",
    "[-x, x-]", "[x#, y#]", "[[[x]]]", "[ä, →]", "{a b: c d, e f: g}", "[ [ x ] , { a: b } ]",
    "|\n          x", "|-\n          x\n           y", "|+\n          x\n\n", "|  # c\n          x", "|\n\n          x\n         \n          y",
];
#[rustfmt::skip]
const ODD_VALUES: &[&str] = &[
    "{{.A}}", "x\u{a0}", "x:", ": x", "#", "- x", "? x", "&a x", "*a", "!t x", "@x", "%x", "`x`", "x\ty", "x\t", "\tx", "---", "...",
    ">", "]", "'x", "\"a\\", "\"\\x41\"", "'x' y", "'x'#", "\"x\":", "{\"a\"::b}", "{\"a\":#b}", "{a:b}", "{a: }", "{a}", "[a: b]",
    "[x,]", "[,]", "[-]", "[x -, y]", "[x, #y]", "[a:]", "[x", "[x] y", "[x]:", "{a: - b}", "{a: -}", "{- a: b}", "[x:[y]]", "[|]",
    "[x\u{a0}, y]", "{a: b\u{a0}}", "[-1, - x]", "[x : y]", "{a : b}", "[? x]", "|", "|-", "| ", "|#", "|2", "|-1", "|\n\n", "|-\n   ",
    "|\n      x\n       y", "|\n\tx", "|+\n  ", "|\n          x\n         y", "|\n           \n          x", "|\n          x\n  ",
];
#[rustfmt::skip]
const ENDS: &[&str] = &[
    "\n", "\n", "\n", "\n", "\n", "\n", "\n", "\n", "\n\n", " \n", " # c\n", "   # ä \u{a0}\n", "\n   \n", "\n# c\n",
    "\n   # c\n", "\n\n\n",
];

/// Lines as they stand in Taskfiles, or nearly, each indented about as the one before.
pub(super) fn lines() -> impl Strategy<Value = String> {
    let step = prop::sample::select(vec![0, 0, 0, 0, 2, 2, 2, 4, -2, -2, -4, -6, 1, -1]);
    let dashes = prop_oneof![
        20 => Just(""), 12 => Just("- "), 2 => Just("- - "), 2 => Just("-  "), 1 => Just("-"),
    ];
    let key = prop_oneof![40 => pieces(KEYS), 6 => Just(""), 1 => pieces(ODD_KEYS)];
    let value = prop_oneof![25 => pieces(VALUES), 15 => Just(""), 1 => pieces(ODD_VALUES)];
    let end = prop_oneof![40 => pieces(ENDS), 1 => Just(""), 1 => Just("#\n")];
    let line = (step, dashes, key, value, end);
    prop::collection::vec(line, 0..12).prop_map(|lines| {
        let (mut text, mut indent) = (String::new(), 0usize);
        for (step, dashes, key, value, end) in lines {
            text += &format!("{:indent$}{dashes}{key}{value}{end}", "");
            // What has a value has nothing below it, and what has a dash has its keys behind that.
            let step = if value.is_empty() || step < 0 { step } else { 0 };
            let behind = if key.is_empty() { 0 } else { dashes.len() as isize };
            indent = indent.saturating_add_signed(step + behind);
        }
        text
    })
}

/// Writes a document that is right, as choices tell it; the first ones of each are the plainest.
struct Writer<'c> {
    choices: std::slice::Iter<'c, u8>,
    text: String,
}

impl Writer<'_> {
    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[*self.choices.next().unwrap_or(&0) as usize % of.len()]
    }

    fn word(&mut self) -> &'static str {
        #[rustfmt::skip]
        let words = ["a", "b c", "'d'", "\"e\"", "ä", "f:g", "'h''i'", "\"j\\\"\"", "-k", "l#m", "~", "n  o", "''", "5"];
        self.one_of(&words)
    }

    fn flow(&mut self, levels: usize) -> String {
        let kind = if levels == 0 { 0 } else { self.one_of(&[0, 0, 1, 2]) };
        let space = if kind == 0 { "" } else { self.one_of(&["", " "]) };
        let count = if kind == 0 { 0 } else { self.one_of(&[1, 2, 0]) };
        let items = (0..count).map(|_| match kind {
            1 => self.flow(levels - 1),
            _ => format!("{}: {}", self.word(), self.flow(levels - 1)),
        });
        let items = items.collect::<Vec<_>>().join(", ");
        match kind {
            0 => self.word().into(),
            1 => format!("[{space}{items}{space}]"),
            _ => format!("{{{space}{items}{space}}}"),
        }
    }

    fn end_line(&mut self) {
        let end = self.one_of(&[
            "",
            "",
            "",
            "",
            "\n",
            " # c",
            "  ",
            "\n# c",
            "\n   # c ",
            "\n \n",
            "\n        # c",
        ]);
        self.text += end;
        self.text.push('\n');
    }

    fn literal(&mut self, indent: usize) {
        let piece = self.one_of(&["|", "|-", "|+", "| # c"]);
        self.text += piece;
        let deeper = indent + self.one_of(&[2, 1, 4]);
        for at in 0..self.one_of(&[1, 2, 4]) {
            let blank = ["\n", "\n  ", "\n       "];
            let between = if at == 0 {
                self.one_of(&["", "", "\n", "\n "])
            } else {
                self.one_of(&["", "", blank[0], blank[1], blank[2]])
            };
            self.text += between;
            let lines = ["x", "# z", "ä: b ", "- \tc", "\td", "  y", " \t"];
            let line = self.one_of(if at == 0 { &lines[..5] } else { &lines });
            self.text += &format!("\n{:deeper$}{line}", "");
        }
        let piece = self.one_of(&["\n", "\n", "\n\n", "\n \n\n", "\n             \n", "\n\n# c\n"]);
        self.text += piece;
    }

    /// What stands behind a key or dash in this column.
    fn value(&mut self, column: usize, levels: usize, is_key: bool) {
        let gap = self.one_of(&[" ", " ", "  "]);
        match self.one_of(&[0, 0, 1, 2, 3, 4, 5, 6, 7]) {
            1 => self.end_line(),
            2 => {
                self.text += gap;
                self.literal(column);
            }
            3 => {
                self.text += gap;
                let flow = self.flow(3);
                self.text += &flow;
                self.end_line();
            }
            kind @ 4..6 if levels > 0 => {
                let deeper = column
                    + self.one_of(if kind == 5 && is_key { &[2, 0, 1, 4] } else { &[2, 1, 4] });
                self.end_line();
                self.text += &" ".repeat(deeper);
                self.collection(deeper, levels - 1, kind == 4);
            }
            kind @ 6..8 if levels > 0 && !is_key => {
                self.text += gap;
                self.collection(column + 1 + gap.len(), levels - 1, kind == 6);
            }
            7 => {
                self.end_line();
                let word = self.word();
                self.text += &format!("{:1$}{word}", "", column + 1);
                self.end_line();
            }
            _ => {
                self.text += gap;
                let word = self.word();
                self.text += word;
                self.end_line();
            }
        }
    }

    /// A map or list in this column, where the text is.
    fn collection(&mut self, column: usize, levels: usize, is_map: bool) {
        for at in 0..self.one_of(&[1, 2, 3]) {
            if at > 0 {
                self.text += &" ".repeat(column);
            }
            match is_map {
                true => {
                    let key = self.word();
                    self.text += &format!("{key}:");
                }
                false => self.text.push('-'),
            }
            self.value(column, levels, is_map);
        }
    }
}

/// A document that is right, but for some pieces that stand anywhere.
pub(super) fn written(choices: &[u8], faults: &[(u16, u8, &str)]) -> String {
    let mut writer = Writer { choices: choices.iter(), text: String::new() };
    let column = writer.one_of(&[0, 0, 0, 2]);
    let is_map = writer.one_of(&[true, true, false]);
    writer.text += &" ".repeat(column);
    writer.collection(column, 4, is_map);
    let mut text = writer.text;
    for &(at, length, piece) in faults {
        let place = |at: usize| {
            (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
        };
        let start = place(at as usize % (text.len() + 1));
        let end = place(start + length as usize).max(start);
        text.replace_range(start..end, piece);
    }
    text
}

pub(super) fn faults() -> impl Strategy<Value = Vec<(u16, u8, &'static str)>> {
    let piece = pieces(&[
        "", "", "", " ", "  ", "\n", "\n  ", "\n    ", ":", ": ", "-", "- ", "#", " #", "'", "\"",
        "\\", "[", "]", "{", "}", ",", ", ", "|", "|\n", ">", "&a ", "*a", "!t ", "? ", "%", "@",
        "`", "\t", "\r\n", "---\n", "---", "...\n", "~", "ä", "\u{feff}", "\u{a0}", "\u{85}",
        "\u{2028}", "{{.A}}", "k: |\n", "x", "\n\n",
    ]);
    prop::collection::vec((any::<u16>(), 0..4u8, piece), 0..3)
}

/// Every second of some pieces of the text, which end anywhere.
pub(super) fn cut(text: &str, ends: &[u16]) -> Cut {
    let place = |&end: &u16| {
        (0..=end as usize % (text.len() + 1)).rev().find(|&at| text.is_char_boundary(at))
    };
    let mut ends: Vec<usize> = ends.iter().filter_map(place).collect();
    ends.sort_unstable();
    Cut::new(text, ends.chunks(2).map(|pair| pair[0]..*pair.last().unwrap_or(&0)))
}
