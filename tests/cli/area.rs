//! The lines at the bottom of a terminal: at every size, beside everything that tasks do to a terminal.

use std::process::Command;
use std::time::Instant;

use regex::Regex;

use crate::harness::Test;
use crate::live::LIMIT;
use crate::pty::{Terminal, lines};
use crate::tmux::{self, Tmux};

/// Tasks with wide names that write wide lines, and wait.
const WIDE: &str = "
    version: '3'
    tasks:
      all: {deps: [build, テスト, crab-🦀]}
      build: 'echo compiling the first of many modules, which takes a line that is longer than most; read x < go'
      テスト: 'echo 日本語の出力はとても長いので、端末の幅には収まらないかもしれません; read x < go'
      crab-🦀: 'printf \"🦀 done ✅\"; read x < go'
    ";

fn wide() -> Test {
    Test::new().taskfile(WIDE).fifo("go").args(["-s", "-j4", "all"])
}

/// Without times.
fn timeless(lines: &[String]) -> Vec<String> {
    let time = Regex::new(r"([ (])\s*(\d+m \d\ds|\d+s)").expect("a pattern");
    lines.iter().map(|line| time.replace_all(line, "${1}TIME").into_owned()).collect()
}

fn all_are_there(lines: &[String]) -> bool {
    ["build", "テスト", "crab"].iter().all(|name| lines.iter().any(|line| line.contains(name)))
}

#[test]
fn the_lines_fit_at_every_width() {
    for columns in [20, 40, 80, 160, 200] {
        let mut terminal = Terminal::sized(wide().env("NO_COLOR", "1"), columns, 24);
        let said = |lines: &[String]| {
            all_are_there(lines)
                && (columns < 40 || lines.iter().any(|line| line.contains("done ✅")))
        };
        let seen = terminal.see_screen(said);
        assert_eq!(seen.len(), 4, "{columns}: {seen:#?}");
        for line in &seen {
            assert!(par::term::columns(line) < usize::from(columns), "{columns}: {line}");
        }
        let seen = timeless(&seen);
        assert_eq!(seen[0], "par: 0/4 done, TIME");
        match columns {
            20 => assert!(seen[3].starts_with("  crab-🦀 TIME"), "{seen:#?}"),
            40 | 80 => {
                assert!(seen[1].contains("  compiling the") && seen[1].ends_with("…"), "{seen:#?}")
            }
            _ => assert!(
                seen[1].ends_with("which takes a line that is longer than most"),
                "{seen:#?}"
            ),
        }
        terminal.tell("go", 3);
        let (seen, status) = terminal.end_screen();
        assert_eq!(status, 0);
        assert!(!seen.iter().any(|line| line.contains("0/4")), "{columns}: {seen:#?}");
    }
}

#[test]
fn a_terminal_may_change_its_size_while_tasks_run() {
    let mut terminal = Terminal::sized(wide().env("NO_COLOR", "1"), 80, 24);
    terminal.see_screen(all_are_there);
    for (columns, height) in [(40, 24), (120, 24), (120, 3), (20, 24), (80, 24)] {
        terminal.resize(columns, height);
        let widest = usize::from(columns) - 1;
        let fits = |lines: &[String]| {
            let most = lines.iter().map(|line| par::term::columns(line)).max().unwrap_or(0);
            let is_used = columns > 80 || most == widest || columns == 20;
            !lines.is_empty() && all_are_there(lines) != (height == 3) && most <= widest && is_used
        };
        let seen = terminal.see_screen(fits);
        assert!(seen[0].contains("0/4 done") && seen.len() <= 4, "{columns}: {seen:#?}");
    }
    terminal.tell("go", 3);
    assert_eq!(terminal.end().1, 0);
}

#[test]
fn hundreds_of_tasks_are_bounded_by_the_height() {
    let names: Vec<String> = (1..=500).map(|number| format!("t{number}")).collect();
    let tasks: String = names.iter().map(|name| format!("  {name}: read x < go\n")).collect();
    let text = format!("version: '3'\ntasks:\n  all: {{deps: [{}]}}\n{tasks}", names.join(", "));
    let test = Test::new().taskfile(&text).fifo("go").args(["-s", "-j600", "all"]);
    let mut terminal = Terminal::sized(test.env("NO_COLOR", "1"), 60, 6);
    let seen = terminal.see_screen(|lines| lines.iter().any(|line| line.contains("497 more")));
    let seen = timeless(&seen);
    assert_eq!(seen.len(), 5, "{seen:#?}");
    assert_eq!((&*seen[0], &*seen[4]), ("par: 0/501 done, TIME", "  … and 497 more"));
    terminal.resize(60, 24);
    let seen = terminal.see_screen(|lines| lines.iter().any(|line| line.contains("494 more")));
    assert_eq!(seen.len(), 8, "{seen:#?}");
    terminal.tell("go", 500);
    let (shown, status) = terminal.end();
    assert_eq!((lines(&shown), status), (vec![], 0));
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_gets_plain_lines() {
    let test = Test::new()
        .taskfile("{version: '3', tasks: {all: {deps: [a, b]}, a: echo a, b: echo b}}")
        .env("TERM", "dumb")
        .args(["-j2", "all"]);
    let (shown, status) = Terminal::sized(test, 80, 24).end();
    assert!(!shown.contains('\x1b') && shown.contains("par: [a] echo a\r\na\r\n"), "{shown:?}");
    assert_eq!(status, 0);
}

#[test]
fn who_wants_no_colours_gets_none() {
    let codes = Regex::new("\x1b\\[[0-9;]*m").expect("a pattern");
    for (variable, is_coloured) in [("NO_COLOR", false), ("NOTHING", true)] {
        let mut terminal = Terminal::sized(wide().env(variable, "1"), 80, 24);
        terminal.see_screen(all_are_there);
        assert_eq!(terminal.first_cell(0).expect("a cell").bold(), is_coloured);
        terminal.tell("go", 3);
        let (shown, _) = terminal.end();
        assert_eq!(codes.is_match(&shown), is_coloured, "{shown:?}");
    }
}

#[test]
fn escapes_of_a_task_harm_neither_the_lines_nor_what_others_wrote() {
    let mut terminal = Terminal::sized(
        Test::new()
            .taskfile(
                r#"
                version: '3'
                tasks:
                  all: {deps: [good, evil, other]}
                  good: 'echo good; read x < go'
                  evil: "printf '\\033[9A\\033[2J\\033[?1049h\\033[3;7H\\033]0;x\\007\\033(0\\033[?25l\\033cevil\\n\\033[31mred\\033[1;2'; read x < go2"
                  other: 'echo other; read x < go3'
                "#,
            )
            .fifo("go")
            .fifo("go2")
            .fifo("go3")
            .env("NO_COLOR", "1")
            .args(["-s", "-j4", "all"]),
        60,
        24,
    );
    let three = |lines: &[String]| {
        ["good", "red", "other"].iter().all(|word| lines.iter().any(|line| line.ends_with(word)))
    };
    let seen = timeless(&terminal.see_screen(three));
    assert_eq!(seen.len(), 4, "{seen:#?}");
    terminal.tell("go", 1);
    terminal.see_screen(|lines| lines.iter().any(|line| line.contains("1/4 done")));
    terminal.tell("go2", 1);
    let seen = terminal.see_screen(|lines| lines.iter().any(|line| line.contains("2/4 done")));
    let wanted = ["good", "evil", "red", "par: 2/4 done, TIME", "  other TIME  other"];
    assert_eq!(timeless(&seen), wanted);
    terminal.tell("go3", 1);
    let (shown, status) = terminal.end();
    assert_eq!(
        (lines(&shown), status),
        (vec!["good", "evil", "red", "other"].into_iter().map(String::from).collect(), 0)
    );
    for sequence in ["\x1b[?1049h", "\x1b]0;", "\x1b[?25l", "\x1bc", "\x1b[2J"] {
        assert!(!shown.contains(sequence), "{sequence:?} in {shown:?}");
    }
}

#[test]
fn earlier_runs_say_how_long_it_will_take() {
    let test = Test::new()
        .taskfile("{version: '3', tasks: {all: {deps: [a, b]}, a: read x < go, b: read x < go}}")
        .file(".par/durations", "par durations 2\n7200000000\t\t\"a\"\n60000000\t\t\"b\"\n")
        .fifo("go")
        .env("NO_COLOR", "1")
        .args(["-s", "-j2", "all"]);
    let mut terminal = Terminal::sized(test, 80, 24);
    let two = |lines: &[String]| lines.len() == 3 && lines[0].contains("left");
    let seen = terminal.see_screen(two);
    let about =
        Regex::new(r"^par: 0/3 done, \d+s, about (1h 59m|2h 00m) left$").expect("a pattern");
    assert!(about.is_match(&seen[0]), "{seen:#?}");
    terminal.tell("go", 2);
    assert_eq!(terminal.end().1, 0);
}

#[test]
fn a_question_has_the_terminal_to_itself() {
    let test = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all: {deps: [other, asks]}
              other: 'read x < go'
              asks: {deps: [before], prompt: really?, cmds: [echo asked]}
              before: 'read x < go2'
            ",
        )
        .fifo("go")
        .fifo("go2")
        .env("NO_COLOR", "1")
        .args(["-s", "-j4", "all"]);
    let mut terminal = Terminal::sized(test, 80, 24);
    terminal.see_screen(|lines| lines.len() == 3);
    terminal.tell("go2", 1);
    let question = "really? [y/N]:";
    let seen = terminal.see_screen(|lines| lines.iter().any(|line| line.contains(question)));
    assert_eq!(seen, [question]);
    assert!(terminal.is_cooked());
    terminal.type_in("y\n");
    let seen = terminal.see_screen(|lines| lines.iter().any(|line| line.contains("2/4 done")));
    assert_eq!(
        timeless(&seen),
        ["really? [y/N]: y", "asked", "par: 2/4 done, TIME", "  other TIME"]
    );
    terminal.tell("go", 1);
    assert_eq!(terminal.end().1, 0);
}

#[test]
fn a_key_and_a_signal_tell_what_runs() {
    let mut terminal = Terminal::start(wide());
    for (number, ask) in ["key", "signal"].into_iter().enumerate() {
        terminal.see_screen(all_are_there);
        terminal.wait_until("listening", |terminal| !terminal.is_cooked());
        match ask {
            "key" => terminal.type_in("xt\n"),
            _ => terminal.signal(libc::SIGUSR1),
        }
        let told = |lines: &[String]| {
            lines.iter().filter(|line| line.starts_with("  build (")).count() > number
        };
        terminal.see_screen(told);
    }
    let seen = timeless(&terminal.see_screen(|lines| lines.len() == 12));
    let answer = ["par: 0/4 done, TIME", "  build (TIME)", "  テスト (TIME)", "  crab-🦀 (TIME)"];
    for told in [&seen[..4], &seen[4..8]] {
        assert!(
            answer.iter().all(|line| told.iter().any(|told| told.starts_with(line))),
            "{seen:#?}"
        );
    }
    terminal.tell("go", 3);
    terminal.wait_until("as it was", Terminal::is_cooked);
    assert_eq!(terminal.end().1, 0);
}

#[test]
fn without_a_terminal_the_signal_tells_what_runs_too() {
    let mut live = wide().stdout_has("").stderr_has("par: 0/4 done, ").start();
    let log = live.path(".par/runs");
    // Tasks have written: they run.
    let runs = || {
        let runs = std::fs::read_dir(&log).into_iter().flatten().flatten();
        let logs = runs.filter_map(|run| std::fs::read_dir(run.path().join("logs")).ok());
        logs.flatten().flatten().count() >= 3
    };
    let started = Instant::now();
    while !runs() {
        assert!(started.elapsed() < LIMIT, "nothing runs");
        std::thread::yield_now();
    }
    live.signal(libc::SIGUSR1);
    live.see_stderr("  build (");
    (0..3).for_each(|_| live.tell("go"));
    live.end();
}

#[test]
fn keys_are_those_of_a_task_that_has_the_terminal() {
    let test = Test::new()
        .taskfile(
            "
            version: '3'
            tasks:
              all: {deps: [other, reads]}
              other: 'read x < go'
              reads: {interactive: true, deps: [before], cmds: ['echo ready; read word; echo got $word']}
              before: 'read x < go2'
            ",
        )
        .fifo("go")
        .fifo("go2")
        .args(["-s", "-j4", "all"]);
    let mut terminal = Terminal::start(test);
    terminal.wait_until("listening", |terminal| !terminal.is_cooked());
    terminal.tell("go2", 1);
    terminal.see("ready");
    assert!(terminal.is_cooked());
    terminal.type_in("ttt\n");
    terminal.see("got ttt");
    terminal.wait_until("listening again", |terminal| !terminal.is_cooked());
    terminal.type_in("\x03");
    let (shown, status) = terminal.end();
    assert_eq!(status, 130, "{shown}");
    assert!(!shown.contains("reads ("), "{shown}");
}

/// A shell at a terminal, with the environment that the run of a test has.
fn in_shell(test: Test) -> Terminal {
    let mut shell = Command::new("bash");
    shell.args(["--norc", "--noediting", "-i"]);
    let own = test.command();
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.env("PS1", "").env("HISTFILE", "").env("TERM", "xterm").env("NO_COLOR", "1");
    shell.current_dir(test.path(""));
    Terminal::of(test, shell, 80, 24)
}

#[test]
fn a_stopped_run_gives_the_terminal_back_and_goes_on() {
    let mut terminal = in_shell(wide());
    terminal.type_in(&format!("{} -s -j4 all\n", env!("CARGO_BIN_EXE_par")));
    terminal.see_screen(|lines| {
        lines.iter().any(|line| line.contains("0/4 done")) && all_are_there(lines)
    });
    terminal.wait_until("listening", |terminal| !terminal.is_cooked());
    terminal.type_in("\x1a");
    terminal.see("Stopped");
    assert!(terminal.is_cooked());
    terminal.type_in("fg\n");
    terminal.wait_until("listening again", |terminal| !terminal.is_cooked());
    terminal.see_screen(|lines| {
        lines.iter().any(|line| line.contains("0/4 done")) && all_are_there(lines)
    });
    terminal.tell("go", 3);
    terminal.wait_until("as it was", Terminal::is_cooked);
    terminal.type_in("exit 7\n");
    assert_eq!(terminal.end().1, 7);
}

#[test]
fn tools_are_told_that_their_colours_are_seen() {
    let taskfile = "
        version: '3'
        tasks:
          all: {deps: [a, b, c]}
          a: 'echo a${FORCE_COLOR}${CLICOLOR_FORCE}'
          b: {env: {NO_COLOR: '1'}, cmds: ['echo b$FORCE_COLOR$CLICOLOR_FORCE']}
          c: {env: {FORCE_COLOR: '3'}, cmds: ['echo c$FORCE_COLOR$CLICOLOR_FORCE']}
        ";
    let test = || Test::new().taskfile(taskfile).args(["-s", "all"]);
    let sorted = |test: Test| {
        let (shown, status) = Terminal::sized(test, 80, 24).end();
        assert_eq!(status, 0, "{shown}");
        let mut lines = lines(&shown);
        lines.retain(|line| !line.starts_with("par:"));
        lines.sort();
        lines.join(" ")
    };
    assert_eq!(sorted(test()), "a11 b c3");
    assert_eq!(sorted(test().env("NO_COLOR", "1")), "a b c3");
    assert_eq!(sorted(test().called("task")), "a b c3");
    test().stdout_lines(&["a", "b", "c3"]).run();
}

#[test]
fn lines_that_a_terminal_breaks_anew_are_drawn_again_and_leave_next_to_nothing() {
    if !tmux::is_there() {
        return;
    }
    let test = wide();
    let tmux = Tmux { socket: test.path("socket") };
    let dir = test.path("").display().to_string();
    let command = format!(
        "seq 1 24; NO_COLOR=1 {} -s -j4 all; echo ended with $?; read x < go",
        env!("CARGO_BIN_EXE_par")
    );
    tmux.run(&["new-session", "-d", "-x", "90", "-y", "24", "-c", &dir, "bash", "-c", &command]);
    tmux.see(all_are_there);
    // What is on its way while the terminal changes may leave something: nobody can know which width it met.
    let left = |seen: &[String]| seen.len() - 28;
    let is_drawn = |seen: &[String], columns: usize| {
        let header = seen.len().saturating_sub(4);
        let width = |line: &String| par::term::columns(line);
        let most = seen.iter().skip(header + 1).map(width).max().unwrap_or(0);
        // The lines fit, and the first task's is as long as the terminal or its output lets it be.
        header >= 24
            && seen[23] == "24"
            && seen[header].contains("0/4 done")
            && most < columns
            && (columns < 24 || columns > 120 && most > 90 || most == columns - 1)
    };
    let resize = |columns: usize, lines: usize| {
        tmux.run(&["resize-window", "-x", &columns.to_string(), "-y", &lines.to_string()]);
    };
    // In a row, so that much is drawn at the very moment of a change; then all sizes that differ in kind.
    let in_a_row = [60, 30, 200, 20, 120, 45, 25, 180, 70, 33, 90, 21, 150, 50, 28];
    in_a_row.iter().for_each(|&columns| resize(columns, 24));
    let at_first = left(&tmux.see(|seen| is_drawn(seen, 28)));
    assert!(at_first <= 2 * in_a_row.len());
    let mut seen = Vec::new();
    for columns in [20, 200, 40, 160, 30, 80] {
        resize(columns, 24);
        seen = tmux.see(|seen| is_drawn(seen, columns));
        let header = if columns < 22 { "par: 0/4 done" } else { "par: 0/4 done, TIME" };
        assert!(timeless(&seen)[seen.len() - 4].starts_with(header), "{columns}: {seen:#?}");
    }
    assert!(left(&seen) <= at_first + 3, "half of the changes leave something: {seen:#?}");
    for lines in [10, 3, 24, 12] {
        resize(80, lines);
        let is_there = |seen: &[String]| {
            let drawn = if lines > 4 { 4 } else { lines - 1 };
            let header = seen.len().saturating_sub(drawn);
            let last = &seen[header..];
            header >= 24 && last[0].contains("0/4 done") && all_are_there(last) == (lines > 4)
        };
        seen = tmux.see(is_there);
    }
    assert!(left(&seen) <= at_first + 5, "half of the changes leave something: {seen:#?}");
    let before = left(&seen);
    let fifo = std::fs::File::options().read(true).write(true).open(test.path("go"));
    std::io::Write::write_all(&mut fifo.expect("a fifo"), b"\n\n\n").expect("room");
    let seen = tmux.see(|lines| lines.iter().any(|line| line == "ended with 0"));
    let drawn = seen.iter().filter(|line| line.contains("0/4")).count();
    assert!(drawn <= before, "{seen:#?}");
}

#[test]
fn a_terminal_that_hangs_up_ends_the_run_and_all_of_its_tasks() {
    for through_shell in [false, true] {
        let test = Test::new()
            .taskfile(
                "
                version: '3'
                tasks:
                  all: {deps: [a, b]}
                  a: read x < go
                  b: trap '' HUP INT TERM; read x < go
                ",
            )
            .fifo("go")
            .args(["-s", "-j2", "--grace", "100ms", "all"]);
        let mut terminal = match through_shell {
            false => Terminal::start(test),
            true => {
                let mut terminal = in_shell(test);
                let par = env!("CARGO_BIN_EXE_par");
                terminal.type_in(&format!("{par} -s -j2 --grace 100ms all\n"));
                terminal
            }
        };
        terminal.see_screen(|lines| lines.iter().any(|line| line.starts_with("  b ")));
        terminal.hang_up();
    }
}
